//! `tftop run`: starts a command with caps, stays with it to its end and says whether they held.

pub(crate) mod cgroup_guard;
pub(crate) mod detach;
pub(crate) mod learned;
pub(crate) mod relay;
pub(crate) mod restart_spec;
pub(crate) mod session;

use std::ffi::OsString;
use std::io;
use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::run::{ExecArgs, RunOptions};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::{event_loop, exit, stdio};
use crate::commands::run::restart_spec::RestartSpec;
use crate::commands::run::session::trial::{TrialGoal, TrialResult};
use crate::commands::run::session::{RunSession, SessionEnd, SessionSetup};
use crate::commands::sampling::attach;
use crate::commands::sampling::attach::families;
use crate::launch::environment::EnvironmentChanges;
use crate::launch::log::OutputLog;
use crate::launch::machine::MachineCpus;
use crate::launch::plan::Plan;
use crate::launch::shim::ShimMode;
use crate::launch::shim_socket::ShimSocket;
use crate::launch::{exec_wrapper, plan, process_attributes, program, shell, shim};
use crate::linux::signals::in_foreground;
use crate::model::origin::families::Families;
use crate::runs::run_dir;
use crate::runs::run_dir::{LOG, RunDir};
use crate::runs::store::Store;

/// Starts the command, or with --dry-run says how.
pub(crate) fn run(wish: &RunOptions, options: &GlobalArgs) -> anyhow::Result<Exit> {
    // First of all: nothing starts before everything that could be wrong was looked at.
    let families = families(options)?;
    let plan = plan(wish)?;
    cgroup_guard::check_origins(&plan, &families)?;
    let changes = EnvironmentChanges::of(&plan);
    if wish.dry_run {
        let blueprint = cgroup_guard::blueprint(&plan)?;
        stdio::print(&(shell::line(&changes, plan.cpus.as_ref(), &blueprint, &wish.command) + "\n"))?;
        stdio::say(&about_shim(wish, &plan));
        plan.because.iter().for_each(|why| stdio::say(why));
        plan.pins.iter().for_each(|pin| stdio::say(&format!("and at each look, the threads of {pin} are put there")));
        blueprint.no_cpuset.as_deref().map(cgroup_guard::no_cpuset).iter().for_each(|note| stdio::say(note));
        return Ok(Exit::Clean);
    }
    start(wish, plan, changes, families, options, || Ok(()))
}

/// Starts the command and stays with it. `before` is called when everything that could be wrong was looked at, and its
/// error leaves the command unstarted.
pub(crate) fn start(
    wish: &RunOptions,
    plan: Plan,
    changes: EnvironmentChanges,
    families: Families,
    options: &GlobalArgs,
    before: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    find(wish, &changes)?;
    if wish.detach {
        cgroup_guard::refuse_unattended(&plan)?;
        before()?;
        return detach::detached(wish, plan, changes, options);
    }
    let dashboard = !wish.no_ui && io::stdout().is_terminal() && in_foreground();
    let mut next = RestartSpec::first(wish, plan, changes);
    let mut before = Some(before);
    let mut families = Some(families);
    loop {
        let held = cgroup_guard::hold(&next.plan)?;
        let mut preparation = SessionSetup::new(next.plan.clone(), dashboard);
        let mut changes = next.changes.clone();
        prepare(&next.wish, options, &mut preparation, &mut changes);
        before.take().map_or(Ok(()), |before| before())?;
        let families = families.take().map_or_else(|| attach::families(options), Ok)?;
        let left = event_loop::runtime()?.block_on(async {
            let company = RunSession::start(&next, preparation, held, &changes)?;
            company.stay(options, families).await
        })?;
        prune(options);
        match left {
            SessionEnd::Ended(exit) => return Ok(exit),
            SessionEnd::Again(again) => next = *again,
        }
    }
}

/// Removes the oldest runs. That it can't be done concerns those, not the run that has ended.
fn prune(options: &GlobalArgs) {
    let pruned = run_dir::home().and_then(|home| Store::open(&home)?.prune(options.runs.retention()));
    if let Err(error) | Ok((_, Some(error))) = pruned {
        stdio::say(&format!("tftop: old runs can't be removed: {error}"));
    }
}

/// Starts the command, its output in a log, and ends it when the goal is met or can't be. The shim holds the caps; without
/// any it only listens.
pub(crate) async fn measure(
    command: &[OsString],
    plan: Plan,
    goal: TrialGoal,
    options: &GlobalArgs,
) -> anyhow::Result<TrialResult> {
    let families = families(options)?;
    let wish = RunOptions::of_trial(command.to_vec(), !plan.caps.is_empty())?;
    let mut changes = EnvironmentChanges::of(&plan);
    find(&wish, &changes)?;
    let held = cgroup_guard::hold(&plan)?;
    let mut preparation = SessionSetup::new(plan, false);
    prepare(&wish, options, &mut preparation, &mut changes);
    let folder = preparation.record.folder.as_ref();
    let folder = folder.ok_or_else(|| anyhow!("no folder for a run: {}", preparation.record.missing.join("; ")))?;
    preparation.file = Some(folder.file(LOG).context("making the file for the output")?.1);
    let again = RestartSpec::first(&wish, preparation.plan.clone(), changes.clone());
    RunSession::start(&again, preparation, held, &changes)?.measure(goal, options, families).await
}

