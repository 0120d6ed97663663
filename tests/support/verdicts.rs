//! What the model says of the scenes: limits, headlines, and every cause with its answer.

use tftop::data::limits::{AppliesTo, CapKind, Caps, Grade, Knob, Limit, LimitSource, Limits};
use tftop::data::scene::{
    AdvisedEffect, Answer, Evidence, Finding, Headline, Level, Pressure, Remedy, RuleAnswer, Verdict,
};

const CAPS: Caps = Caps::of([(CapKind::Intra, 1), (CapKind::Inter, 1), (CapKind::Data, 1)]);

/// The limits of a group of this origin.
pub fn limits(origin: &str) -> Limits {
    let limit = |value, source: LimitSource, place: &str, overruled: Option<&str>, grade| Limit {
        value,
        source,
        place: place.into(),
        applies_to: AppliesTo::Pool,
        overruled: overruled.map(Into::into),
        grade,
    };
    let by_config = Some("overruled by tf.config");
    let (all, knob) = match origin {
        "tf-intra-op" => (
            vec![
                limit(3, LimitSource::TfConfig, "its context in memory", None, Grade::Measured),
                limit(
                    8,
                    LimitSource::Variable("TF_NUM_INTRAOP_THREADS"),
                    "environment at start",
                    by_config,
                    Grade::Inferred,
                ),
                limit(2, LimitSource::AllowedCpus, "nothing is set", by_config, Grade::Inferred),
                limit(
                    3,
                    LimitSource::Script,
                    "train.py:12",
                    Some("a line in the source, no proof that it ran"),
                    Grade::Inferred,
                ),
            ],
            "tf.config.threading.set_intra_op_parallelism_threads or TF_NUM_INTRAOP_THREADS, before TensorFlow starts",
        ),
        "tf-inter-op" => (
            vec![
                limit(
                    5,
                    LimitSource::Variable("TF_NUM_INTEROP_THREADS"),
                    "environment at start",
                    None,
                    Grade::Corroborated,
                ),
                limit(
                    2,
                    LimitSource::AllowedCpus,
                    "nothing is set",
                    Some("overruled by TF_NUM_INTEROP_THREADS"),
                    Grade::Inferred,
                ),
            ],
            "tf.config.threading.set_inter_op_parallelism_threads or TF_NUM_INTEROP_THREADS, before TensorFlow starts",
        ),
        "tf-data" => (
            vec![],
            "tf.data.Options().threading.private_threadpool_size, num_parallel_calls and cycle_length in the pipeline; no \
             environment variable",
        ),
        "openblas" => (
            vec![limit(
                1,
                LimitSource::Variable("OPENBLAS_NUM_THREADS"),
                "set by the program itself",
                None,
                Grade::Inferred,
            )],
            "OPENBLAS_NUM_THREADS before the library is imported, threadpoolctl afterwards",
        ),
        _ => return Limits { knob: Knob::AsCoded, ..Limits::default() },
    };
    let effective = (!all.is_empty()).then_some(0);
    Limits {
        all,
        effective,
        knob: Knob::Setting(knob.into()),
        exceeded_by: u32::from(origin == "openblas"),
        processes: Vec::new(),
    }
}

/// What is left of limits where nothing of the process may be read.
pub fn unread(limits: &Limits) -> Limits {
    let defaults = limits.all.iter().filter(|limit| !limit.was_set()).cloned();
    let all: Vec<_> = defaults
        .map(|limit| Limit { place: "nothing is set that can be read".into(), overruled: None, ..limit })
        .collect();
    Limits {
        effective: (!all.is_empty()).then_some(0),
        all,
        knob: limits.knob.clone(),
        exceeded_by: 0,
        processes: Vec::new(),
    }
}

/// Before there is a verdict.
pub fn too_soon(watched_s: f64) -> Headline {
    let says = format!("judged after 10 s of watching, has {watched_s:.0}");
    Headline { message: says, judged_s: watched_s, ..Headline::default() }
}

/// Too many threads.
pub fn oversubscribed() -> Headline {
    Headline {
        condition: Verdict::Oversubscribed,
        message:
            "4.6 threads want 2.0 CPUs: TF intra-op 2.6 of them, limit 3 (tf.config); TF inter-op 1.1 of them, limit 5 \
               (TF_NUM_INTEROP_THREADS)"
                .into(),
        advice: "intra=1 inter=1 data=1 would fit.".into(),
        caps: CAPS,
        effect: Some(AdvisedEffect { wanted_now: 4.6, wanted: 1.9, got: 1.6, fits: true }),
        in_program: Vec::new(),
        judged_s: 10.0,
        pressure: Some(pressure(2.3, 2.6, 0.1)),
    }
}

