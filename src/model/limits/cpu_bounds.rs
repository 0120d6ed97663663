//! Whether what bounds a whole command holds: its CPUs, its CPU time, CPUs of a group; judged by the masks, cpusets and quotas that are
//! seen over it, look by look.

use std::collections::{BTreeMap, HashSet};

use crate::data::sample::{LaunchFact, Pin, Quota};
use crate::data::scene::{CheckOutcome, Confidence, Scene, Term, TermKind, Thread};
use crate::data::{CpuSet, Pid, ThreadKey};

/// A quota that is missing must be missing twice: a process that is just born or just ending is in a cgroup of its parent's.
const MISSING_LOOKS: u32 = 2;
/// cpu.max holds whole microseconds.
const ROUNDING: f64 = 1e-4;

/// The worst of every look.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuBounds {
    cpus: Option<CpuSet>,
    quota: Option<Quota>,
    looks: u32,
    /// Most threads of one process that might have run elsewhere.
    strays: Option<(u32, Pid)>,
    /// Looks at which no cpuset was seen to keep everybody on the CPUs.
    without_cpuset: u32,
    missing: Missing,
    /// Share of throttled periods at the newest look that knew it.
    throttled_share: Option<f64>,
    pins: Vec<Pinned>,
}

/// A pinned group.
#[derive(Clone, Debug, Default)]
struct Pinned {
    pin: Pin,
    /// Its threads at the look before: whoever is new may not be where it is to be.
    known: HashSet<ThreadKey>,
    /// Looks at which somebody was known.
    looks: u32,
    /// Most threads of one process that had left.
    strays: Option<(u32, Pid)>,
}

/// Looks without a quota as small as the cap.
#[derive(Clone, Debug, Default)]
struct Missing {
    in_a_row: u32,
    most: u32,
    /// Why one may be there all the same.
    unread: Option<String>,
}

impl CpuBounds {
    pub fn new(fact: &LaunchFact) -> Self {
        let pins = fact.pins.iter().map(|pin| Pinned { pin: pin.clone(), ..Pinned::default() }).collect();
        Self { cpus: fact.cpus.clone(), quota: fact.quota, pins, ..Self::default() }
    }

    /// One more look.
    pub fn update(&mut self, scene: &Scene) {
        self.looks += 1;
        if let Some(cpus) = self.cpus.clone() {
            self.update_cpus(&cpus, scene);
        }
        if let Some(quota) = self.quota {
            self.update_quota(quota, scene);
        }
        self.pins.iter_mut().for_each(|pinned| pinned.take_in(scene));
    }

    fn update_cpus(&mut self, cpus: &CpuSet, scene: &Scene) {
        let astray = scene.threads.iter().filter(|thread| has_left(thread, cpus));
        self.strays = worse(self.strays, astray);
        let mut cpusets = scene.capacity.terms.iter().filter(|term| term.kind == TermKind::Cpuset);
        let kept = cpusets.any(|term| term.set.as_ref().is_some_and(|set| within(set, cpus)));
        self.without_cpuset += u32::from(!kept);
    }

    fn update_quota(&mut self, quota: Quota, scene: &Scene) {
        let small = |term: &&Term| term.kind == TermKind::Quota && term.cpus <= quota.cpus() + ROUNDING;
        let missing = &mut self.missing;
        match scene.capacity.terms.iter().find(small) {
            Some(term) => {
                missing.in_a_row = 0;
                self.throttled_share = term.throttled_share.or(self.throttled_share);
            }
            None => match scene.gaps.iter().find(|gap| gap.what == "CPU quotas") {
                Some(gap) => missing.unread = Some(gap.why.clone()),
                None => {
                    missing.in_a_row += 1;
                    missing.most = missing.most.max(missing.in_a_row);
                }
            },
        }
    }

