//! Everything a face may show, at one tick. Faces compute nothing: what is on screen stands here.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::finding::Judgement;
use super::headline::Headline;
use super::limit::Limits;
use super::steps::Steps;
use super::verification::{Check, cap_of};
use super::waits::{Doing, Waits};
use crate::fact::{
    Cost, CounterSource, CpuSet, Gap, Heard, Identity, LaunchFact, Pid, State, Text, ThreadDetail, ThreadKey,
};

/// One tick, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scene {
    /// How many samples the model has seen, this one included.
    pub tick: u64,
    /// Nanoseconds since boot of the sample.
    pub at_ns: u64,
    /// The sampling interval asked for, in seconds.
    pub interval_s: f64,
    /// How late the sample was, in seconds.
    pub late_s: f64,
    /// Seconds that the numbers of `demand`, groups and threads cover; 0 until there are two samples.
    pub window_s: f64,
    /// Who is watched.
    pub target: Target,
    /// How many CPUs it may use, and why.
    pub capacity: Capacity,
    /// What the whole target got and wanted; none until there are two samples.
    pub demand: Option<Demand>,
    /// What thread counters are made of: `StatTicks` means every demand is estimated.
    pub source: CounterSource,
    /// Groups of threads by origin, the one that wants most first.
    pub groups: Vec<Group>,
    /// Every thread, ordered by group (as in `groups`), then tid.
    pub threads: Vec<Thread>,
    /// Every CPU online.
    pub cpus: Vec<Cpu>,
    /// Demand over time, oldest first.
    pub trend: Trend,
    /// The one sentence on top.
    pub headline: Headline,
    /// Every rule's answer, causes before consequences.
    pub judgements: Vec<Judgement>,
    /// Details of the threads on screen.
    pub details: Vec<(ThreadKey, ThreadDetail)>,
    /// What the threads that were looked at did, by rising key.
    pub doings: Vec<(ThreadKey, Doing)>,
    /// What is missing, and why.
    pub gaps: Vec<Gap>,
    /// How it was started; none for a target that was only attached to.
    pub launch: Option<Launch>,
    /// What the newest sample cost.
    pub cost: Cost,
}

impl Scene {
    /// What a thread did when it was looked at; none when it was not, or nothing says it.
    pub fn doing(&self, key: ThreadKey) -> Option<&Doing> {
        let at = self.doings.binary_search_by_key(&key, |(of, _)| *of).ok()?;
        self.doings.get(at).map(|(_, doing)| doing)
    }
}

/// How the target was started, and whether its caps hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Launch {
    /// The caps it was given.
    pub fact: Arc<LaunchFact>,
    /// What the shim has said so far.
    pub heard: Arc<Heard>,
    /// Each cap: held, exceeded or unverified over all looks so far.
    pub checks: Vec<Check>,
    /// How fast its steps go, or why that is not known.
    pub steps: Steps,
}

impl Launch {
    /// The cap that is to hold a group; none where it has none.
    pub fn check_of(&self, group: &GroupKey) -> Option<&Check> {
        let cap = cap_of(&group.origin)?;
        self.checks.iter().find(|check| check.cap == cap)
    }

    /// The CPUs it was put on.
    pub fn check_of_cpus(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.cap == "cpus")
    }
}

/// The watched process and its descendants.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Target {
    /// The process that was asked for.
    pub pid: Pid,
    /// Its pid in its own namespace, where that differs.
    pub namespaced_pid: Option<u32>,
    /// Its command line in one line.
    pub command: String,
    /// Its user.
    pub user: Option<Text>,
    /// TensorFlow in it (or in the first descendant that has it).
    pub tensorflow: Option<TensorFlow>,
    /// Python's version.
    pub python: Option<Text>,
    /// When it started, seconds after 1970.
    pub started_unix_s: u64,
    /// For how long it has been running.
    pub uptime_s: f64,
    /// Whether it is gone: the process that was asked for and every descendant.
    pub ended: bool,
    /// The target's processes, the one asked for first.
    pub processes: Vec<Process>,
}

/// TensorFlow in a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TensorFlow {
    /// Its version; missing for builds without metadata.
    pub version: Option<Text>,
    /// True when only names suggest it.
    pub guessed: bool,
}

/// One process of the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Process {
    /// Its pid.
    pub pid: Pid,
    /// Its parent.
    pub parent: Pid,
    /// Its command line in one line.
    pub command: String,
    /// Whether it is gone.
    pub ended: bool,
    /// Threads now.
    pub threads: u32,
    /// What it got and wanted.
    pub demand: Option<Demand>,
}

