//! What stands before a command starts: the run's folder and its record, the shim put in front, the file for the output.
//! Whatever of it can't be made, the command starts.

use std::ffi::OsString;
use std::fs::File;
use std::io;

use crate::commands::args::global::GlobalArgs;
use crate::commands::run::describe;
use crate::commands::run::start_spec::{StartRequest, StartSpec};
use crate::data::run::run_files::{LOG, SOCKET};
use crate::data::sample::{LaunchFact, ShimUse};
use crate::launch::caps::plan::Plan;
use crate::launch::shim;
use crate::launch::shim::ShimMode;
use crate::launch::shim_socket::ShimSocket;
use crate::launch::terminal::log::OutputLog;
use crate::runs::run_dir::RunDir;
use crate::runs::run_record::RunRecord;

/// Everything that stands before the command starts.
pub(crate) struct SessionSetup {
    /// With the shim in its environment.
    pub(crate) plan: Plan,
    pub(crate) dashboard: bool,
    /// What is kept of the run.
    pub(crate) record: RunRecord,
    /// The shim's folder, where it can't be in the record's; goes with the run.
    pub(crate) elsewhere: Option<RunDir>,
    pub(crate) shim_socket: Option<ShimSocket>,
    /// Why there is no shim although there should be one.
    pub(crate) no_shim: Option<String>,
    /// Of the command's own terminal, where there is a dashboard.
    pub(crate) log: Option<OutputLog>,
    /// Where its output goes instead of this process's own.
    pub(crate) file: Option<File>,
}

impl SessionSetup {
    /// For a command that is watched.
    pub(crate) fn new(spec: &StartSpec, dashboard: bool, options: &GlobalArgs) -> Self {
        let mut setup = Self::empty(spec, dashboard);
        if let Some(mode) = spec.request.shim {
            put_in_front(mode, spec.request.inherited("PYTHONPATH"), &mut setup);
        }
        setup.describe(&spec.request, options);
        if dashboard {
            setup.log = Some(log(&setup, u64::from(spec.request.log_limit_mb) * 1_000_000));
        }
        setup
    }

    /// For one that is left alone. The shim stays in the run's folder: new processes of the command look for it there.
    pub(crate) fn detached(spec: &StartSpec, options: &GlobalArgs) -> io::Result<Self> {
        let mut setup = Self::empty(spec, false);
        if let (Some(mode), Some(folder)) = (spec.request.shim, &setup.record.folder) {
            let config = shim::config(mode, &setup.plan.caps, None);
            let inherited = spec.request.inherited("PYTHONPATH");
            shim::install(&folder.shim()?, config, inherited, &mut setup.plan.environment)?;
        }
        setup.describe(&spec.request, options);
        Ok(setup)
    }

    /// For one of several copies, of which nothing is kept: shim and output stand in a folder that goes with it.
    pub(crate) fn copy(spec: &StartSpec) -> io::Result<Self> {
        let mut setup = Self::with_record(spec, false, RunRecord::none());
        if let Some(mode) = spec.request.shim {
            put_in_front(mode, spec.request.inherited("PYTHONPATH"), &mut setup);
        }
        match (&setup.elsewhere, &setup.no_shim) {
            (Some(folder), _) => setup.file = Some(folder.file(LOG)?.1),
            (None, why) => return Err(io::Error::other(why.clone().unwrap_or_default())),
        }
        Ok(setup)
    }

    fn empty(spec: &StartSpec, dashboard: bool) -> Self {
        let mut record = RunRecord::begin();
        record.fact.predicted = spec.predicted;
        Self::with_record(spec, dashboard, record)
    }

    fn with_record(spec: &StartSpec, dashboard: bool, record: RunRecord) -> Self {
        let plan = spec.plan.clone();
        Self { plan, dashboard, record, elsewhere: None, shim_socket: None, no_shim: None, log: None, file: None }
    }

    fn describe(&mut self, request: &StartRequest, options: &GlobalArgs) {
        let launch = self.fact(request.shim);
        describe::describe(&mut self.record, request, (&self.plan, launch), options.interval);
    }

    /// What the command gets.
    pub(crate) fn fact(&self, mode: Option<ShimMode>) -> LaunchFact {
        let shim = match mode.filter(|_| self.no_shim.is_none()) {
            None => ShimUse::Off,
            Some(ShimMode::Record) => ShimUse::Record,
            Some(ShimMode::Enforce) => ShimUse::Enforce,
        };
        let Plan { caps, cpus, quota, pins, .. } = self.plan.clone();
        LaunchFact { caps, cpus, quota, pins, shim }
    }
}

/// Into the run's folder, else among temporary files; without a shim where neither can be written.
fn put_in_front(mode: ShimMode, inherited: Option<OsString>, setup: &mut SessionSetup) {
    let caps = setup.plan.caps;
    let changes = &mut setup.plan.environment;
    let mut install = |folder: &RunDir| {
        let mut changed = changes.clone();
        let config = shim::config(mode, &caps, Some(&folder.socket()));
        shim::install(&folder.shim()?, config, inherited.clone(), &mut changed)?;
        let shim_socket = ShimSocket::open(folder.socket_folder(), SOCKET)?;
        *changes = changed;
        Ok::<ShimSocket, io::Error>(shim_socket)
    };
    let mut why = None;
    if let Some(folder) = &setup.record.folder {
        match install(folder) {
            Ok(shim_socket) => return setup.shim_socket = Some(shim_socket),
            Err(error) => why = Some(error),
        }
    }
    let elsewhere = RunDir::make_temporary(setup.record.started_unix_s());
    match elsewhere.and_then(|folder| install(&folder).map(|shim_socket| (folder, shim_socket))) {
        Ok((folder, shim_socket)) => (setup.elsewhere, setup.shim_socket) = (Some(folder), Some(shim_socket)),
        Err(error) => setup.no_shim = Some(why.unwrap_or(error).to_string()),
    }
}

/// The file for the output of a command that has a terminal of its own.
fn log(setup: &SessionSetup, limit: u64) -> OutputLog {
    let made = setup.record.folder.as_ref().map(|folder| folder.file(LOG));
    match made {
        Some(Ok((path, file))) => OutputLog::new(&path, file, limit),
        Some(Err(error)) => OutputLog::none(&error.to_string()),
        None => OutputLog::none("this run has no folder"),
    }
}
