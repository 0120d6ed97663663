//! THE registry of caps: one row a cap. Command line, settings file, environment, shim, advice, sliders, verification, sweep,
//! JSON and the guide come from it.
//!
//! Sources: tensorflow/core/common_runtime/process_util.cc and local_device.cc (2.21), the OpenMP 5.2 specification
//! chapter 21, OpenBLAS driver/others/openblas_env.c, numexpr/utils.py, numba/core/config.py, the manuals of oneMKL, BLIS
//! and Accelerate.

use crate::data::limits::limit::AppliesTo;
use crate::data::origin;
use crate::data::sample::{ScriptKnob, TfConfigFact};

/// Which cap: an index into [`CAPS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapKind {
    /// TF intra-op threads.
    Intra,
    /// TF inter-op threads.
    Inter,
    /// Threads of each tf.data iterator's private pool.
    Data,
    /// OpenMP threads of a team (MKL runs on these).
    Omp,
    /// Threads of each BLAS.
    Blas,
    /// Threads of NumExpr's pool.
    Numexpr,
}

/// All that is particular to one cap.
#[derive(Debug)]
pub struct CapRow {
    /// The cap that the row describes.
    pub kind: CapKind,
    /// Its option on the command line, its key in the settings file and in JSON.
    pub name: &'static str,
    /// Help of the option,
    pub help: &'static str,
    /// and what `tftop run` adds to it.
    pub help_more: &'static str,
    /// The thread family that it holds (`assets/families.toml`).
    pub origin: &'static str,
    /// What sizes the family's pools.
    pub setting: PoolSetting,
    /// Variables that `tftop run` sets to it.
    pub sets: &'static [CapVariable],
    /// The Python call that sets it, before and after the number.
    pub python: Option<PythonCall>,
    /// What advice sets: one of these variables, or where none is an attribute in the script.
    pub advised_as: &'static str,
    /// Whether the shim holds it against the script's own settings.
    pub shim: bool,
    /// How threads are counted against it.
    pub check: PoolCheck,
}

/// What sizes the pools of one thread family.
#[derive(Debug)]
pub struct PoolSetting {
    /// Its number in tf.config.
    pub tf_config: Option<fn(&TfConfigFact) -> Option<i64>>,
    /// Its line in a script.
    pub script: Option<ScriptKnob>,
    /// Variables that the library reads, the strongest first.
    pub reads: &'static [&'static str],
    /// A number in the library's memory beats every variable.
    pub library_memory: bool,
    /// Whether the calling thread is one of the number: then a pool of n has n - 1 threads of its own.
    pub counts_caller: bool,
    /// What the number bounds.
    pub applies_to: AppliesTo,
    /// Threads of a pool when nothing is set.
    pub default_size: DefaultSize,
    /// How it is set, in words.
    pub text: &'static str,
}

/// How many threads a pool has when nothing is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultSize {
    /// CPUs the process may run on when the pool is built.
    Allowed,
    /// CPUs online, whatever the affinity.
    Online,
    /// Nothing bounds it.
    Open,
}

/// A variable that a cap sets.
#[derive(Debug)]
pub struct CapVariable {
    /// Its name.
    pub name: &'static str,
    /// The cap it follows where its own is not set.
    pub or: Option<CapKind>,
}

/// A call that sets a cap: the number stands between the two parts.
#[derive(Debug)]
pub struct PythonCall {
    /// Before the number.
    pub before: &'static str,
    /// After it.
    pub after: &'static str,
}

/// The name of threads of tf.data's private pools (tensorflow/core/data/root_dataset.cc, 2.21).
pub const PRIVATE_POOL_THREAD: &str = "tf_data_private_threadpool";

/// How threads are counted against a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolCheck {
    /// One pool a process, made in any case: if it was not seen, nothing is proven.
    Pool,
    /// One pool a process, made when it is used: without threads the cap holds.
    PoolOnUse,
    /// A pool of each iterator: threads named [`PRIVATE_POOL_THREAD`] that started together.
    PrivatePool,
    /// A team for each thread that calls: teams can't be told apart.
    Team,
}

const fn own(name: &'static str) -> CapVariable {
    CapVariable { name, or: None }
}

const fn or_omp(name: &'static str) -> CapVariable {
    CapVariable { name, or: Some(CapKind::Omp) }
}

/// How many caps there are.
pub const COUNT: usize = 6;

