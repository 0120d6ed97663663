//! Scenes as TensorFlow 2.21 makes them on a machine with two CPUs: intra-op 3, inter-op 5, tf.data 6, NumPy's OpenBLAS 1.

#![allow(dead_code, reason = "each test file uses its part of this")]

use std::sync::Arc;

#[path = "kinds.rs"]
mod kinds;
#[path = "verdicts.rs"]
pub mod verdicts;

use kinds::{BLAS, DATA, INTER, INTRA, MAIN, PYTHON, group, wave};
use tftop::data::limits::{CapKind, Caps};
use tftop::data::sample::{
    Cost, CounterSource, Identity, KernelStack, LaunchFact, OverruledSetting, ShimReport, ShimUse, StepSource, Syscall,
    SyscallState, ThreadDetail, ThreadState,
};
use tftop::data::scene::{
    Attribution, CapCheck, Capacity, CheckOutcome, CheckedCap, Confidence, Cpu, Demand, EpochNow, LaunchState,
    MarkCount, ProcessState, Scene, Speed, Steps, TargetState, TensorFlow, Term, TermKind, Thread, Trend,
};
use tftop::data::{Gap, Pid, Text, ThreadKey, Tid};
use tftop::model::activity::waits;

/// The target's pid.
pub const PID: Pid = Pid(2430);

/// Before the first sample.
pub fn nothing() -> Scene {
    Scene::default()
}

/// One sample: names are known, numbers are not.
pub fn first() -> Scene {
    let mut scene = training(1);
    scene.window_s = 0.0;
    scene.demand = None;
    scene.trend = Trend { step_s: 1.0, ..Trend::default() };
    scene.details.clear();
    waits::fill(&mut scene);
    for group in &mut scene.groups {
        (group.demand, group.awake) = (None, None);
        group.history.clear();
    }
    for thread in scene.threads.iter_mut() {
        (thread.demand, thread.slices_per_s) = (None, None);
    }
    for process in &mut scene.target.processes {
        process.demand = None;
    }
    scene
}

/// A training run after so many ticks: too many threads for two CPUs.
pub fn training(tick: u64) -> Scene {
    let mut threads = Vec::new();
    let groups = vec![
        group(&mut threads, tick, &INTRA),
        group(&mut threads, tick, &INTER),
        group(&mut threads, tick, &DATA),
        group(&mut threads, tick, &MAIN),
        group(&mut threads, tick, &BLAS),
        group(&mut threads, tick, &PYTHON),
    ];
    let wanted: Vec<f32> = (0..tick.min(300)).map(|age| wave(age, 4.42)).collect();
    let got = wanted.iter().map(|wanted| wanted.min(1.9)).collect();
    let details = threads.iter().map(|thread| (thread.key, detail(thread))).collect();
    let mut scene = Scene {
        tick,
        at_ns: tick * 1_000_000_000,
        interval_s: 1.0,
        window_s: 2.0,
        target: target(),
        capacity: capacity(),
        demand: Some(Demand::new(1.91, 2.69)),
        source: CounterSource::Schedstat,
        groups,
        threads: threads.into(),
        cpus: vec![
            Cpu { cpu: 0, allowed: true, ours: 0.94, others: 0.05 },
            Cpu { cpu: 1, allowed: true, ours: 0.61, others: 0.24 },
        ],
        trend: Trend { step_s: 1.0, wanted, got },
        cost: Cost { cpu_ns: 287_000, wall_ns: 410_000, bytes_read: 4_096 },
        headline: if tick < 10 { verdicts::too_soon(tick as f64) } else { verdicts::oversubscribed() },
        judgements: if tick < 10 { verdicts::open_causes() } else { verdicts::causes() },
        details,
        ..Scene::default()
    };
    waits::fill(&mut scene);
    scene
}

/// What a thread is found doing: one thread of tf.data reads a file, the script sleeps, the others run or wait in a futex.
fn detail(thread: &Thread) -> ThreadDetail {
    let call = |number, name: &str, file: Option<&str>| {
        let arguments = [5, 0, 0, 0, 0, 0];
        Some(SyscallState::Inside(Syscall { number, name: Some(name.into()), arguments, file: file.map(Text::from) }))
    };
    let call = match (&*thread.attribution.group.origin, thread.state, thread.key.tid.0) {
        (_, ThreadState::Running, _) => Some(SyscallState::Running),
        ("tf-data", _, 2442) => call(17, "pread64", Some("/data/cifar/train-00017-of-00100.tfrecord")),
        ("python", ..) => call(230, "clock_nanosleep", None),
        _ => call(202, "futex", None),
    };
    ThreadDetail { call, ..ThreadDetail::default() }
}

/// A target with three processes, the last of which is gone.
pub fn with_workers(tick: u64) -> Scene {
    let mut scene = training(tick);
    let worker = |pid: u32, parent: u32, ended| ProcessState {
        rank: None,
        cpus_allowed: None,
        pid: Pid(pid),
        parent: Pid(parent),
        command: "python -c from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)".into(),
        ended,
        threads: if ended { 0 } else { 4 },
        demand: (!ended).then(|| Demand::new(0.12, 0.05)),
    };
    scene.target.processes.extend([worker(2510, 2430, false), worker(2533, 2510, false), worker(2534, 2510, true)]);
    scene
}

