//! The scene of the byte-exact reports, and its parts.

use std::sync::Arc;

use tftop::data::limits::{AppliesTo, CapKind, Caps, Grade, Knob, Limit, LimitSource, Limits, ProcessLimit};
use tftop::data::sample::{Cost, Identity, NameSource, StepSource, TargetName, ThreadState};
use tftop::data::scene::{
    Answer, Attribution, Capacity, Confidence, Demand, Evidence, Finding, GpuState, Group, GroupKey, Headline,
    LaunchState, Level, LoopSteps, OwnGpuUse, Phrase, Pressure, ProcessState, Remedy, RuleAnswer, STEP_BINS, Scene,
    Steps, TargetState, TensorFlow, Term, TermKind, Thread, Verdict, WaitCount, Waits,
};
use tftop::data::{Gap, Pid, Text, ThreadKey, Tid};

pub fn term(kind: TermKind, cpus: f64) -> Term {
    Term { kind, cpus, set: None, place: None, throttled_share: None }
}

pub fn capacity() -> Capacity {
    let affinity = Term { set: Some("0-3".parse().unwrap()), ..term(TermKind::Affinity, 4.0) };
    let quota = Term { place: Some(Text::from("/job")), throttled_share: Some(0.25), ..term(TermKind::Quota, 2.0) };
    let online = Term { set: Some("0-63".parse().unwrap()), ..term(TermKind::Online, 64.0) };
    Capacity { effective_cpus: 2.0, terms: vec![affinity, quota, online], binding: Some(1), declared: Vec::new() }
}

pub fn group(origin: &str, library: Option<&str>, label: &str, threads: u32, demand: Demand) -> Group {
    Group {
        key: GroupKey { origin: origin.into(), library: library.map(Into::into) },
        label: label.to_owned(),
        threads,
        awake: Some(f64::from(threads) / 2.0),
        demand: Some(demand),
        total_run_s: demand.got * 5.0,
        total_wait_s: demand.waiting * 5.0,
        ..Group::default()
    }
}

pub fn thread(tid: u32, group: usize, key: &GroupKey, name: Option<&str>, confidence: Confidence) -> Thread {
    let target_name = name.map(|name| TargetName { name: name.into(), source: NameSource::TensorFlow });
    let because = match name {
        Some(name) => format!("TensorFlow's own name {name}"),
        None => "only the kernel's name".to_owned(),
    };
    Thread {
        key: ThreadKey { tid: Tid(tid), start_ticks: 7 },
        pid: Pid(2430),
        group,
        identity: Arc::new(Identity { comm: "python".into(), target_name, ..Identity::default() }),
        attribution: Arc::new(Attribution { group: key.clone(), because, confidence, ..Attribution::default() }),
        state: ThreadState::Running,
        last_cpu: Some(1),
        affinity: Some(Arc::new("0-3".parse().unwrap())),
        demand: Some(Demand::new(0.65, 0.65)),
        slices_per_s: None,
    }
}

pub fn target() -> TargetState {
    TargetState {
        pid: Pid(2430),
        command: "python train.py".to_owned(),
        user: Some("ana".into()),
        tensorflow: Some(TensorFlow { version: Some("2.21.0".into()), guessed: false }),
        python: Some("3.11".into()),
        started_unix_s: 1_795_191_549,
        uptime_s: 192.4,
        processes: vec![ProcessState {
            rank: None,
            cpus_allowed: None,
            pid: Pid(2430),
            parent: Pid(1),
            command: "python train.py".to_owned(),
            threads: 3,
            demand: Some(Demand::new(1.9, 2.7)),
            ended: false,
        }],
        ..TargetState::default()
    }
}

pub fn limit(value: u32, source: LimitSource, place: &str, overruled: Option<&str>, grade: Grade) -> Limit {
    Limit {
        value,
        source,
        place: place.to_owned(),
        applies_to: AppliesTo::Pool,
        overruled: overruled.map(str::to_owned),
        grade,
    }
}

pub fn intra_limits() -> Limits {
    let by_config = Some("overruled by tf.config");
    Limits {
        all: vec![
            limit(1, LimitSource::TfConfig, "its context in memory", None, Grade::Measured),
            limit(
                3,
                LimitSource::Variable("TF_NUM_INTRAOP_THREADS"),
                "environment at start",
                by_config,
                Grade::Inferred,
            ),
        ],
        effective: Some(0),
        knob: Knob::Setting("tf.config or TF_NUM_INTRAOP_THREADS, before TensorFlow starts".into()),
        exceeded_by: 1,
        processes: vec![ProcessLimit {
            pid: Pid(2430),
            threads: 2,
            limit: Some(limit(1, LimitSource::TfConfig, "its context in memory", None, Grade::Measured)),
            exceeded_by: 1,
        }],
    }
}

