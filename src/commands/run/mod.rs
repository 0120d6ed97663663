//! `tftop run`: starts a command with caps, stays with it to its end and says whether they held.

pub(crate) mod cgroup_guard;
pub(crate) mod detach;
pub(crate) mod learned;
pub(crate) mod record;
pub(crate) mod relay;
pub(crate) mod restart_spec;
pub(crate) mod session;

use std::ffi::OsString;
use std::io;
use std::io::IsTerminal as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::commands::args::cli::Options;
use crate::commands::args::run::{RunWish, StageWish};
use crate::commands::attach::families;
use crate::commands::exit::{Exit, Problem};
use crate::commands::run::restart_spec::Again;
use crate::commands::run::session::trial::{Goal, Ran};
use crate::commands::run::session::{Company, Left, Preparation};
use crate::commands::{exit, stdio, watch};
use crate::launch::environment::Changes;
use crate::launch::log::Log;
use crate::launch::machine::Machine;
use crate::launch::plan::Plan;
use crate::launch::run_dir::{Folder, LOG};
use crate::launch::shim::Mode;
use crate::launch::shim_socket::Inbox;
use crate::launch::{exec_wrapper, plan, process_attributes, program, run_dir, shell, shim};
use crate::linux::signals::in_foreground;
use crate::model::origin::families::Families;
use crate::runs::store::Store;

/// Starts the command, or with --dry-run says how.
pub(crate) fn run(wish: &RunWish, options: &Options) -> anyhow::Result<Exit> {
    // First of all: nothing starts before everything that could be wrong was looked at.
    let families = families(options)?;
    let plan = plan(wish)?;
    cgroup_guard::check_origins(&plan, &families)?;
    let changes = Changes::of(&plan);
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
    wish: &RunWish,
    plan: Plan,
    changes: Changes,
    families: Families,
    options: &Options,
    before: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    find(wish, &changes)?;
    if wish.detach {
        cgroup_guard::refuse_unattended(&plan)?;
        before()?;
        return detach::detached(wish, plan, changes, options);
    }
    let dashboard = !wish.no_ui && io::stdout().is_terminal() && in_foreground();
    let mut next = Again::first(wish, plan, changes);
    let mut before = Some(before);
    let mut families = Some(families);
    loop {
        let held = cgroup_guard::hold(&next.plan)?;
        let mut preparation = Preparation::new(next.plan.clone(), dashboard);
        let mut changes = next.changes.clone();
        prepare(&next.wish, options, &mut preparation, &mut changes);
        before.take().map_or(Ok(()), |before| before())?;
        let families = families.take().map_or_else(|| crate::commands::attach::families(options), Ok)?;
        let left = watch::runtime()?.block_on(async {
            let company = Company::start(&next, preparation, held, &changes)?;
            company.stay(options, families).await
        })?;
        prune(options);
        match left {
            Left::Ended(exit) => return Ok(exit),
            Left::Again(again) => next = *again,
        }
    }
}

/// Removes the oldest runs. That it can't be done concerns those, not the run that has ended.
fn prune(options: &Options) {
    let pruned = run_dir::home().and_then(|home| Store::open(&home)?.prune(options.runs.retention()));
    if let Err(error) | Ok((_, Some(error))) = pruned {
        stdio::say(&format!("tftop: old runs can't be removed: {error}"));
    }
}

/// Starts the command, its output in a log, and ends it when the goal is met or can't be. The shim holds the caps; without
/// any it only listens.
pub(crate) async fn measure(command: &[OsString], plan: Plan, goal: Goal, options: &Options) -> anyhow::Result<Ran> {
    let families = families(options)?;
    let wish = RunWish::of_trial(command.to_vec(), !plan.caps.is_empty())?;
    let mut changes = Changes::of(&plan);
    find(&wish, &changes)?;
    let held = cgroup_guard::hold(&plan)?;
    let mut preparation = Preparation::new(plan, false);
    prepare(&wish, options, &mut preparation, &mut changes);
    let folder = preparation.record.folder.as_ref();
    let folder = folder.ok_or_else(|| anyhow!("no folder for a run: {}", preparation.record.missing.join("; ")))?;
    preparation.file = Some(folder.file(LOG).context("making the file for the output")?.1);
    let again = Again::first(&wish, preparation.plan.clone(), changes.clone());
    Company::start(&again, preparation, held, &changes)?.measure(goal, options, families).await
}

/// Caps that fit together on this machine, or why they don't.
pub(crate) fn plan(wish: &RunWish) -> anyhow::Result<Plan> {
    let asked = wish.caps();
    let asked = plan::Wish { learned: learned::of(asked.preset, &wish.command), ..asked };
    plan::plan(&asked, &machine(wish)?).map_err(|refusal| Problem::usage(refusal.to_string()).into())
}

/// The CPUs that caps are measured against: those of the old run where there is one.
pub(crate) fn machine(wish: &RunWish) -> anyhow::Result<Machine> {
    let machine = Machine::read().context("reading which CPUs may be used")?;
    let theirs = wish.origin.as_ref().and_then(|origin| origin.cpus.clone()).filter(|cpus| !cpus.is_empty());
    Ok(Machine { allowed: theirs.unwrap_or(machine.allowed), ..machine })
}

