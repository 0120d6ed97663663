//! Gives each group of a scene its limits: what holds in each process that has threads of it, for pools are made per process.

use std::collections::BTreeMap;

use crate::data::limits::{Limits, ProcessLimit};
use crate::data::sample::{ProcessSample, Sample};
use crate::data::scene::{Group, Thread};
use crate::data::{CpuSet, Pid, SharedList};
use crate::model::capacity::CpuLimits;
use crate::model::limits::knobs::{DefaultCpus, limits};

/// The CPUs that pool sizes follow from where nothing is set.
#[derive(Debug)]
pub(crate) struct DefaultSizes {
    /// For the target as a whole.
    pub whole: DefaultCpus,
    /// For each process, in the order of the sample.
    pub each: Vec<DefaultCpus>,
}

impl DefaultSizes {
    /// From where the target may run, and in a tree from where each process may.
    pub fn of(sample: &Sample, allowed: Option<&CpuSet>) -> Self {
        let online = if sample.host.online.is_empty() { sample.cpus.len() as u32 } else { sample.host.online.count() };
        let cpus = |allowed: Option<&CpuSet>| DefaultCpus { allowed: allowed.map_or(online, CpuSet::count), online };
        let each = match sample.processes.as_slice() {
            [_] => vec![cpus(allowed)],
            several => several.iter().map(|p| cpus(CpuLimits::of(sample, &[p]).allowed().as_ref())).collect(),
        };
        Self { whole: cpus(allowed), each }
    }
}

/// Fills in `limits` of every group.
pub(crate) fn fill(
    groups: &mut [Group],
    threads: &SharedList<Thread>,
    processes: &[ProcessSample],
    sizes: &DefaultSizes,
) {
    let mut counts: Vec<BTreeMap<Pid, u32>> = vec![BTreeMap::new(); groups.len()];
    if let [only] = processes {
        for (count, group) in counts.iter_mut().zip(&*groups) {
            count.insert(only.fact.key.pid, group.threads);
        }
    } else {
        for thread in threads {
            if let Some(count) = counts.get_mut(thread.group) {
                *count.entry(thread.pid).or_default() += 1;
            }
        }
    }
    for (group, counts) in groups.iter_mut().zip(counts) {
        group.limits = of_group(group, &counts, processes, sizes);
    }
}

fn of_group(group: &Group, counts: &BTreeMap<Pid, u32>, processes: &[ProcessSample], sizes: &DefaultSizes) -> Limits {
    let (mut worst, mut rank, mut all) = (Limits::default(), None, Vec::new());
    for (process, &cpus) in processes.iter().zip(&sizes.each) {
        let pid = process.fact.key.pid;
        let Some(&threads) = counts.get(&pid) else { continue };
        let found = limits(&group.key.origin, group.key.library.as_deref(), &process.fact, cpus, threads);
        let (limit, exceeded_by) = (found.effective().cloned(), found.exceeded_by);
        all.push(ProcessLimit { pid, threads, limit, exceeded_by });
        if rank < Some((exceeded_by, threads)) {
            (worst, rank) = (found, Some((exceeded_by, threads)));
        }
    }
    all.sort_by_key(|process| process.pid);
    Limits { processes: all, ..worst }
}
