//! What stands before the command starts: its program is found, the run's folder made, the shim put in front.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::run::RunOptions;
use crate::commands::own_process::exit::CommandError;
use crate::commands::run::describe;
use crate::commands::run::planning::inherited;
use crate::commands::run::session::SessionSetup;
use crate::data::run::run_files::LOG;
use crate::launch::caps::plan::Plan;
use crate::launch::shim::ShimMode;
use crate::launch::shim_socket::ShimSocket;
use crate::launch::terminal::log::OutputLog;
use crate::launch::{program, shell, shim};
use crate::runs::run_dir::RunDir;

/// The command must be there in the environment it will have.
pub(crate) fn find(args: &RunOptions, plan: &Plan) -> anyhow::Result<()> {
    let path = plan.environment.value("PATH").map(ToOwned::to_owned).or_else(|| inherited(args, "PATH"));
    let from = args.origin.as_ref().map_or(Path::new(""), |origin| &origin.folder);
    if let Some(program) = args.command.first() {
        program::find(program, path.as_deref(), from).map_err(|missing| CommandError::command(&missing))?;
    }
    Ok(())
}

/// The run's folder and what lies in it. Whatever of it can't be, the command starts.
pub(crate) fn prepare(args: &RunOptions, options: &GlobalArgs, preparation: &mut SessionSetup) {
    if let Some(mode) = args.shim() {
        put_in_front(mode, inherited(args, "PYTHONPATH"), preparation);
    }
    let launch = preparation.fact(args);
    let SessionSetup { plan, record, .. } = preparation;
    describe::describe(
        record,
        &args.command,
        args.origin.as_deref(),
        (plan, launch),
        &plan.environment,
        options.interval,
    );
    if preparation.dashboard {
        preparation.log = Some(log(preparation, args.log_limit()));
    }
}

/// Into the run's folder, where it stays: new processes of the command look for it there. There is nobody to listen.
pub(crate) fn put_in_front_of_detached(args: &RunOptions, preparation: &mut SessionSetup) -> io::Result<()> {
    match (args.shim(), &preparation.record.folder) {
        (Some(mode), Some(folder)) => {
            let config = shim::config(mode, &preparation.plan.caps, None);
            shim::install(&folder.shim(), config, inherited(args, "PYTHONPATH"), &mut preparation.plan.environment)
        }
        _ => Ok(()),
    }
}

/// Into the run's folder, else among temporary files; without a shim where neither can be written.
fn put_in_front(mode: ShimMode, inherited: Option<OsString>, preparation: &mut SessionSetup) {
    let caps = preparation.plan.caps;
    let changes = &mut preparation.plan.environment;
    let mut install = |folder: &RunDir| {
        let mut changed = changes.clone();
        let config = shim::config(mode, &caps, Some(&folder.socket()));
        shim::install(&folder.shim(), config, inherited.clone(), &mut changed)?;
        let inbox = ShimSocket::open(&folder.socket())?;
        *changes = changed;
        Ok::<ShimSocket, io::Error>(inbox)
    };
    let mut why = None;
    if let Some(folder) = &preparation.record.folder {
        match install(folder) {
            Ok(inbox) => return preparation.inbox = Some(inbox),
            Err(error) => why = Some(error),
        }
    }
    let elsewhere = RunDir::make_temporary(preparation.record.started_unix_s());
    match elsewhere.and_then(|folder| install(&folder).map(|inbox| (folder, inbox))) {
        Ok((folder, inbox)) => (preparation.elsewhere, preparation.inbox) = (Some(folder), Some(inbox)),
        Err(error) => preparation.no_shim = Some(why.unwrap_or(error).to_string()),
    }
}

/// The file for the output of a command that has a terminal of its own.
fn log(preparation: &mut SessionSetup, limit: u64) -> OutputLog {
    let made = preparation.record.folder.as_ref().map(|folder| folder.file(LOG));
    match made {
        Some(Ok((path, file))) => OutputLog::new(&path, file, limit),
        Some(Err(error)) => OutputLog::none(&error.to_string()),
        None => OutputLog::none("this run has no folder"),
    }
}

/// What no line for a shell can say: the shim's folder exists only while tftop runs.
pub(crate) fn about_shim(args: &RunOptions, plan: &Plan) -> String {
    let Some(mode) = args.shim() else {
        return "without the shim: what the script itself sets later is not held".to_owned();
    };
    let does = match mode {
        ShimMode::Enforce => "holds the caps against what the script itself sets",
        ShimMode::Record => "records what the script itself sets",
    };
    let config = shim::config(mode, &plan.caps, None);
    format!(
        "and tftop's shim, which {does}: PYTHONPATH=ITS_FOLDER:$PYTHONPATH TFTOP_SHIM={}",
        shell::quoted(config.as_ref())
    )
}
