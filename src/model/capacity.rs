//! How many CPUs a target may use, as arithmetic: the smallest of affinity, cpuset, quotas and CPUs online. A term that
//! could not be read is absent; the probe's gaps say why.

use std::sync::Arc;

use crate::data::sample::{CgroupFact, CpuTime, HostFact, ProcessFact, ProcessSample, Sample, Throttle};
use crate::data::scene::{Capacity, Declared, Term, TermKind};
use crate::data::{CpuSet, Text};
use crate::model::rates::window::{Remembered, Total, Window};

/// A share of fewer periods than this is noise.
pub(crate) const FEWEST_PERIODS: u64 = 10;

/// Quotas that bound the target, innermost first, and how often they throttled it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quotas {
    watched: Vec<WatchedQuota>,
}

#[derive(Clone, Debug)]
struct WatchedQuota {
    cgroup: CgroupFact,
    throttle: Option<Remembered<Throttle>>,
}

impl Quotas {
    /// Follows the quotas to the next sample. A quota bounds the target only if all its processes are inside: one of a
    /// single worker bounds that worker.
    pub fn update(&mut self, living: &[&ProcessSample], window: &Window) {
        let mut before = std::mem::take(&mut self.watched);
        let Some((first, others)) = living.split_first() else { return };
        for (index, cgroup) in first.fact.cgroups.iter().enumerate() {
            let same = |other: &CgroupFact| (&other.path, other.version) == (&cgroup.path, cgroup.version);
            if !others.iter().all(|process| process.fact.cgroups.iter().any(same)) {
                continue;
            }
            let known = before.iter().position(|quota| same(&quota.cgroup)).map(|at| before.swap_remove(at));
            let throttle = first.throttle.get(index).copied().flatten().map(|now| {
                let known = known.and_then(|quota| quota.throttle).filter(|known| now.periods >= known.now.periods);
                let mut throttle = known.unwrap_or_else(|| Remembered::new(now));
                throttle.now = now;
                throttle.mark(window);
                throttle
            });
            self.watched.push(WatchedQuota { cgroup: cgroup.clone(), throttle });
        }
    }

    /// Every quota's throttling so far, by cgroup; those whose cpu.stat can't be read are left out.
    pub fn totals(&self) -> impl Iterator<Item = (&CgroupFact, Throttle)> {
        self.watched.iter().filter_map(|quota| Some((&quota.cgroup, quota.throttle.as_ref()?.now)))
    }

    fn terms(&self, window: &Window) -> impl Iterator<Item = Term> {
        self.watched.iter().map(|quota| Term {
            kind: TermKind::Quota,
            cpus: quota.cgroup.quota.cpus(),
            set: None,
            place: Some(quota.cgroup.path.clone()),
            throttled_share: quota.throttle.as_ref().and_then(|throttle| share(throttle.over(window))),
        })
    }
}

/// Throttled periods of all; none where there were too few to tell.
pub(crate) fn share(throttle: Throttle) -> Option<f64> {
    let share = throttle.throttled_periods as f64 / throttle.periods as f64;
    (throttle.periods >= FEWEST_PERIODS).then(|| share.min(1.0))
}

impl Total for Throttle {
    fn since(self, earlier: Self) -> Self {
        Self {
            periods: self.periods.since(earlier.periods),
            throttled_periods: self.throttled_periods.since(earlier.throttled_periods),
            throttled_ns: self.throttled_ns.since(earlier.throttled_ns),
        }
    }
}

/// Sets of CPUs that bound the target; none where not known.
#[derive(Debug, Default)]
pub(crate) struct CpuLimits {
    affinity: Option<CpuSet>,
    cpuset: Option<CpuSet>,
    online: Option<CpuSet>,
}

impl CpuLimits {
    /// From a sample: CPUs any of the target's threads may use, any of its cpusets grants, and those online.
    pub fn of(sample: &Sample, living: &[&ProcessSample]) -> Self {
        let affinity = living.iter().filter_map(|process| affinity(process));
        let cpuset = living.iter().filter_map(|process| process.fact.cpuset.clone());
        Self {
            affinity: any_of(affinity),
            cpuset: any_of(cpuset),
            online: Some(online(&sample.host, &sample.cpus)).filter(|set| !set.is_empty()),
        }
    }

    /// Where the target may run; none where nothing is known.
    pub fn allowed(&self) -> Option<CpuSet> {
        let known = || [&self.affinity, &self.cpuset, &self.online].into_iter().flatten();
        let all = known().cloned().reduce(|a, b| a.intersection(&b))?;
        // Sets read at different instants may have nothing in common: then the narrowest is the best knowledge.
        if all.is_empty() { known().min_by_key(|set| set.count()).cloned() } else { Some(all) }
    }
}

/// CPUs any thread of a process may run on; those of its main thread where no thread's are known.
fn affinity(process: &ProcessSample) -> Option<CpuSet> {
    let mut union = CpuSet::default();
    let mut newest: Option<&Arc<CpuSet>> = None;
    for mask in process.threads.iter().filter_map(|thread| thread.affinity.as_ref()) {
        // Threads of a process mostly share one mask.
        if !newest.is_some_and(|newest| Arc::ptr_eq(newest, mask)) {
            union.insert_all(mask);
            newest = Some(mask);
        }
    }
    if union.is_empty() { process.fact.cpus_allowed.clone() } else { Some(union) }
}

