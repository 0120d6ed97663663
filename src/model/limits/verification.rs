//! Whether caps hold, judged from outside by the threads that exist, look by look over a whole run. What can't be told is
//! said to be unverified, with the reason.

use std::collections::BTreeMap;

use crate::data::limits::{CapKind, Caps, PoolCheck};
use crate::data::sample::LaunchFact;
use crate::data::scene::{CapCheck, CheckOutcome, CheckedCap, Confidence, Scene, Thread};
use crate::data::{Pid, origin};
use crate::model::limits::cpu_bounds::CpuBounds;
use crate::model::limits::private_pools::{PrivatePool, private_pools};

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
    worst: BTreeMap<CapKind, Worst>,
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
    pub fn update(&mut self, scene: &Scene) {
        if scene.target.ended {
            return;
        }
        self.looks += 1;
        self.bounds.update(scene);
        match unclear(scene) {
            Some(why) => self.unclear = Some(why),
            None => self.clear += 1,
        }
        let mut pools: BTreeMap<(CapKind, Pid, usize), u32> = BTreeMap::new();
        for thread in &scene.threads {
            if let Some(kind) = cap_of(thread).filter(|kind| kind.row().check != PoolCheck::PrivatePool) {
                *pools.entry((kind, thread.pid, thread.group)).or_default() += 1;
            }
        }
        for ((kind, pid, group), threads) in pools {
            let label = scene.groups.get(group).map_or_else(String::new, |group| group.label.clone());
            self.keep(kind, Worst { threads, label, pid });
        }
        for PrivatePool { pid, threads, .. } in private_pools(scene.threads.iter(), |_| None) {
            self.keep(CapKind::Data, Worst { threads, label: "tf.data".to_owned(), pid });
        }
    }

    /// Every cap, in the order of the options. `inside` says that something inside the script sizes tf.data's pools to the
    /// cap: then several pools are likelier than one that is too large.
    pub fn checks(&self, inside: bool) -> Vec<CapCheck> {
        let pool = |(kind, limit)| check(CheckedCap::Pool(kind), limit, self.pool(kind, limit, inside));
        let mut checks: Vec<CapCheck> = self.caps.pools().map(pool).collect();
        checks.extend(self.bounds.cpus().map(|(value, answer)| check(CheckedCap::Cpus, value, answer)));
        checks.extend(self.bounds.quota().map(|(value, answer)| check(CheckedCap::Quota, value, answer)));
        checks.extend(self.bounds.pins().map(|(value, answer)| check(CheckedCap::Pin, value, answer)));
        checks
    }

    fn keep(&mut self, kind: CapKind, seen: Worst) {
        let worst = self.worst.entry(kind).or_default();
        if seen.threads > worst.threads {
            *worst = seen;
        }
    }

    /// Pools that follow this cap and have none of their own are held by it, too.
    fn pool(&self, kind: CapKind, limit: u32, inside: bool) -> (CheckOutcome, String) {
        let followers = CapKind::all().filter(|other| other.follows() == Some(kind) && self.caps.get(*other).is_none());
        let mut too_many = followers.filter_map(|other| self.beyond(other, limit));
        if let Some(worst) = too_many.next() {
            return (CheckOutcome::Exceeded, worst.by());
        }
        match kind.row().check {
            PoolCheck::Pool => self.one_pool(kind, limit, self.nothing_seen("no such pool was seen")),
            PoolCheck::PoolOnUse => self.one_pool(kind, limit, self.nothing_exceeds("no worker thread was seen")),
            PoolCheck::PrivatePool => self.private_pools(kind, limit, inside),
            PoolCheck::Team => self.teams(kind, limit),
        }
    }

    /// The largest pool, where it has more threads of its own than the cap leaves it.
    fn beyond(&self, kind: CapKind, limit: u32) -> Option<&Worst> {
        self.worst.get(&kind).filter(|worst| worst.threads > kind.row().setting.own_threads(limit))
    }

    fn one_pool(&self, kind: CapKind, limit: u32, unseen: (CheckOutcome, String)) -> (CheckOutcome, String) {
        match (self.worst.get(&kind), self.beyond(kind, limit)) {
            (None, _) => unseen,
            (_, Some(worst)) => (CheckOutcome::Exceeded, worst.by()),
            (Some(worst), None) if kind.row().setting.counts_caller => {
                self.unless_unclear(format!("{} beside their caller", worst.most()))
            }
            (Some(worst), None) => self.unless_unclear(worst.most()),
        }
    }

    fn private_pools(&self, kind: CapKind, limit: u32, inside: bool) -> (CheckOutcome, String) {
        match self.worst.get(&kind) {
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
        }
    }

    /// The caller of a team is one of its number: in a team of one nobody else is.
    fn teams(&self, kind: CapKind, limit: u32) -> (CheckOutcome, String) {
        match self.worst.get(&kind) {
            Some(worst) if limit == 1 => (CheckOutcome::Exceeded, worst.by()),
            Some(worst) if worst.threads >= limit => (
                CheckOutcome::Unverified,
                format!("{}: whether they are one team or several can't be told from outside", worst.by()),
            ),
            Some(worst) => self.unless_unclear(format!("{} beside their caller", worst.most())),
            None => self.nothing_exceeds("no worker thread was seen"),
        }
    }

    fn nothing_seen(&self, what: &str) -> (CheckOutcome, String) {
        let why = match (self.looks, self.clear, &self.unclear) {
            (0, ..) => "it ended before the first sample",
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

    fn unless_unclear(&self, message: String) -> (CheckOutcome, String) {
        match (self.clear, &self.unclear) {
            (0, Some(why)) => (CheckOutcome::Unverified, why.clone()),
            _ => (CheckOutcome::Held, message),
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

fn check(cap: CheckedCap, value: impl ToString, (outcome, message): (CheckOutcome, String)) -> CapCheck {
    CapCheck { cap, value: value.to_string(), outcome, message }
}

/// Why threads of any pool might be among those seen without being known as such; none when they can't.
fn unclear(scene: &Scene) -> Option<String> {
    let unknown = |thread: &&Thread| {
        thread.attribution.confidence == Confidence::Guess || *thread.attribution.group.origin == *origin::UNKNOWN
    };
    let mut unknown = scene.threads.iter().filter(|thread| !thread.identity.main).filter(unknown).peekable();
    let why = unknown.peek()?.identity.missing.clone();
    let count = unknown.count();
    Some(format!("the origin of {count} threads can't be told: {}", why.as_deref().unwrap_or("nothing names them")))
}

/// Only threads whose origin is more than a guess count against a cap.
fn cap_of(thread: &Thread) -> Option<CapKind> {
    let attribution = &thread.attribution;
    CapKind::of_origin(&attribution.group.origin).filter(|_| attribution.confidence != Confidence::Guess)
}

#[cfg(test)]
#[path = "verification_tests.rs"]
mod tests;
