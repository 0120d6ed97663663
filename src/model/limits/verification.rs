//! Whether caps hold, judged from outside by the threads that exist, look by look over a whole run. What can't be told is
//! said to be unverified, with the reason.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::data::Pid;
use crate::data::limits::Caps;
use crate::data::sample::LaunchFact;
use crate::data::scene::{CapCheck, CheckOutcome, Confidence, Scene, Thread};
use crate::model::limits::cpu_bounds::CpuBounds;

/// TensorFlow's name for the threads of an iterator's private pool (tensorflow/core/kernels/data/dataset_utils, 2.12 on).
const PRIVATE_POOL: &str = "tf_data_private_threadpool";
/// Threads of one pool are started in one go; start times have a resolution of one tick.
const ONE_GO_TICKS: u64 = 1;

/// The worst of every look.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    caps: Caps,
    bounds: CpuBounds,
    looks: u32,
    /// Looks at which every thread's origin was known.
    clear: u32,
    /// Why the last look that was not clear was not.
    unclear: Option<String>,
    worst: BTreeMap<VerifiedPool, Worst>,
}

/// What is capped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum VerifiedPool {
    Intra,
    Inter,
    Data,
    OpenMp,
    Numexpr,
    Blas,
}

/// The most threads that one pool had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Worst {
    threads: u32,
    label: String,
    pid: Pid,
}

impl Verification {
    /// Nothing was seen yet.
    pub fn new(fact: &LaunchFact) -> Self {
        Self { caps: fact.caps, bounds: CpuBounds::new(fact), ..Self::default() }
    }

    /// One more look.
    pub fn take_in(&mut self, scene: &Scene) {
        if scene.target.ended {
            return;
        }
        self.looks += 1;
        self.bounds.take_in(scene);
        match unclear(scene) {
            Some(why) => self.unclear = Some(why),
            None => self.clear += 1,
        }
        let mut pools: BTreeMap<(VerifiedPool, Pid, usize), u32> = BTreeMap::new();
        let mut private: BTreeMap<Pid, Vec<u64>> = BTreeMap::new();
        for thread in &scene.threads {
            match layer(thread) {
                Some(VerifiedPool::Data) => private.entry(thread.pid).or_default().push(thread.key.start_ticks),
                Some(layer) => *pools.entry((layer, thread.pid, thread.group)).or_default() += 1,
                None => {}
            }
        }
        for ((layer, pid, group), threads) in pools {
            let label = scene.groups.get(group).map_or_else(String::new, |group| group.label.clone());
            self.keep(layer, Worst { threads, label, pid });
        }
        for (pid, born) in private {
            self.keep(VerifiedPool::Data, Worst { threads: largest_at_once(born), label: "tf.data".to_owned(), pid });
        }
    }

    /// Every cap, in the order of the options. `inside` says that something inside the script sizes tf.data's pools to the
    /// cap: then several pools are likelier than one that is too large.
    pub fn checks(&self, inside: bool) -> Vec<CapCheck> {
        let caps = &self.caps;
        let mut checks = Vec::new();
        checks.extend(caps.intra.map(|cap| self.pool("intra", VerifiedPool::Intra, cap)));
        checks.extend(caps.inter.map(|cap| self.pool("inter", VerifiedPool::Inter, cap)));
        checks.extend(caps.data.map(|cap| self.data(cap, inside)));
        checks.extend(caps.omp.map(|cap| self.openmp(cap)));
        checks.extend(caps.blas.map(|cap| self.blas(cap)));
        checks.extend(self.bounds.cpus().map(|(value, answer)| check("cpus", value, answer)));
        checks.extend(self.bounds.quota().map(|(value, answer)| check("quota", value, answer)));
        checks.extend(self.bounds.pins().map(|(value, answer)| check("pin", value, answer)));
        checks
    }

    fn keep(&mut self, layer: VerifiedPool, seen: Worst) {
        let worst = self.worst.entry(layer).or_default();
        if seen.threads > worst.threads {
            *worst = seen;
        }
    }

    fn pool(&self, cap: &'static str, layer: VerifiedPool, limit: u32) -> CapCheck {
        let answer = match self.worst.get(&layer) {
            None => self.nothing_seen("no such pool was seen"),
            Some(worst) if worst.threads > limit => (CheckOutcome::Exceeded, worst.by()),
            Some(worst) => self.unless_unclear(worst.most()),
        };
        check(cap, limit, answer)
    }

    fn data(&self, limit: u32, inside: bool) -> CapCheck {
        let answer = match self.worst.get(&VerifiedPool::Data) {
            None => self.nothing_seen("no private pool of tf.data was seen"),
            Some(worst) if worst.threads <= limit => self.unless_unclear(format!("{} an iterator", worst.most())),
            Some(worst) if inside && worst.threads % limit.max(1) == 0 => (
                CheckOutcome::Unverified,
                format!(
                    "{} threads of process {} were made within 10 ms: one pool, or {} of {limit}",
                    worst.threads,
                    worst.pid,
                    worst.threads / limit.max(1)
                ),
            ),
            Some(worst) => (CheckOutcome::Exceeded, format!("{} in one pool", worst.by())),
        };
        check("data", limit, answer)
    }

