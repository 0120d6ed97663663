//! Who is watched: the target, its processes, its TensorFlow.

use std::collections::BTreeSet;

use crate::data::job::rank::Rank;
use crate::data::sample::{ContainerFact, FrameworkFact};
use crate::data::scene::Demand;
use crate::data::{Framework, Pid, Text};

/// The watched process and its descendants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TargetState {
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
    /// The other frameworks in its processes, each once, in the order of [`Framework::all`].
    pub frameworks: Vec<FrameworkFact>,
    /// Python's version.
    pub python: Option<Text>,
    /// When it started, seconds after 1970.
    pub started_unix_s: u64,
    /// For how long it has been running.
    pub uptime_s: f64,
    /// Whether it is gone: the process that was asked for and every descendant.
    pub ended: bool,
    /// Which rank of which job the process that was asked for is; none where no launcher started it.
    pub rank: Option<Rank>,
    /// The container that it runs in; none where its cgroup names none.
    pub container: Option<ContainerFact>,
    /// The target's processes, the one asked for first.
    pub processes: Vec<ProcessState>,
}

impl TargetState {
    /// The framework it is said to run: TensorFlow before others. None where it maps none that tftop knows.
    pub fn framework(&self) -> Option<FrameworkFact> {
        let of =
            |found: &TensorFlow| FrameworkFact { framework: Framework::TensorFlow, version: found.version.clone() };
        self.tensorflow.as_ref().map(of).or_else(|| self.frameworks.first().cloned())
    }
}

impl TargetState {
    /// How many ranks of one job are watched; 0 where the process that was asked for is none.
    pub fn ranks_here(&self) -> usize {
        let Some(asked) = &self.rank else { return 0 };
        let ranks = self.processes.iter().filter_map(|process| process.rank.as_ref());
        let of_job = ranks.filter(|rank| (rank.launcher, &rank.job) == (asked.launcher, &asked.job));
        of_job.map(|rank| rank.rank).collect::<BTreeSet<u32>>().len()
    }

    /// What an equal part of so many CPUs is for each rank on this machine, watched or not; none where it is no rank.
    pub fn share(&self, cpus: f64) -> Option<f64> {
        let told = self.rank.as_ref()?.local_ranks.map_or(0, |ranks| ranks as usize);
        Some(cpus / told.max(self.ranks_here()).max(1) as f64)
    }
}

/// TensorFlow in a target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorFlow {
    /// Its version; missing for builds without metadata.
    pub version: Option<Text>,
    /// True when only names suggest it.
    pub guessed: bool,
}

/// One process of the target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessState {
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
    /// Which rank of a job it is; none where no launcher started it.
    pub rank: Option<Rank>,
    /// How many CPUs its main thread may run on, by its mask; none where that could not be read.
    pub cpus_allowed: Option<u32>,
}
