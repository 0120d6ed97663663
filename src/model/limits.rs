//! Gives each group of a scene its limits: which process's settings count for it, and how many threads it has there.

use std::collections::BTreeMap;

use super::knobs::{Cpus, limits};
use super::scene::{Group, Thread};
use crate::fact::{CpuSet, Pid, ProcessFact, ProcessSample, Sample};

/// The CPUs that pool sizes follow from where nothing is set.
pub(crate) fn sizes(sample: &Sample, allowed: Option<&CpuSet>) -> Cpus {
    let online = if sample.host.online.is_empty() { sample.cpus.len() as u32 } else { sample.host.online.count() };
    Cpus { allowed: allowed.map_or(online, CpuSet::count), online }
}

/// Fills in `limits` of every group: those of the process in which the group has most threads.
pub(crate) fn fill(groups: &mut [Group], threads: &[Thread], processes: &[ProcessSample], sizes: Cpus) {
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
        let most = counts.iter().max_by_key(|(pid, count)| (**count, std::cmp::Reverse(**pid)));
        let Some((pid, count)) = most else { continue };
        if let Some(process) = fact(processes, *pid) {
            group.limits = limits(&group.key.origin, group.key.library.as_deref(), process, sizes, *count);
        }
    }
}

fn fact(processes: &[ProcessSample], pid: Pid) -> Option<&ProcessFact> {
    processes.iter().map(|process| process.fact.as_ref()).find(|fact| fact.key.pid == pid)
}