/// A variable as the command would inherit it.
fn inherited(wish: &RunWish, name: &str) -> Option<OsString> {
    match &wish.origin {
        Some(origin) => origin.environment.get(name).map(ToOwned::to_owned),
        None => std::env::var_os(name),
    }
}

/// Becomes the command; what is left to say when it can't.
pub(crate) fn stage(wish: &StageWish) -> Exit {
    for failure in wish.manner.iter().flat_map(process_attributes::take_on) {
        stdio::say(&format!("tftop: {failure}"));
    }
    let error = exec_wrapper::become_command(wish.parent, wish.place, wish.cpus.as_ref(), &wish.cgroups, &wish.command);
    let command = wish.command.first().map(|word| shell::quoted(word)).unwrap_or_default();
    stdio::say(&format!("tftop: {command} can't be executed: {error}"));
    Exit::Of(exit::NOT_EXECUTABLE)
}

/// The command must be there in the environment it will have.
fn find(wish: &RunWish, changes: &Changes) -> anyhow::Result<()> {
    let path = changes.value("PATH").map(ToOwned::to_owned).or_else(|| inherited(wish, "PATH"));
    let from = wish.origin.as_ref().map_or(Path::new(""), |origin| &origin.folder);
    if let Some(program) = wish.command.first() {
        program::find(program, path.as_deref(), from).map_err(|missing| Problem::command(&missing))?;
    }
    Ok(())
}

/// The run's folder and what lies in it. Whatever of it can't be, the command starts.
fn prepare(wish: &RunWish, options: &Options, preparation: &mut Preparation, changes: &mut Changes) {
    if let Some(mode) = wish.shim() {
        put_in_front(mode, inherited(wish, "PYTHONPATH"), preparation, changes);
    }
    let launch = preparation.fact(wish);
    let Preparation { plan, record, .. } = preparation;
    record.describe(&wish.command, wish.origin.as_deref(), (plan, launch), changes, options.interval);
    if preparation.dashboard {
        preparation.log = Some(log(preparation, wish.log_limit()));
    }
}

/// Into the run's folder, where it stays: new processes of the command look for it there. There is nobody to listen.
fn put_in_front_of_detached(wish: &RunWish, preparation: &mut Preparation, changes: &mut Changes) -> io::Result<()> {
    match (wish.shim(), &preparation.record.folder) {
        (Some(mode), Some(folder)) => {
            let config = shim::config(mode, &preparation.plan.caps, None);
            shim::install(folder, config, inherited(wish, "PYTHONPATH"), changes)
        }
        _ => Ok(()),
    }
}

/// Into the run's folder, else among temporary files; without a shim where neither can be written.
fn put_in_front(mode: Mode, inherited: Option<OsString>, preparation: &mut Preparation, changes: &mut Changes) {
    let caps = preparation.plan.caps;
    let mut install = |folder: &Folder| {
        let mut changed = changes.clone();
        let config = shim::config(mode, &caps, Some(&folder.socket()));
        shim::install(folder, config, inherited.clone(), &mut changed)?;
        let inbox = Inbox::open(&folder.socket())?;
        *changes = changed;
        Ok::<Inbox, io::Error>(inbox)
    };
    let mut why = None;
    if let Some(folder) = &preparation.record.folder {
        match install(folder) {
            Ok(inbox) => return preparation.inbox = Some(inbox),
            Err(error) => why = Some(error),
        }
    }
    let elsewhere = Folder::make_temporary(preparation.record.started_unix_s());
    match elsewhere.and_then(|folder| install(&folder).map(|inbox| (folder, inbox))) {
        Ok((folder, inbox)) => (preparation.elsewhere, preparation.inbox) = (Some(folder), Some(inbox)),
        Err(error) => preparation.no_shim = Some(why.unwrap_or(error).to_string()),
    }
}

/// The file for the output of a command that has a terminal of its own.
fn log(preparation: &mut Preparation, limit: u64) -> Log {
    let made = preparation.record.folder.as_ref().map(|folder| folder.file(LOG));
    match made {
        Some(Ok((path, file))) => Log::new(&path, file, limit),
        Some(Err(error)) => Log::none(&error.to_string()),
        None => Log::none("this run has no folder"),
    }
}

/// What no line for a shell can say: the shim's folder exists only while tftop runs.
fn about_shim(wish: &RunWish, plan: &Plan) -> String {
    let Some(mode) = wish.shim() else {
        return "without the shim: what the script itself sets later is not held".to_owned();
    };
    let does = match mode {
        Mode::Enforce => "holds the caps against what the script itself sets",
        Mode::Record => "records what the script itself sets",
    };
    let config = shim::config(mode, &plan.caps, None);
    format!(
        "and tftop's shim, which {does}: PYTHONPATH=ITS_FOLDER:$PYTHONPATH TFTOP_SHIM={}",
        shell::quoted(config.as_ref())
    )
}