/// Too many threads, and nothing of the process may be read.
pub fn hidden() -> Headline {
    Headline {
        message: "4.6 threads want 2.0 CPUs: TF intra-op 2.6 of them, no limit set (2 by default); TF inter-op 1.1 of them, no \
               limit set (2 by default)"
            .into(),
        ..oversubscribed()
    }
}

/// A quota that stops it.
pub fn throttled() -> Headline {
    Headline {
        condition: Verdict::Throttled,
        message: "a quota of 2.00 CPUs stopped it in 31 % of its periods; 4.6 threads want 2.0 CPUs: TF intra-op 2.6 of them, \
               limit 3 (tf.config); TF inter-op 1.1 of them, limit 5 (TF_NUM_INTEROP_THREADS)"
            .into(),
        pressure: Some(Pressure { throttled_share: Some(0.31), ..pressure(2.3, 2.6, 0.1) }),
        ..oversubscribed()
    }
}

/// All is well.
pub fn healthy() -> Headline {
    Headline {
        condition: Verdict::Healthy,
        message: "demand is 1.8 of 2.0 CPUs: threads hardly wait".into(),
        judged_s: 10.0,
        pressure: Some(pressure(0.9, 0.0, 0.06)),
        ..Headline::default()
    }
}

/// Neighbours.
pub fn starved() -> Headline {
    Headline {
        condition: Verdict::Starved,
        message: "neighbours take 1.0 of the 1.8 CPUs it could use; your limits are fine".into(),
        pressure: Some(pressure(0.9, 0.0, 0.95)),
        ..healthy()
    }
}

fn pressure(saturation: f64, self_excess: f64, external: f64) -> Pressure {
    Pressure { saturation, wait_share: 0.58, wait_ms_per_slice: 7.5, self_excess, external, throttled_share: None }
}

const CODES: [(&str, &str, &str); 21] = [
    ("throttled", "Does a CPU quota take CPUs away?", "no CPU quota applies to the process"),
    ("quota-not-seen", "Are pools larger than the CPU quota?", "no CPU quota applies to the process"),
    (
        "late-setting",
        "Was a setting made after the pool was built?",
        "tf.config says intra = 3, the pool has 3; tf.config sets no inter size, the pool has 5",
    ),
    ("env-overridden", "Does tf.config overrule a variable?", "neither TF_NUM_INTRAOP_THREADS nor another is set"),
    ("env-too-late", "Did the program set a variable too late?", "the program changed no thread-related variable"),
    ("zero-means-all", "Did a 0 ask for every CPU?", "no setting is 0"),
    ("omp-does-the-work", "Does OpenMP do the work that intra-op is set for?", "the process has no OpenMP threads"),
    ("omp-not-used", "Is OMP_NUM_THREADS set where no OpenMP runs?", "no OpenMP or MKL variable is set"),
    ("blas-other-variable", "Is a variable set that another BLAS would read?", "no variable of another BLAS is set"),
    ("many-processes", "Does every worker process have its own pools?", "one process"),
    ("nested-pools", "Does one pool call into another?", "no two busy groups rise and fall together"),
    ("tf-data-uncapped", "Does tf.data run without a limit?", "6 tf.data threads want 0.28 CPUs"),
    ("xla-own-pool", "Does XLA run on pools that no setting limits?", "the process has no XLA threads"),
    ("other-pool", "Do other pools run beside the one that was limited?", "intra-op wants 1.0 CPUs, all else 0.8"),
    (
        "piled-affinity",
        "Do affinity masks pack threads onto few CPUs?",
        "no mask is crowded while another allowed CPU idles",
    ),
    ("spinning", "Are threads busy only because they spin while they wait?", "no pool thread is runnable all the time"),
    ("thread-leak", "Does the number of threads keep growing?", "no group gained 10 threads in a minute"),
    ("starved", "Do neighbours take CPUs that are yours?", "got all but 0.1 of the 2.0 CPUs it could use"),
    ("input-bound", "Does computing wait for input?", "compute pools want 3.7 CPUs, input and Python 0.9"),
    ("gpu-bound", "Does a GPU do the work?", "no GPU runtime has threads in this process"),
    ("asleep-is-fine", "Do many threads exist but sleep?", "17 threads for 2.0 CPUs: not many"),
];