/// The same run as tftop started it: three caps hold, one does not, one can't be told; epoch 3 of 30.
pub fn launched(tick: u64) -> Scene {
    let mut scene = training(tick);
    let check = |cap: &'static str, value: &str, outcome, says: &str| CapCheck {
        cap: CheckedCap::named(cap).unwrap(),
        value: value.into(),
        outcome,
        message: says.into(),
    };
    let text = |text: &str| Text::from(text);
    let overruled = |what: &str, asked: &str, got: &str, at: &str| OverruledSetting {
        what: text(what),
        asked: text(asked),
        got: text(got),
        at: Some(text(at)),
    };
    let speed = Speed {
        source: StepSource::Keras,
        pid: 2430,
        at: Some("/home/ana/train.py:48".into()),
        name: None,
        per_s: Some(24.31),
        p50_ms: 41.2,
        p95_ms: Some(58.1),
        marks: 243,
        covers_s: 10.0,
        total: 1234,
        count: MarkCount::Exact,
        silent_s: None,
        epoch: Some(EpochNow { number: 3, of: Some(30), done: Some(0.62) }),
        processes: 1,
    };
    // Steps are fewer where more is wanted.
    let history = scene.trend.wanted.iter().map(|&wanted| Some(60.0 / (1.0 + wanted.max(2.0) / 2.0))).collect();
    scene.launch = Some(LaunchState {
        fact: Arc::new(LaunchFact {
            caps: Caps::of([(CapKind::Intra, 3), (CapKind::Inter, 5), (CapKind::Data, 3), (CapKind::Blas, 1)]),
            cpus: "0-1".parse().ok(),
            shim: ShimUse::Enforce,
            ..LaunchFact::default()
        }),
        report: Arc::new(ShimReport {
            processes: [2430].into(),
            overruled: vec![
                overruled("intra", "8", "3", "train.py:3"),
                overruled("data.num_parallel_calls", "AUTOTUNE", "3", "input.py:12"),
            ],
            ..ShimReport::default()
        }),
        checks: vec![
            check("intra", "3", CheckOutcome::Held, "at most 3 threads"),
            check("inter", "5", CheckOutcome::Held, "at most 5 threads"),
            check(
                "data",
                "3",
                CheckOutcome::Unverified,
                "6 threads of process 2430 were made within 10 ms: one pool, or 2 of 3",
            ),
            check("blas", "1", CheckOutcome::Exceeded, "1 thread of OpenBLAS numpy in process 2430"),
            check("cpus", "0-1", CheckOutcome::Held, "no thread may run elsewhere"),
        ],
        steps: Steps { speed: Some(speed), none: None, history, loops: Vec::new() },
        replaced: None,
    });
    let steps = scene.launch.as_mut().map(|launch| &mut launch.steps.history);
    if let Some([.., pause, newest]) = steps.map(Vec::as_mut_slice) {
        (*pause, *newest) = (Some(0.0), None);
    }
    scene
}

/// The same run with limits that fit its CPUs.
pub fn healthy(tick: u64) -> Scene {
    let mut scene = calm(tick, Demand::new(1.71, 0.06));
    scene.headline = verdicts::healthy();
    scene
}

/// A run that fits, on a machine whose other processes take its CPUs.
pub fn starved(tick: u64) -> Scene {
    let mut scene = calm(tick, Demand::new(0.82, 0.95));
    scene.headline = verdicts::starved();
    scene.judgements[17].answer = verdicts::neighbours();
    for cpu in &mut scene.cpus {
        (cpu.ours, cpu.others) = (0.41, 0.57);
    }
    scene
}

fn calm(tick: u64, demand: Demand) -> Scene {
    let mut scene = training(tick);
    scene.demand = Some(demand);
    scene.judgements = verdicts::clear_causes();
    let share = demand.got / demand.wanted;
    for group in &mut scene.groups {
        let wanted = group.demand.map_or(0.0, |it| it.wanted) * demand.wanted / 4.6;
        group.demand = Some(Demand::new(wanted * share, wanted * (1.0 - share)));
        group.limits.exceeded_by = 0;
        for value in &mut group.history {
            *value *= (demand.wanted / 4.6) as f32;
        }
    }
    for value in &mut scene.trend.wanted {
        *value *= (demand.wanted / 4.42) as f32;
    }
    scene.trend.got = scene.trend.wanted.iter().map(|wanted| wanted * share as f32).collect();
    scene
}

