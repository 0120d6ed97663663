//! Samples no kernel would write: the model may call them what it likes, but it never panics, its totals never fall and
//! its sums are right.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use tftop::data::sample::{
    AccountingSource, CgroupFact, CgroupVersion, ClockReading, Cost, CounterSource, Counters, CpuTime, ExitRecords,
    HostFact, Identity, NameSource, ProcessFact, ProcessSample, Quota, Sample, StartRoutine, StdThreadOwner,
    TargetName, ThreadAccounting, ThreadFact, ThreadState, Throttle,
};
use tftop::data::scene::{Demand, Scene};
use tftop::data::{CpuSet, Pid, ProcessKey, ThreadKey, Tid};
use tftop::model::build_scene::Model;
use tftop::model::origin::families::Families;

/// Mostly small, sometimes the worst.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..50u64, 4 => 0..20_000_000_000u64, 1 => any::<u64>(), 1 => Just(u64::MAX)]
}

fn cpus() -> impl Strategy<Value = Option<CpuSet>> {
    proptest::option::of(proptest::collection::vec(0..70u32, 0..4).prop_map(|cpus| cpus.into_iter().collect()))
}

fn identity() -> impl Strategy<Value = Arc<Identity>> {
    let word = || select(vec!["", "python", "tf_Compute", "tf_numa_-1_Eigen", "/", "/a/libgomp.so", "\u{1b}[2J", "é"]);
    let maybe = || proptest::option::of(word());
    let source = select(vec![NameSource::TensorFlow, NameSource::TensorFlowByShape, NameSource::Python]);
    (word(), any::<bool>(), maybe(), maybe(), maybe(), maybe(), source).prop_map(
        |(comm, main, library, symbol, owner, name, source)| {
            Arc::new(Identity {
                comm: comm.into(),
                main,
                entry: library.or(symbol).or(owner).map(|_| StartRoutine {
                    library: library.map(|path| Arc::new(path.into())),
                    symbol: symbol.map(Into::into),
                    owner: owner.map(|path| StdThreadOwner { library: Arc::new(path.into()), symbol: None }),
                    ..StartRoutine::default()
                }),
                target_name: name.map(|name| TargetName { name: name.into(), source }),
                missing: None,
            })
        },
    )
}

fn thread() -> impl Strategy<Value = ThreadFact> {
    let state = any::<u8>().prop_map(ThreadState::from_letter);
    let counters = (number(), number(), number());
    let place = (proptest::option::of(any::<u32>()), cpus());
    (0..12u32, 0..3u64, counters, number(), state, place, identity()).prop_map(
        |(tid, start_ticks, (run_ns, wait_ns, slices), cpu_ticks, state, (last_cpu, affinity), identity)| ThreadFact {
            key: ThreadKey { tid: Tid(tid), start_ticks },
            counters: Counters { run_ns, wait_ns, slices },
            cpu_ticks,
            state,
            last_cpu,
            affinity: affinity.map(Arc::new),
            identity,
        },
    )
}

fn counters() -> impl Strategy<Value = Counters> {
    (number(), number(), number()).prop_map(|(run_ns, wait_ns, slices)| Counters { run_ns, wait_ns, slices })
}

fn process() -> impl Strategy<Value = ProcessSample> {
    let quota = (number(), number()).prop_map(|(quota_us, period_us)| CgroupFact {
        path: "/a".into(),
        version: CgroupVersion::V2,
        quota: Quota { quota_us, period_us },
    });
    let throttle =
        proptest::option::of((number(), number(), number()).prop_map(|(periods, throttled_periods, throttled_ns)| {
            Throttle { periods, throttled_periods, throttled_ns }
        }));
    let lists = (
        proptest::collection::vec(thread(), 0..8),
        proptest::collection::vec(quota, 0..3),
        proptest::collection::vec(throttle, 0..3),
    );
    let clock = proptest::option::of(
        (number(), 0..9u32, number()).prop_map(|(cpu_ns, unread_threads, unread_ns)| ClockReading {
            cpu_ns,
            unread_threads,
            unread_ns,
        }),
    );
    let exits = (number(), counters(), proptest::collection::vec((0..6u32, counters()), 0..4));
    (0..4u32, 0..2u64, proptest::bool::weighted(0.2), (number(), clock, exits), lists, cpus(), cpus()).prop_map(
        |(pid, start_ticks, ended, (cpu_ticks, clock, exits), (threads, cgroups, throttle), cpus_allowed, cpuset)| {
            ProcessSample {
                fact: Arc::new(ProcessFact {
                    key: ProcessKey { pid: Pid(pid), start_ticks },
                    cpus_allowed,
                    cpuset,
                    cgroups,
                    ..ProcessFact::default()
                }),
                ended,
                cpu_ticks,
                clock,
                threads: threads.into(),
                exits: ExitRecords { threads: exits.0, counters: exits.1 },
                ended_threads: exits
                    .2
                    .into_iter()
                    .map(|(tid, counters)| (ThreadKey { tid: Tid(tid), start_ticks }, counters))
                    .collect(),
                throttle,
            }
        },
    )
}

