//! What is handed from the thread that looks to those who serve it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::data::job::Job;
use crate::data::scene::Scene;
use crate::output;
use crate::output::LookTotals;

/// The newest look at all processes.
#[derive(Clone, Debug, Default)]
pub(super) struct Looked {
    /// One scene a process.
    pub(super) scenes: Vec<Arc<Scene>>,
    /// Jobs of which several ranks are among them.
    pub(super) jobs: Vec<Job>,
    pub(super) own: LookTotals,
    /// When it was taken; none before the first.
    pub(super) at: Option<Instant>,
    /// The time between two looks.
    pub(super) interval: Duration,
    /// The name of the run that is looked at alone.
    pub(super) run: Option<Arc<str>>,
}

impl Looked {
    /// All of it as OpenMetrics.
    pub(super) fn open_metrics(&self) -> Result<String, fmt::Error> {
        output::open_metrics(&self.scenes, &self.jobs, self.own, self.run.as_deref())
    }
}