    /// The answer for the CPUs, if there is such a cap.
    pub fn cpus(&self) -> Option<(String, (CheckOutcome, String))> {
        let answer = match self.strays {
            Some(strays) => (CheckOutcome::Exceeded, elsewhere("", strays)),
            None if self.looks == 0 => unseen(),
            None if self.without_cpuset == 0 => {
                (CheckOutcome::Held, "no thread may run elsewhere; a cpuset cgroup holds it".to_owned())
            }
            None => (CheckOutcome::Held, "no thread may run elsewhere; affinity alone holds it".to_owned()),
        };
        Some((self.cpus.as_ref()?.to_string(), answer))
    }

    /// The answer for the CPU time, if there is such a cap.
    pub fn quota(&self) -> Option<(String, (CheckOutcome, String))> {
        let answer = match (&self.missing, self.throttled_share) {
            _ if self.looks == 0 => unseen(),
            (Missing { most, .. }, _) if *most >= MISSING_LOOKS => {
                (CheckOutcome::Exceeded, "a process was seen outside the quota's cgroup".to_owned())
            }
            (Missing { unread: Some(why), .. }, _) => (CheckOutcome::Unverified, why.clone()),
            (_, Some(share)) => {
                let share = share * 100.0;
                (CheckOutcome::Held, format!("a cgroup holds it; throttled in {share:.0} % of its periods"))
            }
            _ if self.missing.most > 0 && self.looks == 1 => {
                (CheckOutcome::Unverified, "it ended before a second sample".to_owned())
            }
            _ => (CheckOutcome::Held, "a cgroup holds it".to_owned()),
        };
        Some((self.quota?.cpus().to_string(), answer))
    }

    /// The answer for each pin.
    pub fn pins(&self) -> impl Iterator<Item = (String, (CheckOutcome, String))> {
        self.pins.iter().map(|pinned| (pinned.pin.to_string(), pinned.answer()))
    }
}

impl Pinned {
    fn take_in(&mut self, scene: &Scene) {
        let own = |thread: &&Thread| {
            thread.attribution.confidence > Confidence::Guess && *thread.attribution.group.origin == *self.pin.origin
        };
        let now: Vec<&Thread> = scene.threads.iter().filter(own).collect();
        let mut old = now.iter().copied().filter(|thread| self.known.contains(&thread.key)).peekable();
        self.looks += u32::from(old.peek().is_some());
        self.strays = worse(self.strays, old.filter(|thread| has_left(thread, &self.pin.cpus)));
        self.known = now.iter().map(|thread| thread.key).collect();
    }

    fn answer(&self) -> (CheckOutcome, String) {
        match self.strays {
            Some(strays) => (CheckOutcome::Exceeded, elsewhere(&format!("{} in ", self.pin.origin), strays)),
            None if self.looks == 0 => {
                (CheckOutcome::Unverified, format!("no thread of {} was seen twice", self.pin.origin))
            }
            None => (CheckOutcome::Held, "no thread of it was seen elsewhere from its second look on".to_owned()),
        }
    }
}

fn has_left(thread: &Thread, cpus: &CpuSet) -> bool {
    thread.affinity.as_ref().is_some_and(|mask| !within(mask, cpus))
}

/// The process with most of these threads, if they are more than ever before.
fn worse<'a>(worst: Option<(u32, Pid)>, threads: impl Iterator<Item = &'a Thread>) -> Option<(u32, Pid)> {
    let mut counts: BTreeMap<Pid, u32> = BTreeMap::new();
    threads.for_each(|thread| *counts.entry(thread.pid).or_default() += 1);
    let most = counts.into_iter().map(|(pid, count)| (count, pid)).max_by_key(|(count, _)| *count);
    most.filter(|(count, _)| worst.is_none_or(|(before, _)| before < *count)).or(worst)
}

fn elsewhere(of: &str, (count, pid): (u32, Pid)) -> String {
    let threads = if count == 1 { "thread" } else { "threads" };
    format!("{count} {threads} of {of}process {pid} may run elsewhere")
}

fn within(set: &CpuSet, cpus: &CpuSet) -> bool {
    set.intersection(cpus) == *set
}

fn unseen() -> (CheckOutcome, String) {
    (CheckOutcome::Unverified, "it ended before the first sample".to_owned())
}

#[cfg(test)]
#[path = "cpu_bounds_tests.rs"]
mod tests;
