//! Everything that stands before a command starts.

use std::fs::File;

use crate::commands::args::run::RunOptions;
use crate::data::sample::{LaunchFact, ShimUse};
use crate::launch::caps::plan::Plan;
use crate::launch::shim;
use crate::launch::shim_socket::ShimSocket;
use crate::launch::terminal::log::OutputLog;
use crate::runs::run_dir::RunDir;
use crate::runs::run_record::RunRecord;

/// Everything that stands before the command starts.
pub(crate) struct SessionSetup {
    pub(crate) plan: Plan,
    pub(crate) dashboard: bool,
    /// What is kept of the run.
    pub(crate) record: RunRecord,
    /// The shim's folder, where it can't be in the record's; goes with the run.
    pub(crate) elsewhere: Option<RunDir>,
    pub(crate) inbox: Option<ShimSocket>,
    /// Why there is no shim although there should be one.
    pub(crate) no_shim: Option<String>,
    /// Of the command's own terminal, where there is a dashboard.
    pub(crate) log: Option<OutputLog>,
    /// Where its output goes instead of this process's own.
    pub(crate) file: Option<File>,
}

impl SessionSetup {
    pub(crate) fn new(plan: Plan, dashboard: bool) -> Self {
        let record = RunRecord::begin();
        Self { plan, dashboard, record, elsewhere: None, inbox: None, no_shim: None, log: None, file: None }
    }

    /// What the command gets.
    pub(crate) fn fact(&self, args: &RunOptions) -> LaunchFact {
        let shim = shim_use(args.shim().filter(|_| self.no_shim.is_none()));
        let Plan { caps, cpus, quota, pins, .. } = self.plan.clone();
        LaunchFact { caps, cpus, quota, pins, shim }
    }
}

pub(crate) fn shim_use(mode: Option<shim::ShimMode>) -> ShimUse {
    match mode {
        None => ShimUse::Off,
        Some(shim::ShimMode::Record) => ShimUse::Record,
        Some(shim::ShimMode::Enforce) => ShimUse::Enforce,
    }
}
