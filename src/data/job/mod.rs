//! A job: the ranks of one program that a launcher started, as far as they run on this machine.

pub mod rank;

use std::sync::Arc;

use crate::data::Text;
use crate::data::job::rank::{Launcher, Rank};
use crate::data::scene::{Demand, Scene, TargetState};

/// What ranks of one job have in common. A launcher that gives a job no name is taken to have started no second job of as many
/// ranks for the same user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobKey {
    /// Who started them.
    pub launcher: Launcher,
    /// Whose they are.
    pub user: Option<Text>,
    /// What the launcher calls it.
    pub name: Option<Text>,
    /// Ranks of the job on all machines; missing where it is not told.
    pub ranks: Option<u32>,
}

impl JobKey {
    /// Of a rank of this user.
    pub fn new(rank: &Rank, user: Option<&Text>) -> Self {
        Self { launcher: rank.launcher, user: user.cloned(), name: rank.job.clone(), ranks: rank.ranks }
    }

    /// Of the job that a process belongs to; none of one that is no rank.
    pub fn of(target: &TargetState) -> Option<Self> {
        target.rank.as_ref().map(|rank| Self::new(rank, target.user.as_ref()))
    }
}

/// The ranks of a job that run on this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Which job.
    pub key: JobKey,
    /// Ranks seen here, each once, by number.
    pub ranks_here: Vec<u32>,
    /// What an equal part of the CPUs that its ranks here may use is, for each of them.
    pub share: f64,
    /// What its processes here got and wanted; none until all were seen twice.
    pub demand: Option<Demand>,
    /// All its processes here as one target, with the verdict on them together.
    pub scene: Arc<Scene>,
}

impl Job {
    /// Whether a process is one of its ranks.
    pub fn includes(&self, target: &TargetState) -> bool {
        let key = &self.key;
        target.rank.as_ref().is_some_and(|rank| {
            (rank.launcher, &rank.job, rank.ranks, &target.user) == (key.launcher, &key.name, key.ranks, &key.user)
        })
    }

    /// "Slurm job 4711", "torchrun job".
    pub fn name(&self) -> String {
        self.key.launcher.job(self.key.name.as_ref())
    }

    /// "4 of 8 ranks" where others run elsewhere, else "8 ranks".
    pub fn ranks(&self) -> String {
        rank::ranks_here(self.ranks_here.len(), self.key.ranks)
    }
}