/// Caps that fit together on this machine, or why they don't.
pub(crate) fn plan(wish: &RunOptions) -> anyhow::Result<Plan> {
    let asked = wish.caps();
    let asked = plan::PlanRequest { learned: learned::of(asked.preset, &wish.command), ..asked };
    plan::plan(&asked, &machine(wish)?).map_err(|refusal| CommandError::usage(refusal.to_string()).into())
}

/// The CPUs that caps are measured against: those of the old run where there is one.
pub(crate) fn machine(wish: &RunOptions) -> anyhow::Result<MachineCpus> {
    let machine = MachineCpus::read().context("reading which CPUs may be used")?;
    let theirs = wish.origin.as_ref().and_then(|origin| origin.cpus.clone()).filter(|cpus| !cpus.is_empty());
    Ok(MachineCpus { allowed: theirs.unwrap_or(machine.allowed), ..machine })
}

/// A variable as the command would inherit it.
fn inherited(wish: &RunOptions, name: &str) -> Option<OsString> {
    match &wish.origin {
        Some(origin) => origin.environment.get(name).map(ToOwned::to_owned),
        None => std::env::var_os(name),
    }
}

/// Becomes the command; what is left to say when it can't.
pub(crate) fn stage(wish: &ExecArgs) -> Exit {
    for failure in wish.manner.iter().flat_map(process_attributes::take_on) {
        stdio::say(&format!("tftop: {failure}"));
    }
    let error = exec_wrapper::become_command(wish.parent, wish.place, wish.cpus.as_ref(), &wish.cgroups, &wish.command);
    let command = wish.command.first().map(|word| shell::quoted(word)).unwrap_or_default();
    stdio::say(&format!("tftop: {command} can't be executed: {error}"));
    Exit::Of(exit::NOT_EXECUTABLE)
}

/// The command must be there in the environment it will have.
fn find(wish: &RunOptions, changes: &EnvironmentChanges) -> anyhow::Result<()> {
    let path = changes.value("PATH").map(ToOwned::to_owned).or_else(|| inherited(wish, "PATH"));
    let from = wish.origin.as_ref().map_or(Path::new(""), |origin| &origin.folder);
    if let Some(program) = wish.command.first() {
        program::find(program, path.as_deref(), from).map_err(|missing| CommandError::command(&missing))?;
    }
    Ok(())
}

/// The run's folder and what lies in it. Whatever of it can't be, the command starts.
fn prepare(wish: &RunOptions, options: &GlobalArgs, preparation: &mut SessionSetup, changes: &mut EnvironmentChanges) {
    if let Some(mode) = wish.shim() {
        put_in_front(mode, inherited(wish, "PYTHONPATH"), preparation, changes);
    }
    let launch = preparation.fact(wish);
    let SessionSetup { plan, record, .. } = preparation;
    record.describe(&wish.command, wish.origin.as_deref(), (plan, launch), changes, options.interval);
    if preparation.dashboard {
        preparation.log = Some(log(preparation, wish.log_limit()));
    }
}

/// Into the run's folder, where it stays: new processes of the command look for it there. There is nobody to listen.
fn put_in_front_of_detached(
    wish: &RunOptions,
    preparation: &mut SessionSetup,
    changes: &mut EnvironmentChanges,
) -> io::Result<()> {
    match (wish.shim(), &preparation.record.folder) {
        (Some(mode), Some(folder)) => {
            let config = shim::config(mode, &preparation.plan.caps, None);
            shim::install(folder, config, inherited(wish, "PYTHONPATH"), changes)
        }
        _ => Ok(()),
    }
}

/// Into the run's folder, else among temporary files; without a shim where neither can be written.
fn put_in_front(
    mode: ShimMode,
    inherited: Option<OsString>,
    preparation: &mut SessionSetup,
    changes: &mut EnvironmentChanges,
) {
    let caps = preparation.plan.caps;
    let mut install = |folder: &RunDir| {
        let mut changed = changes.clone();
        let config = shim::config(mode, &caps, Some(&folder.socket()));
        shim::install(folder, config, inherited.clone(), &mut changed)?;
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
fn about_shim(wish: &RunOptions, plan: &Plan) -> String {
    let Some(mode) = wish.shim() else {
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
