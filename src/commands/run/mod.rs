//! `tftop run`: starts a command with caps, stays with it to its end and says whether they held.

pub(crate) mod cgroup_guard;
pub(crate) mod describe;
pub(crate) mod detach;
pub(crate) mod dry_run;
pub(crate) mod learned;
pub(crate) mod relay;
pub(crate) mod session;
pub(crate) mod start_spec;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::run::ExecArgs;
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::{event_loop, exit, stdio};
use crate::commands::run::session::copies::WarmCopy;
use crate::commands::run::session::timed::WatchGoal;
use crate::commands::run::session::trial::{TrialGoal, TrialResult};
use crate::commands::run::session::{RunSession, SessionEnd, SessionSetup};
use crate::commands::run::start_spec::{StartRequest, StartSpec};
use crate::commands::sampling::attach;
use crate::commands::sampling::attach::families;
use crate::commands::serve::publisher::Publisher;
use crate::data::run::run_files::LOG;
use crate::data::scene::Scene;
use crate::launch::caps::plan::Plan;
use crate::launch::shim::ShimMode;
use crate::launch::{exec_wrapper, process_attributes, shell};
use crate::linux::signals::in_foreground;
use crate::model::origin::families::Families;
use crate::runs::run_dir;
use crate::runs::store::Store;

/// Starts the command, or with --dry-run says how.
pub(crate) fn run(request: StartRequest, options: &GlobalArgs) -> anyhow::Result<Exit> {
    // First of all: nothing starts before everything that could be wrong was looked at.
    let families = families(options)?;
    let spec = StartSpec::new(request)?;
    cgroup_guard::check_origins(&spec.plan, &families)?;
    if spec.request.dry_run {
        dry_run::dry_run(&spec)?;
        return Ok(Exit::Clean);
    }
    start(spec, families, options, || Ok(()))
}

/// Starts the command and stays with it. `before` is called when everything that could be wrong was looked at, and its
/// error leaves the command unstarted.
pub(crate) fn start(
    mut spec: StartSpec,
    families: Families,
    options: &GlobalArgs,
    before: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    spec.find_program()?;
    if spec.request.detach {
        cgroup_guard::refuse_unattended(&spec.plan)?;
        before()?;
        return detach::detached(spec, options);
    }
    let publish = &spec.request.publish;
    let publisher = publish.is_wanted().then(|| Publisher::open(publish)).transpose()?;
    if let Some(address) = publisher.as_ref().and_then(Publisher::address) {
        stdio::say(&format!("tftop: serving {address}/metrics while it runs"));
    }
    let dashboard = opens_dashboard(&spec.request);
    let mut before = Some(before);
    let mut families = Some(families);
    loop {
        let held = cgroup_guard::hold(&spec.plan)?;
        let setup = SessionSetup::new(&spec, dashboard, options);
        before.take().map_or(Ok(()), |before| before())?;
        let families = families.take().map_or_else(|| attach::families(options), Ok)?;
        let left = event_loop::runtime()?.block_on(async {
            let session = RunSession::start(&spec, setup, held)?;
            session.watch_to_end(options, families, publisher.as_ref()).await
        })?;
        prune(options);
        match left {
            SessionEnd::Ended(exit) => return Ok(exit),
            SessionEnd::Again(again) => spec = *again,
        }
    }
}

/// Whether the command gets a dashboard, and a terminal of its own.
pub(crate) fn opens_dashboard(request: &StartRequest) -> bool {
    !request.no_ui && stdio::can_draw() && in_foreground()
}

/// Removes the oldest runs. That it can't be done concerns those, not the run that has ended.
pub(crate) fn prune(options: &GlobalArgs) {
    let pruned = run_dir::home().and_then(|home| Store::open(&home)?.prune(options.runs.retention()));
    if let Err(error) | Ok((_, Some(error))) = pruned {
        stdio::say(&format!("tftop: old runs can't be removed: {error}"));
    }
}

/// Starts the command, its output in a log, and ends it when the goal is met or can't be.
pub(crate) async fn measure(
    command: &[OsString],
    plan: Plan,
    goal: TrialGoal,
    options: &GlobalArgs,
) -> anyhow::Result<TrialResult> {
    let families = families(options)?;
    let spec = measured(command, plan)?;
    let held = cgroup_guard::hold(&spec.plan)?;
    let (setup, _) = with_log(&spec, options)?;
    RunSession::start(&spec, setup, held)?.measure(goal, options, families).await
}

/// Starts the command, its output in a log, and ends it once it was watched for a while. The last scene; none where a signal
/// came before the first.
pub(crate) async fn watch_for(
    spec: &StartSpec,
    goal: WatchGoal<'_>,
    options: &GlobalArgs,
    families: Families,
) -> anyhow::Result<Option<Arc<Scene>>> {
    spec.find_program()?;
    let held = cgroup_guard::hold(&spec.plan)?;
    let (setup, log) = with_log(spec, options)?;
    RunSession::start(spec, setup, held)?.watch_for(goal, &log, options, families).await
}

/// What stands before a command starts whose output goes into a file of its run.
fn with_log(spec: &StartSpec, options: &GlobalArgs) -> anyhow::Result<(SessionSetup, PathBuf)> {
    let mut setup = SessionSetup::new(spec, false, options);
    let folder = setup.record.folder.as_ref();
    let folder = folder.ok_or_else(|| anyhow!("no folder for a run: {}", setup.record.missing.join("; ")))?;
    let (path, file) = folder.file(LOG).context("making the file for the output")?;
    setup.file = Some(file);
    Ok((setup, path))
}

/// Starts the command as one of several copies that take turns.
pub(crate) async fn copy<'a>(spec: &'a StartSpec, options: &GlobalArgs) -> anyhow::Result<WarmCopy<'a>> {
    let held = cgroup_guard::hold(&spec.plan)?;
    let setup = SessionSetup::copy(spec).context("making a folder for a copy")?;
    RunSession::start(spec, setup, held)?.copy(options, families(options)?).await
}

/// What is started to be measured. The shim holds the caps; without any it only listens.
pub(crate) fn measured(command: &[OsString], plan: Plan) -> anyhow::Result<StartSpec> {
    let shim = if plan.caps.is_empty() { ShimMode::Record } else { ShimMode::Enforce };
    let request = StartRequest { command: command.to_vec(), no_ui: true, shim: Some(shim), ..StartRequest::default() };
    let spec = StartSpec::of_plan(request, plan);
    spec.find_program()?;
    Ok(spec)
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