fn online(host: &HostFact, cpus: &[CpuTime]) -> CpuSet {
    if host.online.is_empty() { cpus.iter().map(|time| time.cpu).collect() } else { host.online.clone() }
}

fn any_of(sets: impl Iterator<Item = CpuSet>) -> Option<CpuSet> {
    sets.reduce(|a, b| a.union(&b)).filter(|set| !set.is_empty())
}

/// The arithmetic. 0 CPUs and no binding term where nothing is known.
pub(crate) fn capacity(places: &CpuLimits, quotas: &Quotas, window: &Window) -> Capacity {
    let set_term = |kind, set: &Option<CpuSet>| {
        let set = set.clone()?;
        let cpus = f64::from(set.count());
        Some(Term { kind, cpus, set: Some(set), place: None::<Text>, throttled_share: None })
    };
    let mut terms = Vec::new();
    terms.extend(set_term(TermKind::Affinity, &places.affinity));
    terms.extend(set_term(TermKind::Cpuset, &places.cpuset));
    terms.extend(quotas.terms(window));
    terms.extend(set_term(TermKind::Online, &places.online));
    let allowed = places.allowed().map(|set| f64::from(set.count()));
    let binding = binding(&terms);
    let smallest = binding.map_or(0.0, |term| terms[term].cpus);
    Capacity {
        effective_cpus: allowed.map_or(smallest, |allowed| allowed.min(smallest)),
        terms,
        binding,
        declared: Vec::new(),
    }
}

/// Variables in which Slurm says how many CPUs it granted (sbatch(1), "OUTPUT ENVIRONMENT VARIABLES"). Kubernetes says so
/// in no variable: its limits are quotas.
const DECLARING: [&str; 2] = ["SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"];

/// What a scheduler declared to the process when it started.
pub(crate) fn declared(process: &ProcessFact) -> Vec<Declared> {
    let declared = |name: &&str| {
        let cpus = process.environment.as_ref()?.get(name)?.trim().parse().ok().filter(|&cpus| cpus > 0)?;
        Some(Declared { cpus, source: (*name).to_owned() })
    };
    DECLARING.iter().filter_map(declared).collect()
}

/// The smallest term. Of equal ones a quota, for it throttles; else the one the others follow from: masks are cut to the
/// cpuset, and cpusets to what is online.
fn binding(terms: &[Term]) -> Option<usize> {
    let rank = |kind| match kind {
        TermKind::Quota => 0,
        TermKind::Online => 1,
        TermKind::Cpuset => 2,
        TermKind::Affinity => 3,
    };
    let order = |&(_, a): &(usize, &Term), &(_, b): &(usize, &Term)| {
        a.cpus.total_cmp(&b.cpus).then_with(|| rank(a.kind).cmp(&rank(b.kind)))
    };
    terms.iter().enumerate().min_by(order).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(affinity: &str, cpuset: &str, online: &str) -> CpuLimits {
        let set = |list: &str| Some(list.parse().unwrap()).filter(|set: &CpuSet| !set.is_empty());
        CpuLimits { affinity: set(affinity), cpuset: set(cpuset), online: set(online) }
    }

    fn arithmetic(places: &CpuLimits) -> (f64, Option<TermKind>) {
        let capacity = capacity(places, &Quotas::default(), &Window::default());
        (capacity.effective_cpus, capacity.binding.map(|term| capacity.terms[term].kind))
    }

    #[test]
    fn the_smallest_term_binds_and_what_is_not_known_is_absent() {
        assert_eq!(arithmetic(&places("0-3", "0-7", "0-63")), (4.0, Some(TermKind::Affinity)));
        assert_eq!(arithmetic(&places("", "0-7", "0-63")), (8.0, Some(TermKind::Cpuset)));
        assert_eq!(arithmetic(&places("0-1", "0-1", "0-1")), (2.0, Some(TermKind::Online)));
        assert_eq!(arithmetic(&places("", "", "")), (0.0, None));
    }

    #[test]
    fn sets_that_only_touch_leave_what_they_share() {
        assert_eq!(arithmetic(&places("0-1", "1-4", "0-7")), (1.0, Some(TermKind::Affinity)));
    }

    #[test]
    fn sets_read_at_different_instants_do_not_forbid_everything() {
        assert_eq!(arithmetic(&places("0-1", "2-5", "0-7")), (2.0, Some(TermKind::Affinity)));
    }

    #[test]
    fn what_slurm_says_is_kept_and_garbage_is_not() {
        let declared_by = |block: &[u8]| {
            let environment = Some(crate::data::sample::Environment::from_block(block));
            declared(&ProcessFact { environment, ..ProcessFact::default() })
        };
        let four = Declared { cpus: 4, source: "SLURM_CPUS_PER_TASK".to_owned() };
        assert_eq!(declared_by(b"SLURM_CPUS_PER_TASK=4\0SLURM_CPUS_ON_NODE=x\0"), [four]);
        assert_eq!(declared_by(b"SLURM_CPUS_PER_TASK=0\0SLURM_CPUS_ON_NODE=-1\0"), []);
    }

    #[test]
    fn few_periods_have_no_share() {
        let throttle = |periods, throttled_periods| Throttle { periods, throttled_periods, throttled_ns: 0 };
        assert_eq!(share(throttle(9, 9)), None);
        assert_eq!(share(throttle(10, 4)), Some(0.4));
        assert_eq!(share(throttle(10, 11)), Some(1.0));
    }
}