/// A target whose memory may not be read: origins are guesses, and it says why.
pub fn degraded(tick: u64) -> Scene {
    let mut scene = training(tick);
    scene.headline = verdicts::hidden();
    scene.judgements = verdicts::hidden_causes();
    for group in &mut scene.groups {
        group.limits = verdicts::unread(&group.limits);
    }
    scene.gaps = vec![
        Gap::new(
            "TensorFlow's thread names",
            "/proc/2430/mem may not be read: kernel.yama.ptrace_scope is 1 and tftop is not its parent. Run tftop with \
             sudo, or: sudo setcap cap_sys_ptrace+ep tftop",
        ),
        Gap::new("cgroup quota", "/sys/fs/cgroup is not mounted here"),
    ];
    for thread in scene.threads.iter_mut() {
        let identity = Identity {
            entry: None,
            target_name: None,
            missing: Some("memory may not be read (Yama)".into()),
            ..(*thread.identity).clone()
        };
        thread.identity = Arc::new(identity);
        let because = format!("kernel name {}, which may be inherited", thread.identity.comm);
        let attribution = Attribution { because, confidence: Confidence::Guess, ..(*thread.attribution).clone() };
        thread.attribution = Arc::new(attribution);
    }
    let why =
        Text::from("Yama allows only parent processes to read it (kernel.yama.ptrace_scope = 1); run tftop with sudo");
    for (_, detail) in &mut scene.details {
        if detail.call != Some(SyscallState::Running) {
            detail.wait_channel = Some("futex_wait_queue".into());
        }
        detail.call = Some(SyscallState::Refused(why.clone()));
    }
    waits::fill(&mut scene);
    scene
}

/// Details of these threads, as the sample after a wish holds them.
pub fn detailed(mut scene: Scene, keys: &[ThreadKey]) -> Scene {
    let detail = ThreadDetail {
        voluntary_switches: Some(18_231),
        involuntary_switches: Some(977),
        wait_channel: Some("futex_wait_queue".into()),
        kernel_stack: Some(KernelStack::Frames(vec!["futex_wait_queue".into(), "__x64_sys_futex".into()])),
        ..ThreadDetail::default()
    };
    for (key, old) in &mut scene.details {
        if keys.contains(key) {
            *old = match &old.call {
                Some(SyscallState::Running) => {
                    ThreadDetail { wait_channel: None, kernel_stack: None, call: old.call.clone(), ..detail.clone() }
                }
                call => ThreadDetail { call: call.clone(), ..detail.clone() },
            };
        }
    }
    waits::fill(&mut scene);
    scene
}

/// A thread's key in these scenes.
pub fn key(tid: u32) -> ThreadKey {
    ThreadKey { tid: Tid(tid), start_ticks: 1_000 + u64::from(tid) }
}

/// So many threads in one group, each with a name of its own.
pub fn crowd(count: u32) -> Scene {
    let mut scene = training(9);
    scene.threads = (0..count)
        .map(|at| {
            let mut thread = scene.threads[0].clone();
            thread.key = key(10_000 + at);
            thread.demand = Some(Demand::new(f64::from(at % 97) / 97.0, 0.0));
            thread
        })
        .collect();
    scene.groups[0].threads = count;
    scene
}

fn target() -> TargetState {
    TargetState {
        pid: PID,
        command: "python train.py --epochs 30 --batch 128".into(),
        user: Some("ana".into()),
        tensorflow: Some(TensorFlow { version: Some("2.21.0".into()), guessed: false }),
        python: Some("3.11".into()),
        started_unix_s: 1_790_000_000,
        uptime_s: 192.0,
        processes: vec![ProcessState {
            rank: None,
            cpus_allowed: None,
            pid: PID,
            parent: Pid(812),
            command: "python train.py --epochs 30 --batch 128".into(),
            ended: false,
            threads: 17,
            demand: Some(Demand::new(1.91, 2.69)),
        }],
        ..TargetState::default()
    }
}

fn capacity() -> Capacity {
    let term = |kind, cpus, set: Option<&str>| Term {
        kind,
        cpus,
        set: set.map(|set| set.parse().unwrap()),
        place: None,
        throttled_share: None,
    };
    Capacity {
        effective_cpus: 2.0,
        terms: vec![term(TermKind::Affinity, 2.0, Some("0-1")), term(TermKind::Online, 2.0, Some("0-1"))],
        binding: Some(0),
        declared: Vec::new(),
    }
}

/// A machine with many CPUs where a cgroup's quota binds and throttles.
pub fn with_quota(tick: u64) -> Scene {
    let mut scene = training(tick);
    scene.capacity.terms = vec![
        Term { kind: TermKind::Affinity, cpus: 64.0, set: "0-63".parse().ok(), place: None, throttled_share: None },
        Term {
            kind: TermKind::Quota,
            cpus: 2.0,
            set: None,
            place: Some("/docker/4f1c0a7e55d1".into()),
            throttled_share: Some(0.31),
        },
        Term { kind: TermKind::Online, cpus: 64.0, set: "0-63".parse().ok(), place: None, throttled_share: None },
    ];
    scene.capacity.binding = Some(1);
    scene.headline = verdicts::throttled();
    scene.judgements = verdicts::throttled_causes();
    scene.cpus = (0..64)
        .map(|cpu| Cpu {
            cpu,
            allowed: true,
            ours: if cpu % 9 == 0 { 0.3 } else { 0.0 },
            others: 0.02 * f64::from(cpu % 20),
        })
        .collect();
    scene
}
