use super::*;
use crate::data::ThreadKey;
use crate::data::sample::{ProcessSample, ThreadFact};
use crate::data::scene::{Attribution, Capacity, Group};
use crate::data::{Pid, sample};

const MS: u64 = 1_000_000;

fn event(at_ms: u64, tid: u32, change: SchedulerChange) -> SchedulerEvent {
    SchedulerEvent { at_ns: at_ms * MS, pid: Pid(1), tid: Tid(tid), change }
}

const RUNS: SchedulerChange = SchedulerChange::Runs { cpu: 0 };

fn traced(until_ms: u64, events: &[SchedulerEvent]) -> Sample {
    let trace = TraceSample { began_ns: 1, until_ns: until_ms * MS, events: events.into(), ..TraceSample::default() };
    Sample { trace: Some(trace), ..Sample::default() }
}

/// Threads 1 and 2 are of group a, 3 of group b; two CPUs.
fn scene() -> Scene {
    let group = |origin: &str| Group {
        key: GroupKey { origin: origin.into(), library: None },
        label: origin.to_owned(),
        ..Group::default()
    };
    let thread = |tid, group| Thread {
        key: ThreadKey { tid: Tid(tid), start_ticks: 0 },
        pid: Pid(1),
        group,
        identity: Arc::default(),
        attribution: Arc::new(Attribution::default()),
        state: ThreadState::Sleeping,
        last_cpu: None,
        affinity: None,
        demand: None,
        slices_per_s: None,
    };
    Scene {
        groups: vec![group("a"), group("b")],
        threads: vec![thread(1, 0), thread(2, 0), thread(3, 1)].into(),
        capacity: Capacity { effective_cpus: 2.0, ..Capacity::default() },
        ..Scene::default()
    }
}

fn near(is: &[f64], should: &[f64]) {
    let close = is.len() == should.len() && is.iter().zip(should).all(|(a, b)| (a - b).abs() < 1e-4);
    assert!(close, "{is:?} is not {should:?}");
}

#[test]
fn time_goes_to_the_number_of_threads_that_could_run() {
    let events = [
        event(0, 1, RUNS),
        event(20, 2, RUNS),
        event(30, 1, SchedulerChange::Preempted),
        event(30, 3, RUNS),
        event(60, 1, SchedulerChange::Exits),
        event(70, 2, SchedulerChange::Blocks),
        event(90, 3, SchedulerChange::Blocks),
    ];
    let trace = TraceRates::default().next(&traced(100, &events), &scene()).unwrap();
    near(&trace.all.shares, &[0.1, 0.4, 0.2, 0.3]);
    let [a, b] = &trace.groups[..] else { panic!("{:?}", trace.groups) };
    near(&a.concurrency.shares, &[0.3, 0.3, 0.4]);
    near(&b.concurrency.shares, &[0.4, 0.6]);
    near(&[trace.all.running, trace.all.preempted], &[1.4, 0.3]);
    let [pair] = trace.together[..] else { panic!("{:?}", trace.together) };
    assert_eq!(pair.groups, (0, 1));
    near(&[pair.share, pair.crowded], &[0.4, 0.3]);
    assert_eq!((trace.exits, trace.births), (1, 0));
    near(&[trace.switches_per_s], &[30.0]);
}

#[test]
fn who_ran_when_the_trace_began_is_told_by_the_first_event_or_by_counters() {
    let thread = |tid, state, run_ms| ThreadFact {
        key: ThreadKey { tid: Tid(tid), start_ticks: 0 },
        counters: sample::Counters { run_ns: run_ms * MS, ..sample::Counters::default() },
        cpu_ticks: 0,
        state,
        last_cpu: None,
        affinity: None,
        identity: Arc::default(),
    };
    // Thread 2 was in state R when it was last read, and may sleep since; thread 3 runs on and on.
    let sample = |until_ms: u64, events: &[SchedulerEvent], ran_ms| {
        let threads = vec![
            thread(1, ThreadState::Sleeping, 0),
            thread(2, ThreadState::Running, 7),
            thread(3, ThreadState::Running, ran_ms),
        ];
        let mut sample = Sample { at_ns: until_ms * MS, ..traced(until_ms, events) };
        sample.processes.push(ProcessSample { threads: threads.into(), ..ProcessSample::default() });
        sample
    };
    let mut rates = TraceRates::default();
    let first = rates.next(&sample(100, &[event(40, 1, SchedulerChange::Blocks)], 500), &scene()).unwrap();
    near(&first.all.shares, &[0.6, 0.4]);
    let second = rates.next(&sample(200, &[], 600), &scene()).unwrap();
    near(&second.all.shares, &[0.3, 0.7]);
    let third = rates.next(&sample(300, &[event(250, 3, SchedulerChange::Blocks)], 650), &scene()).unwrap();
    near(&third.all.shares, &[0.11 / 0.3, 0.19 / 0.3]);
}

