//! `tftop run`: starts a command with caps, stays with it to its end and says whether they held.

pub(crate) mod cgroup_guard;
pub(crate) mod describe;
pub(crate) mod detach;
pub(crate) mod learned;
pub(crate) mod planning;
pub(crate) mod prepare;
pub(crate) mod relay;
pub(crate) mod restart_spec;
pub(crate) mod session;

use std::ffi::OsString;
use std::io;
use std::io::IsTerminal as _;

use anyhow::{Context as _, anyhow};

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::run::{ExecArgs, RunOptions};
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::{event_loop, exit, stdio};
use crate::commands::run::planning::plan;
use crate::commands::run::prepare::{about_shim, find, prepare};
use crate::commands::run::restart_spec::RestartSpec;
use crate::commands::run::session::trial::{TrialGoal, TrialResult};
use crate::commands::run::session::{RunSession, SessionEnd, SessionSetup};
use crate::commands::sampling::attach;
use crate::commands::sampling::attach::families;
use crate::data::run::run_files::LOG;
use crate::launch::caps::plan::Plan;
use crate::launch::{exec_wrapper, process_attributes, shell};
use crate::linux::signals::in_foreground;
use crate::model::origin::families::Families;
use crate::runs::run_dir;
use crate::runs::store::Store;

/// Starts the command, or with --dry-run says how.
pub(crate) fn run(args: &RunOptions, options: &GlobalArgs) -> anyhow::Result<Exit> {
    // First of all: nothing starts before everything that could be wrong was looked at.
    let families = families(options)?;
    let plan = plan(args)?;
    cgroup_guard::check_origins(&plan, &families)?;
    if args.dry_run {
        let blueprint = cgroup_guard::blueprint(&plan)?;
        stdio::print(&(shell::line(&plan.environment, plan.cpus.as_ref(), &blueprint, &args.command) + "\n"))?;
        stdio::say(&about_shim(args, &plan));
        plan.because.iter().for_each(|why| stdio::say(why));
        plan.pins.iter().for_each(|pin| stdio::say(&format!("and at each look, the threads of {pin} are put there")));
        blueprint.no_cpuset.as_deref().map(cgroup_guard::no_cpuset).iter().for_each(|note| stdio::say(note));
        return Ok(Exit::Clean);
    }
    start(args, plan, families, options, || Ok(()))
}

/// Starts the command and stays with it. `before` is called when everything that could be wrong was looked at, and its
/// error leaves the command unstarted.
pub(crate) fn start(
    args: &RunOptions,
    plan: Plan,
    families: Families,
    options: &GlobalArgs,
    before: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    find(args, &plan)?;
    if args.detach {
        cgroup_guard::refuse_unattended(&plan)?;
        before()?;
        return detach::detached(args, plan, options);
    }
    let dashboard = !args.no_ui && io::stdout().is_terminal() && in_foreground();
    let mut next = RestartSpec::first(args, plan);
    let mut before = Some(before);
    let mut families = Some(families);
    loop {
        let held = cgroup_guard::hold(&next.plan)?;
        let mut preparation = SessionSetup::new(next.plan.clone(), dashboard);
        prepare(&next.options, options, &mut preparation);
        before.take().map_or(Ok(()), |before| before())?;
        let families = families.take().map_or_else(|| attach::families(options), Ok)?;
        let left = event_loop::runtime()?.block_on(async {
            let company = RunSession::start(&next, preparation, held)?;
            company.watch_to_end(options, families).await
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
    let args = RunOptions::of_trial(command.to_vec(), !plan.caps.is_empty())?;
    find(&args, &plan)?;
    let held = cgroup_guard::hold(&plan)?;
    let again = RestartSpec::first(&args, plan.clone());
    let mut preparation = SessionSetup::new(plan, false);
    prepare(&args, options, &mut preparation);
    let folder = preparation.record.folder.as_ref();
    let folder = folder.ok_or_else(|| anyhow!("no folder for a run: {}", preparation.record.missing.join("; ")))?;
    preparation.file = Some(folder.file(LOG).context("making the file for the output")?.1);
    RunSession::start(&again, preparation, held)?.measure(goal, options, families).await
}

/// Becomes the command; what is left to say when it can't.
pub(crate) fn exec(args: &ExecArgs) -> Exit {
    for failure in args.manner.iter().flat_map(process_attributes::take_on) {
        stdio::say(&format!("tftop: {failure}"));
    }
    let error = exec_wrapper::become_command(args.parent, args.place, args.cpus.as_ref(), &args.cgroups, &args.command);
    let command = args.command.first().map(|word| shell::quoted(word)).unwrap_or_default();
    stdio::say(&format!("tftop: {command} can't be executed: {error}"));
    Exit::Of(exit::NOT_EXECUTABLE)
}