    /// The caller of a team is one of its number. Numexpr's pool counts no caller, and has no thread where it is one.
    fn openmp(&self, limit: u32) -> CapCheck {
        let workers = self.worst.get(&VerifiedPool::OpenMp);
        let numexpr = self.worst.get(&VerifiedPool::Numexpr).filter(|worst| worst.threads > limit);
        let answer = match (workers, numexpr) {
            (_, Some(worst)) => (CheckOutcome::Exceeded, worst.by()),
            (Some(worst), _) if limit == 1 => (CheckOutcome::Exceeded, worst.by()),
            (Some(worst), _) if worst.threads >= limit => (
                CheckOutcome::Unverified,
                format!("{}: whether they are one team or several can't be told from outside", worst.by()),
            ),
            (Some(worst), _) => self.unless_unclear(format!("{} beside their caller", worst.most())),
            (None, _) => self.nothing_exceeds("no worker thread was seen"),
        };
        check("omp", limit, answer)
    }

    fn blas(&self, limit: u32) -> CapCheck {
        let answer = match self.worst.get(&VerifiedPool::Blas) {
            Some(worst) if worst.threads >= limit => (CheckOutcome::Exceeded, worst.by()),
            Some(worst) => self.unless_unclear(format!("{} beside their caller", worst.most())),
            None => self.nothing_exceeds("no worker thread was seen"),
        };
        check("blas", limit, answer)
    }

    fn nothing_seen(&self, what: &str) -> (CheckOutcome, String) {
        let why = match (self.looks, self.clear, &self.unclear) {
            (0, ..) => "it was over before the first look",
            (_, 0, Some(why)) => why,
            _ => what,
        };
        (CheckOutcome::Unverified, why.to_owned())
    }

    /// Nobody is too many only where everybody is known.
    fn nothing_exceeds(&self, what: &str) -> (CheckOutcome, String) {
        match self.clear {
            0 => self.nothing_seen(what),
            _ => (CheckOutcome::Held, what.to_owned()),
        }
    }

    fn unless_unclear(&self, says: String) -> (CheckOutcome, String) {
        match (self.clear, &self.unclear) {
            (0, Some(why)) => (CheckOutcome::Unverified, why.clone()),
            _ => (CheckOutcome::Held, says),
        }
    }
}

impl Worst {
    fn most(&self) -> String {
        format!("at most {}", count(self.threads))
    }

    fn by(&self) -> String {
        format!("{} of {} in process {}", count(self.threads), self.label, self.pid)
    }
}

fn count(threads: u32) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

fn check(cap: &'static str, value: impl ToString, (outcome, says): (CheckOutcome, String)) -> CapCheck {
    CapCheck { cap: Cow::Borrowed(cap), value: value.to_string(), outcome, says }
}

/// Why threads of any pool might be among those seen without being known as such; none when they can't.
fn unclear(scene: &Scene) -> Option<String> {
    let unknown = |thread: &&Thread| {
        thread.attribution.confidence == Confidence::Guess || *thread.attribution.group.origin == *"unknown"
    };
    let mut unknown = scene.threads.iter().filter(|thread| !thread.identity.main).filter(unknown).peekable();
    let why = unknown.peek()?.identity.missing.clone();
    let count = unknown.count();
    Some(format!("the origin of {count} threads can't be told: {}", why.as_deref().unwrap_or("nothing names them")))
}

/// Only threads whose origin is more than a guess count against a cap.
fn layer(thread: &Thread) -> Option<VerifiedPool> {
    let attribution = &thread.attribution;
    if attribution.confidence == Confidence::Guess {
        return None;
    }
    match &*attribution.group.origin {
        "tf-intra-op" => Some(VerifiedPool::Intra),
        "tf-inter-op" => Some(VerifiedPool::Inter),
        "tf-data" if thread.name() == PRIVATE_POOL => Some(VerifiedPool::Data),
        "openmp" => Some(VerifiedPool::OpenMp),
        "numexpr" => Some(VerifiedPool::Numexpr),
        "openblas" => Some(VerifiedPool::Blas),
        _ => None,
    }
}

/// The cap that is to hold a group of this origin (`assets/families.toml`); none where no option does.
pub(crate) fn cap_of(origin: &str) -> Option<&'static str> {
    match origin {
        "tf-intra-op" => Some("intra"),
        "tf-inter-op" => Some("inter"),
        "tf-data" => Some("data"),
        "openmp" | "numexpr" => Some("omp"),
        "openblas" => Some("blas"),
        _ => None,
    }
}

/// The most threads that were started one right after the other.
fn largest_at_once(mut born: Vec<u64>) -> u32 {
    born.sort_unstable();
    let bursts = born.chunk_by(|before, after| after - before <= ONE_GO_TICKS);
    bursts.map(<[u64]>::len).max().and_then(|length| u32::try_from(length).ok()).unwrap_or(0)
}

#[cfg(test)]
#[path = "verification_tests.rs"]
mod tests;