fn all(answer: impl Fn(&str, &str) -> Answer) -> Vec<RuleAnswer> {
    CODES.iter().map(|&(code, asks, clear)| RuleAnswer { code, question: asks, answer: answer(code, clear) }).collect()
}

fn clear(because: &str) -> Answer {
    Answer::Clear { because: because.into() }
}

/// Nothing found.
pub fn clear_causes() -> Vec<RuleAnswer> {
    all(|_, because| clear(because))
}

/// What is to be said of the oversubscribed run.
pub fn causes() -> Vec<RuleAnswer> {
    all(|code, because| match code {
        "other-pool" => other_pool(),
        "env-overridden" => env_overridden(),
        "thread-leak" => Answer::TooSoon { needs: "60 s of watching, has 30".into() },
        "spinning" => Answer::CantTell { because: "one thread more than fits is runnable; stacks would tell".into() },
        _ => clear(because),
    })
}

/// What is to be said where a quota throttles.
pub fn throttled_causes() -> Vec<RuleAnswer> {
    let quota = Finding {
        level: Level::Oversubscribed,
        grade: Grade::Measured,
        message: "the quota of 2.00 CPUs was used up in 31 % of its periods".into(),
        evidence: vec![Evidence::new("periods throttled", "31 of 100"), Evidence::new("quota", "2.00 CPUs")],
        remedy: Remedy { text: "fewer threads, or a larger quota (cpu.max of its cgroup)".into(), ..Remedy::default() },
    };
    let mut causes = causes();
    causes[0].answer = Answer::Found(Box::new(quota));
    causes
}

/// What can be said after a few seconds.
pub fn open_causes() -> Vec<RuleAnswer> {
    all(|code, because| match code {
        "omp-does-the-work" | "xla-own-pool" | "gpu-bound" | "zero-means-all" | "many-processes" => clear(because),
        _ => Answer::TooSoon { needs: "10 s of watching, has 4".into() },
    })
}

/// What can be said where nothing of the process may be read.
pub fn hidden_causes() -> Vec<RuleAnswer> {
    all(|code, because| match code {
        "late-setting" => cant_tell("neither tf.config nor the script's source can be read"),
        "env-overridden" => cant_tell("tf.config can't be read"),
        "env-too-late" => cant_tell("the environment as it is now can't be read"),
        _ => clear(because),
    })
}

fn cant_tell(because: &str) -> Answer {
    Answer::CantTell { because: because.into() }
}

/// Found: neighbours.
pub fn neighbours() -> Answer {
    Answer::Found(Box::new(Finding {
        level: Level::Notice,
        grade: Grade::Corroborated,
        message: "other processes take 1.0 of the 1.8 CPUs it could use".into(),
        evidence: vec![Evidence::new("CPUs others use", "1.14 of 2.00")],
        remedy: Remedy { text: "run it elsewhere or later, or stop the neighbours".into(), ..Remedy::default() },
    }))
}

fn other_pool() -> Answer {
    Answer::Found(Box::new(Finding {
        level: Level::Oversubscribed,
        grade: Grade::Measured,
        message: "tf.config limits intra-op to 3, but other pools want 2.0 CPUs beside its 2.6".into(),
        evidence: vec![
            Evidence::new("intra-op wants", "2.60 CPUs"),
            Evidence::new("other pools want", "TF inter-op 1.10 + tf.data 0.72 + main thread 0.18 CPUs"),
            Evidence::new("together", "4.60 of 2.00 CPUs"),
        ],
        remedy: Remedy {
            text: "limit TF inter-op too: tf.config.threading.set_inter_op_parallelism_threads or \
                   TF_NUM_INTEROP_THREADS, before TensorFlow starts"
                .into(),
            export: Some("export TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1".into()),
            python: Some(
                "tf.config.threading.set_intra_op_parallelism_threads(1); \
                 tf.config.threading.set_inter_op_parallelism_threads(1); options.threading.private_threadpool_size = 1"
                    .into(),
            ),
            caps: CAPS,
        },
    }))
}

fn env_overridden() -> Answer {
    Answer::Found(Box::new(Finding {
        level: Level::Notice,
        grade: Grade::Measured,
        message: "tf.config says intra = 3 and overrules TF_NUM_INTRAOP_THREADS=8".into(),
        evidence: vec![Evidence::new("TF_NUM_INTRAOP_THREADS", "8"), Evidence::new("tf.config intra", "3 threads")],
        remedy: Remedy { text: "set it in one place only".into(), ..Remedy::default() },
    }))
}