/// Run-queue arithmetic over the window, in CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// CPUs it ran on: Δrun / Δt.
    pub got: f64,
    /// CPUs it waited for: Δwait / Δt.
    pub waiting: f64,
    /// got + waiting: the mean number of runnable threads.
    pub wanted: f64,
    /// waiting / wanted; none when nothing was wanted.
    pub wait_share: Option<f64>,
}

impl Demand {
    /// From CPU-seconds per second.
    pub fn new(got: f64, waiting: f64) -> Self {
        let wanted = got + waiting;
        let wait_share = (wanted > 0.0005).then(|| waiting / wanted);
        Self { got, waiting, wanted, wait_share }
    }
}

/// How many CPUs a target may use: the smallest term binds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// Effective CPUs: the smallest of the terms that are known.
    pub effective_cpus: f64,
    /// The terms, in the order affinity, cpuset, quotas (innermost first), online.
    pub terms: Vec<Term>,
    /// Index of the binding term.
    pub binding: Option<usize>,
    /// CPUs a scheduler says it granted. A declaration binds nothing by itself: where it differs, nothing enforces it.
    pub declared: Vec<Declared>,
}

/// A number of CPUs that a scheduler declares in the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// CPUs.
    pub cpus: u32,
    /// The variable: "SLURM_CPUS_PER_TASK".
    pub source: String,
}

/// One upper bound on CPUs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Which kind of bound.
    pub kind: TermKind,
    /// The bound, in CPUs.
    pub cpus: f64,
    /// Which CPUs, for affinity, cpuset and online.
    pub set: Option<CpuSet>,
    /// Where it stands: cgroup path, or nothing.
    pub place: Option<Text>,
    /// Share of periods that were throttled over the window, for quotas.
    pub throttled_share: Option<f64>,
}

/// Kinds of [`Term`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// CPUs any of the target's threads may run on.
    Affinity,
    /// CPUs the cpuset cgroup grants.
    Cpuset,
    /// A cgroup's CPU-time quota.
    Quota,
    /// CPUs online.
    Online,
}

impl TermKind {
    /// One word for screens and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Affinity => "affinity",
            Self::Cpuset => "cpuset",
            Self::Quota => "quota",
            Self::Online => "online",
        }
    }
}

/// A group: all threads of one origin and, where copies differ, one library.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    /// What it got and wanted over the window, threads that died in it included.
    pub demand: Option<Demand>,
    /// CPU-seconds it has used while it was watched; never falls.
    pub total_run_s: f64,
    /// Seconds its threads have waited for a CPU while it was watched; never falls.
    pub total_wait_s: f64,
    /// wanted, one value a tick, oldest first.
    pub history: Vec<f32>,
    /// What limits it, and where that comes from.
    pub limits: Limits,
    /// What its threads did; none when none of them was looked at.
    pub waits: Option<Waits>,
}

/// What makes a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupKey {
    /// Origin id of `assets/families.toml`: "tf-intra-op".
    pub origin: Arc<str>,
    /// Which copy of a library ("numpy", "scipy", "sklearn", "libarrow"), where that tells groups apart.
    pub library: Option<Arc<str>>,
}

/// One thread.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    pub state: State,
    /// The CPU it last ran on.
    pub last_cpu: Option<u32>,
    /// CPUs it may run on.
    pub affinity: Option<Arc<CpuSet>>,
    /// What it got and wanted over the window; none until it was seen twice, unless it was born while watched.
    pub demand: Option<Demand>,
    /// Time slices over the window, per second.
    pub slices_per_s: Option<f64>,
}

impl Thread {
    /// The best name known: the target's own, else the kernel's.
    pub fn name(&self) -> &str {
        self.identity.target_name.as_ref().map_or(&self.identity.comm, |name| &name.name)
    }
}

/// Where a thread comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Worker {
    /// It says so.
    OfPool,
    /// It does not, or nothing is known.
    #[default]
    Other,
}

/// How sure an attribution is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
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

/// One CPU over the last window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Cpu {
    /// Which CPU.
    pub cpu: u32,
    /// Whether the target may use it.
    pub allowed: bool,
    /// Share of time the target ran on it (0 to 1); estimated: a thread's whole time counts for the CPU it last ran on.
    pub ours: f64,
    /// Share of time something else ran on it, steal included.
    pub others: f64,
}

/// Demand of the whole target over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trend {
    /// Seconds between two points.
    pub step_s: f64,
    /// CPUs wanted, one value a tick, oldest first.
    pub wanted: Vec<f32>,
    /// CPUs got, one value a tick, oldest first.
    pub got: Vec<f32>,
}