/// Every cap, in the order of the options.
pub static CAPS: [CapRow; COUNT] = [
    CapRow {
        kind: CapKind::Intra,
        name: "intra",
        help: "TensorFlow intra-op threads",
        help_more: "",
        origin: origin::TF_INTRA_OP,
        setting: PoolSetting {
            tf_config: Some(|config| config.intra),
            script: Some(ScriptKnob::Intra),
            reads: &["TF_NUM_INTRAOP_THREADS"],
            library_memory: false,
            counts_caller: false,
            applies_to: AppliesTo::Pool,
            default_size: DefaultSize::Allowed,
            text: "tf.config.threading.set_intra_op_parallelism_threads or TF_NUM_INTRAOP_THREADS, before TensorFlow starts",
        },
        sets: &[own("TF_NUM_INTRAOP_THREADS")],
        python: Some(PythonCall { before: "tf.config.threading.set_intra_op_parallelism_threads(", after: ")" }),
        advised_as: "TF_NUM_INTRAOP_THREADS",
        shim: true,
        check: PoolCheck::Pool,
    },
    CapRow {
        kind: CapKind::Inter,
        name: "inter",
        help: "TensorFlow inter-op threads",
        help_more: "",
        origin: origin::TF_INTER_OP,
        setting: PoolSetting {
            tf_config: Some(|config| config.inter),
            script: Some(ScriptKnob::Inter),
            reads: &["TF_NUM_INTEROP_THREADS"],
            library_memory: false,
            counts_caller: false,
            applies_to: AppliesTo::Pool,
            default_size: DefaultSize::Allowed,
            text: "tf.config.threading.set_inter_op_parallelism_threads or TF_NUM_INTEROP_THREADS, before TensorFlow starts",
        },
        sets: &[own("TF_NUM_INTEROP_THREADS")],
        python: Some(PythonCall { before: "tf.config.threading.set_inter_op_parallelism_threads(", after: ")" }),
        advised_as: "TF_NUM_INTEROP_THREADS",
        shim: true,
        check: PoolCheck::Pool,
    },
    CapRow {
        kind: CapKind::Data,
        name: "data",
        help: "Threads of each tf.data iterator, and its parallel calls",
        help_more: "",
        origin: origin::TF_DATA,
        setting: PoolSetting {
            tf_config: None,
            script: Some(ScriptKnob::PrivateThreadpool),
            reads: &[],
            library_memory: false,
            counts_caller: false,
            applies_to: AppliesTo::Iterator,
            default_size: DefaultSize::Open,
            text: "tf.data.Options().threading.private_threadpool_size, num_parallel_calls and cycle_length in the \
                   pipeline; no environment variable",
        },
        sets: &[],
        python: Some(PythonCall {
            before: "options = tf.data.Options(); options.threading.private_threadpool_size = ",
            after: "; dataset = dataset.with_options(options)",
        }),
        advised_as: "private_threadpool_size",
        shim: true,
        check: PoolCheck::PrivatePool,
    },
    CapRow {
        kind: CapKind::Omp,
        name: "omp",
        help: "Threads of each OpenMP team",
        help_more: "; numexpr and Numba follow it",
        origin: origin::OPENMP,
        setting: PoolSetting {
            tf_config: None,
            script: None,
            reads: &["OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "MKL_NUM_THREADS"],
            library_memory: false,
            counts_caller: true,
            applies_to: AppliesTo::Team,
            default_size: DefaultSize::Allowed,
            text: "OMP_NUM_THREADS (a default per team) or OMP_THREAD_LIMIT (hard), before the library is loaded",
        },
        // The first is a default that a program may change, the second a bound. Numba has a pool of its own that is as
        // large when nothing is set.
        sets: &[own("OMP_NUM_THREADS"), own("OMP_THREAD_LIMIT"), own("NUMBA_NUM_THREADS")],
        python: None,
        advised_as: "OMP_NUM_THREADS",
        shim: false,
        check: PoolCheck::Team,
    },
    CapRow {
        kind: CapKind::Blas,
        name: "blas",
        help: "Threads of each BLAS",
        help_more: ": OpenBLAS, MKL, BLIS, Accelerate",
        origin: origin::OPENBLAS,
        setting: PoolSetting {
            tf_config: None,
            script: None,
            reads: &["OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"],
            library_memory: true,
            counts_caller: true,
            applies_to: AppliesTo::Pool,
            default_size: DefaultSize::Allowed,
            text: "OPENBLAS_NUM_THREADS before the library is imported, threadpoolctl afterwards",
        },
        // MKL is a BLAS that runs on OpenMP.
        sets: &[
            or_omp("MKL_NUM_THREADS"),
            own("OPENBLAS_NUM_THREADS"),
            own("BLIS_NUM_THREADS"),
            own("VECLIB_MAXIMUM_THREADS"),
        ],
        python: None,
        advised_as: "OPENBLAS_NUM_THREADS",
        shim: false,
        check: PoolCheck::PoolOnUse,
    },
    CapRow {
        kind: CapKind::Numexpr,
        name: "numexpr",
        help: "Threads of NumExpr's pool",
        help_more: "; without it, as many as --omp says",
        origin: origin::NUMEXPR,
        setting: PoolSetting {
            tf_config: None,
            script: None,
            reads: &["NUMEXPR_MAX_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS"],
            library_memory: false,
            counts_caller: false,
            applies_to: AppliesTo::Pool,
            default_size: DefaultSize::Online,
            text: "NUMEXPR_NUM_THREADS before the import",
        },
        sets: &[or_omp("NUMEXPR_NUM_THREADS"), or_omp("NUMEXPR_MAX_THREADS")],
        python: None,
        advised_as: "NUMEXPR_NUM_THREADS",
        shim: false,
        check: PoolCheck::PoolOnUse,
    },
];

impl CapKind {
    /// Every cap, in the order of the options.
    pub fn all() -> impl Iterator<Item = Self> {
        CAPS.iter().map(|row| row.kind)
    }

    /// Its row.
    pub fn row(self) -> &'static CapRow {
        &CAPS[self as usize]
    }

    /// Its option, key and name in JSON.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The cap of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// The cap that holds the threads of an origin; none where only affinity does.
    pub fn of_origin(origin: &str) -> Option<Self> {
        Self::all().find(|kind| kind.row().origin == origin)
    }

    /// The cap that holds here while this one is not set: all of its variables follow that.
    pub fn follows(self) -> Option<Self> {
        let sets = self.row().sets;
        sets.first()?.or.filter(|_| sets.iter().all(|variable| variable.or.is_some()))
    }
}

impl CapRow {
    /// The Python that sets it to a number; none where no call does.
    pub fn python(&self, value: u32) -> Option<String> {
        self.python.as_ref().map(|call| format!("{}{value}{}", call.before, call.after))
    }
}

impl PoolSetting {
    /// Threads of its own that a pool has under a limit.
    pub fn own_threads(&self, limit: u32) -> u32 {
        if self.counts_caller { limit.saturating_sub(1) } else { limit }
    }
}