pub fn headline() -> Headline {
    Headline {
        condition: Verdict::Oversubscribed,
        message: "4.6 threads want 2.0 CPUs: TF intra-op 2.6 of them, limit 1 (tf.config)".to_owned(),
        advice: "intra=1 would fit.".to_owned(),
        caps: Caps::of([(CapKind::Intra, 1)]),
        effect: None,
        in_program: Vec::new(),
        judged_s: 10.0,
        pressure: Some(Pressure {
            saturation: 2.3,
            wait_share: 0.587,
            wait_ms_per_slice: 8.0,
            self_excess: 2.6,
            external: 0.1,
            throttled_share: Some(0.25),
        }),
    }
}

pub fn judgements() -> Vec<RuleAnswer> {
    let finding = Finding {
        level: Level::Notice,
        grade: Grade::Measured,
        message: "tf.config says intra = 1, but the pool has 2 threads".to_owned(),
        evidence: vec![Evidence::new("tf.config intra", "1 threads"), Evidence::new("threads of the pool", "2")],
        remedy: Remedy {
            text: "set it before the first op".to_owned(),
            export: Some("export TF_NUM_INTRAOP_THREADS=1".to_owned()),
            python: Some("tf.config.threading.set_intra_op_parallelism_threads(1)".to_owned()),
            caps: Caps::of([(CapKind::Intra, 1)]),
        },
    };
    let judgement = |code, asks, verdict| RuleAnswer { code, question: asks, answer: verdict };
    let (leak, spinning) = ("60 s of watching, has 5".to_owned(), "1 thread always runs: only stacks tell".to_owned());
    vec![
        judgement("throttled", "Does a quota take CPUs away?", Answer::Clear { because: "no quota".to_owned() }),
        judgement("late-setting", "Was a setting made too late?", Answer::Found(Box::new(finding))),
        judgement("spinning", "Do threads spin?", Answer::CantTell { because: spinning }),
        judgement("thread-leak", "Do threads keep growing?", Answer::TooSoon { needs: leak }),
    ]
}

pub fn waits() -> Waits {
    let words = |one: &str, many: &str| Phrase { one: one.to_owned(), many: many.to_owned(), short: String::new() };
    let for_work = words("waits for work (futex)", "wait for work (futex)");
    Waits {
        sampled: 2,
        of: 2,
        counts: vec![
            WaitCount {
                threads: 1,
                phrase: words("reads train.tfrecord", "read train.tfrecord"),
                grade: Grade::Measured,
            },
            WaitCount { threads: 1, phrase: for_work, grade: Grade::Inferred },
        ],
        unknown: 0,
        refused: None,
    }
}

pub fn gpus() -> Vec<GpuState> {
    let gpu = |index, busy, own| {
        let (used_bytes, total_bytes) = (Some(12_100_000_000), Some(80_000_000_000));
        GpuState { index, name: "NVIDIA A100".into(), busy: Some(busy), used_bytes, total_bytes, own: Some(own) }
    };
    let own = OwnGpuUse { processes: 1, busy: Some(0.8), used_bytes: Some(11_900_000_000) };
    vec![gpu(0, 0.87, own), gpu(1, 0.04, OwnGpuUse::default())]
}

/// The same, started by tftop, with two loops.
pub fn launched() -> Scene {
    let mut bins = [0; STEP_BINS];
    (bins[4], bins[5], bins[14]) = (200, 99, 1);
    let fit = LoopSteps { pid: 2430, at: Some("train.py:9".into()), bins, seconds: 43.5, ..LoopSteps::default() };
    let source = StepSource::Function;
    let call = LoopSteps { source, name: Some("normalize".into()), lost: 3, ..fit.clone() };
    let steps = Steps { loops: vec![fit, call], ..Steps::default() };
    Scene { launch: Some(LaunchState { steps, ..LaunchState::default() }), ..scene() }
}

pub fn scene() -> Scene {
    let no_knob = Limits { knob: Knob::None, ..Limits::default() };
    let groups = vec![
        Group {
            limits: intra_limits(),
            waits: Some(waits()),
            ..group("tf-intra-op", None, "TF intra-op", 2, Demand::new(1.3, 1.3))
        },
        Group { limits: no_knob, ..group("openblas", Some("numpy"), "OpenBLAS numpy", 1, Demand::new(0.0, 0.0)) },
    ];
    let threads = vec![
        thread(2434, 0, &groups[0].key, Some("tf_numa_-1_Eigen"), Confidence::Certain),
        thread(2435, 0, &groups[0].key, Some("tf_numa_-1_Eigen"), Confidence::Certain),
        Thread {
            state: ThreadState::Sleeping,
            demand: None,
            last_cpu: None,
            ..thread(2431, 1, &groups[1].key, None, Confidence::Guess)
        },
    ];
    Scene {
        tick: 6,
        interval_s: 1.0,
        window_s: 5.0,
        target: target(),
        capacity: capacity(),
        demand: Some(Demand::new(1.9, 2.7)),
        gpus: gpus(),
        groups,
        threads: threads.into(),
        gaps: vec![Gap::new("NumPy's thread names", "the process's memory may not be read: run tftop with sudo")],
        cost: Cost { cpu_ns: 340_000, wall_ns: 510_000, bytes_read: 120_300 },
        headline: headline(),
        judgements: judgements(),
        ..Scene::default()
    }
}