fn sample() -> impl Strategy<Value = Sample> {
    let cpu = (0..70u32, number(), number(), number()).prop_map(|(cpu, busy_ticks, idle_ticks, steal_ticks)| CpuTime {
        cpu,
        busy_ticks,
        idle_ticks,
        steal_ticks,
    });
    let lists = (proptest::collection::vec(process(), 0..4), proptest::collection::vec(cpu, 0..4));
    (number(), number(), number(), lists, cpus(), number()).prop_map(
        |(at_ns, interval_ns, ticks_per_second, (processes, cpus), online, wall_ns)| Sample {
            at_ns,
            interval_ns,
            host: Arc::new(HostFact {
                online: online.unwrap_or_default(),
                ticks_per_second,
                boot_unix_s: u64::MAX,
                ..HostFact::default()
            }),
            cpus,
            processes,
            accounting: ThreadAccounting {
                source: if at_ns % 5 == 0 { AccountingSource::ProcessClock } else { AccountingSource::ExitRecords },
                lost_records: interval_ns % 2,
                ..ThreadAccounting::default()
            },
            cost: Cost { wall_ns, ..Cost::default() },
            ..Sample::default()
        },
    )
}

fn adds_up(demand: Option<Demand>) {
    if let Some(Demand { got, waiting, wanted, wait_share }) = demand {
        assert!(got >= 0.0 && waiting >= 0.0 && wanted.is_finite(), "{demand:?}");
        assert!((got + waiting - wanted).abs() <= wanted * 1e-9, "{demand:?}");
        assert!(wait_share.is_none_or(|share| (0.0..=1.0).contains(&share)), "{demand:?}");
    }
}

fn holds(scene: &Scene, totals: &mut HashMap<String, f64>) {
    adds_up(scene.demand);
    scene.threads.iter().for_each(|thread| adds_up(thread.demand));
    scene.target.processes.iter().for_each(|process| adds_up(process.demand));
    for group in &scene.groups {
        adds_up(group.demand);
        let total = totals.entry(format!("{:?}", group.key)).or_default();
        assert!(group.total_run_s >= *total, "{} fell from {total} to {}", group.label, group.total_run_s);
        *total = group.total_run_s;
    }
    let order: Vec<_> = scene.threads.iter().map(|thread| (thread.group, thread.key)).collect();
    assert!(order.is_sorted(), "{order:?}");
    for (index, group) in scene.groups.iter().enumerate() {
        let threads = scene.threads.iter().filter(|thread| thread.group == index);
        assert!(threads.clone().all(|thread| thread.attribution.group == group.key), "{}", group.label);
        assert_eq!(threads.count(), group.threads as usize, "{}", group.label);
    }
    let capacity = &scene.capacity;
    assert!(capacity.terms.iter().all(|term| capacity.effective_cpus <= term.cpus), "{capacity:?}");
    assert_eq!(capacity.binding.is_none(), capacity.terms.is_empty());
    assert!(scene.cpus.iter().all(|cpu| cpu.ours >= 0.0 && cpu.others >= 0.0 && cpu.ours + cpu.others <= 1.0 + 1e-9));
}

proptest! {
    #[test]
    fn any_samples_make_scenes_whose_sums_are_right(
        mut samples in proptest::collection::vec(sample(), 1..8),
        stat_only in any::<bool>(),
    ) {
        let mut model = Model::new(Families::builtin());
        let mut totals = HashMap::new();
        for (tick, mut sample) in samples.drain(..).enumerate() {
            sample.source = if stat_only { CounterSource::StatTicks } else { CounterSource::Schedstat };
            let scene = model.next(Arc::new(sample));
            assert_eq!(scene.tick, tick as u64 + 1);
            holds(&scene, &mut totals);
        }
    }
}
