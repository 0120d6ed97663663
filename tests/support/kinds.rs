//! The groups of those scenes: who they are, their names, threads, demand and curve.

use std::sync::Arc;

use tftop::data::sample::{Identity, NameSource, StartRoutine, TargetName, ThreadState};
use tftop::data::scene::{Attribution, Confidence, Demand, Group, GroupKey, Thread, Worker};
use tftop::data::{Address, Text};

use super::{PID, verdicts};

pub struct Kind {
    origin: &'static str,
    library: Option<&'static str>,
    label: &'static str,
    about: &'static str,
    comm: &'static str,
    name: Option<&'static str>,
    because: &'static str,
    tids: &'static [u32],
    got: f64,
    waiting: f64,
    awake: f64,
}

pub const INTRA: Kind = Kind {
    origin: "tf-intra-op",
    library: None,
    label: "TF intra-op",
    about: "Runs the parts of one op, as Eigen cuts them: convolutions, matrix products.",
    comm: "python",
    name: Some("tf_numa_-1_Eigen"),
    because: "TensorFlow's own name tf_numa_-1_Eigen",
    tids: &[2434, 2435, 2436],
    got: 1.31,
    waiting: 1.29,
    awake: 3.0,
};
pub const INTER: Kind = Kind {
    origin: "tf-inter-op",
    library: None,
    label: "TF inter-op",
    about: "Runs ops that don't depend on each other.",
    comm: "tf_Compute",
    name: Some("tf_Compute"),
    because: "TensorFlow's own name tf_Compute",
    tids: &[2437, 2438, 2439, 2440, 2441],
    got: 0.31,
    waiting: 0.79,
    awake: 1.2,
};
pub const DATA: Kind = Kind {
    origin: "tf-data",
    library: None,
    label: "tf.data",
    about: "Reads and prepares the input of the training.",
    comm: "tf_Compute",
    name: Some("tf_data_private_threadpool"),
    because: "TensorFlow's own name tf_data_private_threadpool",
    tids: &[2450, 2451, 2452, 2453, 2454, 2455],
    got: 0.22,
    waiting: 0.5,
    awake: 0.9,
};
pub const MAIN: Kind = Kind {
    origin: "main",
    library: None,
    label: "main thread",
    about: "Runs the script.",
    comm: "python",
    name: None,
    because: "the process's main thread",
    tids: &[2430],
    got: 0.07,
    waiting: 0.11,
    awake: 0.1,
};
pub const BLAS: Kind = Kind {
    origin: "openblas",
    library: Some("numpy"),
    label: "OpenBLAS numpy",
    about: "Linear algebra of NumPy.",
    comm: "python",
    name: None,
    because: "started at blas_thread_server of libscipy_openblas64_",
    tids: &[2431],
    got: 0.0,
    waiting: 0.0,
    awake: 0.0,
};
pub const PYTHON: Kind = Kind {
    origin: "python",
    library: None,
    label: "Python threads",
    about: "Threads of the script itself.",
    comm: "python",
    name: Some("Thread-3 (_monitor)"),
    because: "started at pythread_wrapper",
    tids: &[2460],
    got: 0.0,
    waiting: 0.0,
    awake: 0.0,
};

/// A curve that looks like training: higher and lower, and a dip where an epoch ends.
pub fn wave(age: u64, around: f64) -> f32 {
    let dip = if age % 23 < 3 { 0.35 } else { 1.0 };
    (around * dip * (1.0 + 0.15 * (age as f64 * 0.7).sin())) as f32
}

pub fn group(threads: &mut Vec<Thread>, tick: u64, kind: &Kind) -> Group {
    let key = GroupKey { origin: kind.origin.into(), library: kind.library.map(Into::into) };
    let (index, count) = (groups_so_far(threads), kind.tids.len() as f64);
    let attribution = Attribution {
        group: key.clone(),
        because: kind.because.into(),
        confidence: Confidence::Certain,
        worker: if matches!(kind.origin, "main" | "python" | "tf-data") { Worker::Other } else { Worker::OfPool },
    };
    let attribution = Arc::new(attribution);
    for (at, tid) in kind.tids.iter().enumerate() {
        let running = kind.awake > 0.5 && at == 0;
        let idle = kind.got == 0.0;
        threads.push(Thread {
            key: super::key(*tid),
            pid: PID,
            group: index,
            identity: Arc::new(identity(kind)),
            attribution: attribution.clone(),
            state: if running { ThreadState::Running } else { ThreadState::Sleeping },
            last_cpu: Some(tid % 2),
            affinity: Some(Arc::new("0-1".parse().unwrap())),
            demand: Some(Demand::new(kind.got / count, kind.waiting / count)),
            slices_per_s: Some(if idle { 0.0 } else { 112.5 + at as f64 }),
        });
    }
    let history = (0..tick.min(300)).map(|age| wave(age, kind.got + kind.waiting)).collect();
    Group {
        born: 0,
        died: 0,
        key,
        label: kind.label.into(),
        about: kind.about.into(),
        threads: kind.tids.len() as u32,
        awake: Some(kind.awake),
        demand: Some(Demand::new(kind.got, kind.waiting)),
        judged: (tick > 10).then(|| Demand::new(kind.got, kind.waiting)),
        total_run_s: kind.got * tick as f64,
        total_wait_s: kind.waiting * tick as f64,
        waits_uncounted: false,
        history,
        limits: verdicts::limits(kind.origin),
        waits: None,
    }
}

fn groups_so_far(threads: &[Thread]) -> usize {
    threads.last().map_or(0, |thread| thread.group + 1)
}

fn identity(kind: &Kind) -> Identity {
    let name = |name: &str, source| TargetName { name: name.into(), source };
    let python = kind.origin == "python";
    let source = if python { NameSource::Python } else { NameSource::TensorFlow };
    let entry = |library: &str, symbol: &str| StartRoutine {
        address: Address(0x7f3a_10c4_2b60),
        library: Some(Arc::new(Text::from(library))),
        symbol: Some(symbol.into()),
        owner: None,
    };
    Identity {
        comm: kind.comm.into(),
        main: kind.origin == "main",
        entry: match kind.origin {
            "main" => None,
            "openblas" => Some(entry("/venv/numpy.libs/libscipy_openblas64_-56d6093b.so", "blas_thread_server")),
            "python" => Some(entry("/usr/bin/python3.11", "pythread_wrapper")),
            _ => Some(entry(
                "/venv/tensorflow/libtensorflow_framework.so.2",
                "_ZN3tsl12_GLOBAL__N_17PThread8ThreadFnEPv",
            )),
        },
        target_name: kind.name.map(|own| name(own, source)),
        missing: None,
    }
}