#[test]
fn nothing_is_concluded_where_records_were_lost() {
    let mut rates = TraceRates::default();
    rates.next(&traced(100, &[event(0, 1, RUNS)]), &scene());
    let mut lossy = traced(200, &[event(150, 2, RUNS)]);
    lossy.trace.as_mut().unwrap().lost = 5;
    let trace = rates.next(&lossy, &scene()).unwrap();
    assert_eq!(trace.lost, 5);
    near(&[trace.window_s], &[0.1]);
    let after = rates.next(&traced(300, &[event(250, 2, SchedulerChange::Blocks)]), &scene()).unwrap();
    near(&after.all.shares, &[0.25, 0.75]);
}

#[test]
fn what_a_thinned_recording_left_out_is_not_counted() {
    let mut rates = TraceRates::default();
    rates.next(&traced(100, &[event(50, 1, RUNS)]), &scene());
    let mut later = traced(1_000, &[event(950, 2, RUNS)]);
    later.trace.as_mut().unwrap().from_ns = 900 * MS;
    let trace = rates.next(&later, &scene()).unwrap();
    near(&[trace.window_s], &[0.2]);
    near(&trace.all.shares, &[0.5, 0.5]);
}

#[test]
fn threads_that_no_look_saw_are_told_by_who_made_them() {
    let mut events = vec![event(0, 3, RUNS)];
    for tid in 10..14 {
        let at = u64::from(tid);
        events.push(event(at, tid, SchedulerChange::Born { by: Tid(3) }));
        events.push(event(at, tid, RUNS));
        events.push(event(at + 1, tid, SchedulerChange::Exits));
    }
    let trace = TraceRates::default().next(&traced(100, &events), &scene()).unwrap();
    assert_eq!((trace.births, trace.exits), (4, 4));
    let [made] = &trace.short_lived[..] else { panic!("{:?}", trace.short_lived) };
    assert_eq!((made.made_by.as_str(), made.threads), ("b", 4));
    near(&[made.run_s], &[0.004]);
    let lane = trace.lanes.threads.iter().find(|lane| lane.tid == Tid(12)).unwrap();
    assert_eq!((lane.group, lane.name.as_str()), (None, "made by b"));
    assert_eq!(lane.times(0, 100 * MS), [MS, 0, 0]);
}

#[test]
fn lanes_keep_the_last_seconds_only() {
    let mut rates = TraceRates::default();
    let mut trace = Trace::default();
    for second in 1..=30 {
        let at = second * 1_000;
        let events = [event(at - 900, 1, RUNS), event(at - 500, 1, SchedulerChange::Blocks)];
        trace = rates.next(&traced(at, &events), &scene()).unwrap();
    }
    assert_eq!((trace.lanes.from_ns, trace.lanes.to_ns), (20_000 * MS, 30_000 * MS));
    let [lane] = &trace.lanes.threads[..] else { panic!("{:?}", trace.lanes) };
    assert!(lane.spans.len() <= 21, "{} spans", lane.spans.len());
    near(&[trace.all.running], &[0.4]);
    assert!(rates.next(&Sample::default(), &scene()).is_none());
}

#[test]
fn garbage_makes_no_panic_and_shares_of_one() {
    let mut seed = 7_u64;
    let mut next = |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let mut rates = TraceRates::default();
    for look in 1..50_u64 {
        let mut events: Vec<SchedulerEvent> = (0..next(200))
            .map(|_| {
                let change = match next(6) {
                    0 => SchedulerChange::Born { by: Tid(next(20) as u32) },
                    1 => SchedulerChange::Exits,
                    2 => SchedulerChange::Preempted,
                    3 => SchedulerChange::Blocks,
                    _ => RUNS,
                };
                event(next(look * 150), next(20) as u32, change)
            })
            .collect();
        if next(2) == 0 {
            events.sort_by_key(|event| event.at_ns);
        }
        let mut sample = traced(look * 100, &events);
        sample.trace.as_mut().unwrap().lost = u64::from(next(10) == 0);
        let trace = rates.next(&sample, &scene()).unwrap();
        let sum: f64 = trace.all.shares.iter().sum();
        assert!(trace.window_s == 0.0 || (sum - 1.0).abs() < 1e-6, "{sum}");
    }
}
