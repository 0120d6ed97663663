//! Groups and threads: where each comes from, what it wants, what limits it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::limits::Limits;
use crate::data::origin;
use crate::data::sample::{Identity, ThreadState};
use crate::data::scene::{Demand, Waits};
use crate::data::{CpuSet, Pid, ThreadKey};

/// A group: all threads of one origin and, where copies differ, one library.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Which origin and copy.
    pub key: GroupKey,
    /// Name for people: "TF intra-op", "OpenBLAS numpy".
    pub label: String,
    /// One sentence on what these threads do.
    pub about: String,
    /// Threads that exist now; a group that lost its last thread stays for as long as the window covers its time.
    pub threads: u32,
    /// Mean number of its threads that ran within a tick, over the window; none until there are two samples.
    pub awake: Option<f64>,
    /// Threads that started while it was watched; never falls. One that lived between two looks is not among them, but in the
    /// group of those, where there are exit records.
    pub born: u64,
    /// Threads that ended while it was watched; never falls. As `born`.
    pub died: u64,
    /// What it got and wanted over the window, threads that died in it included.
    pub demand: Option<Demand>,
    /// What it got and wanted over the window that the verdict rests on; none while it is too soon for one.
    pub judged: Option<Demand>,
    /// CPU-seconds it has used while it was watched; never falls.
    pub total_run_s: f64,
    /// Seconds its threads have waited for a CPU while it was watched; never falls.
    pub total_wait_s: f64,
    /// Whether threads of it waited without being counted: those that ended between two looks while there was no exit record of
    /// each. Then `total_wait_s` is too small.
    pub waits_uncounted: bool,
    /// wanted, one value a tick, oldest first.
    pub history: Vec<f32>,
    /// What limits it, and where that comes from.
    pub limits: Limits,
    /// What its threads did; none when none of them was looked at.
    pub waits: Option<Waits>,
}

/// What makes a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupKey {
    /// Origin id of `assets/families.toml`: "tf-intra-op".
    pub origin: Arc<str>,
    /// Which copy of a library ("numpy", "scipy", "sklearn", "libarrow"), where that tells groups apart.
    pub library: Option<Arc<str>>,
}

impl GroupKey {
    /// Whether it is that of threads which ended between two looks.
    pub fn is_of_ended(&self) -> bool {
        *self.origin == *origin::ENDED
    }
}

/// One thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    /// Which thread.
    pub key: ThreadKey,
    /// Its process.
    pub pid: Pid,
    /// Index into the scene's `groups`.
    pub group: usize,
    /// Kernel name, start routine, name in the target.
    pub identity: Arc<Identity>,
    /// Where it comes from, and how we know.
    pub attribution: Arc<Attribution>,
    /// Its state as of its last read.
    pub state: ThreadState,
    /// The CPU it last ran on.
    pub last_cpu: Option<u32>,
    /// CPUs it may run on.
    pub affinity: Option<Arc<CpuSet>>,
    /// What it got and wanted over the window; none until it was seen twice, unless it was born while watched.
    pub demand: Option<Demand>,
    /// Time slices over the window, per second.
    pub slices_per_s: Option<f64>,
}

/// A thread that waits for a CPU for this share of what it wants is ready more than it runs.
const MOSTLY_WAITING: f64 = 0.5;

impl Thread {
    /// Whether it waits for a CPU most of the time that it could run: the kernel's state R is both.
    pub fn is_mostly_ready(&self) -> bool {
        self.demand.and_then(|demand| demand.wait_share).is_some_and(|share| share >= MOSTLY_WAITING)
    }

    /// The best name known: the target's own, else the kernel's.
    pub fn name(&self) -> &str {
        self.identity.target_name.as_ref().map_or(&self.identity.comm, |name| &name.name)
    }
}

/// Where a thread comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attribution {
    /// Its group's key.
    pub group: GroupKey,
    /// The evidence, in words: "TensorFlow's own name tf_numa_-1_Eigen".
    pub because: String,
    /// How sure that is.
    pub confidence: Confidence,
    /// Whether it is a pool's worker.
    pub worker: Worker,
}

/// Whether a thread's family says that it waits in a futex whenever there is nothing to do for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Worker {
    /// It says so.
    OfPool,
    /// It does not, or nothing is known.
    #[default]
    Other,
}

/// How sure an attribution is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// A name anyone could have set, or inherited.
    #[default]
    Guess,
    /// Evidence that fits one family but could have another cause.
    Likely,
    /// The target's own word, or the symbol it started at.
    Certain,
}

impl Confidence {
    /// One word for screens and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Guess => "guess",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}
