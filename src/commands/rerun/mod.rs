//! `tftop rerun`: a process is stopped and its command started again with caps, if it can be rebuilt and a person agrees.

pub(crate) mod plan;
pub(crate) mod stop;

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use anyhow::Context as _;
use tokio::sync::{mpsc, watch};

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::rerun::RerunArgs;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::own_process::stdio::ask;
use crate::commands::rerun::plan::{PreparedRerun, prepare};
use crate::commands::rerun::stop::{AllowKill, StopNews, on_stderr};
use crate::commands::run;
use crate::commands::run::start_spec::StartRequest;
use crate::commands::sampling::attach::{PROC, families};
use crate::commands::sampling::{target, timed_watch};
use crate::commands::workers::rerun as worker;
use crate::commands::workers::rerun::LastPrepared;
use crate::data::Pid;
use crate::data::limits::Caps;
use crate::data::run::RebuiltProcess;
use crate::data::scene::Scene;
use crate::launch::caps::plan::PlanRequest;
use crate::model::prediction;
use crate::output as text;
use crate::probe::reading::ReadingPart;
use crate::probe::restart;
use crate::runs::comparison::replaced::RunBefore;
use crate::runs::summary::predicted;
use crate::tui::messages::rerun::RerunWorker;
use crate::tui::messages::restart::{RestartWorker, StopStage};

/// How long INT and then TERM are given after a yes in the dashboard.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows what a rerun would do, asks, and does it.
pub(crate) fn rerun(args: &RerunArgs, request: &StartRequest, options: &GlobalArgs) -> anyhow::Result<Exit> {
    if options.read_only && !request.dry_run {
        let why = "--read-only: nothing is stopped or started; `tftop rerun --dry-run` shows what would be";
        return Err(CommandError::usage(why).into());
    }
    let families = families(options)?;
    let pid = target::find(&args.target)?;
    // What is refused is refused before anybody waits for advice.
    options.reading.begin(pid, ReadingPart::CommandLine);
    let first = prepare(pid, request, args.dir.as_deref());
    options.reading.end();
    let first = first?;
    let (prepared, predicted) = match args.advised {
        false => (first, None),
        true => advised(pid, args, request, options)?,
    };
    stdio::print(&text::rerun(&prepared.shown, predicted.as_ref()))?;
    if request.dry_run {
        return Ok(Exit::Clean);
    }
    if let (Some(doubt), false) = (prepared.shown.doubts.first(), request.caps.force) {
        anyhow::bail!("not rerun: {doubt}; --force overrides this");
    }
    if !agreed(args, &prepared)? {
        stdio::say("tftop: nothing was changed");
        return Ok(Exit::Clean);
    }
    let PreparedRerun { rebuild, spec, .. } = prepared;
    let kill = if args.kill { AllowKill::Agreed } else { AllowKill::Ask };
    run::start(spec, families, options, || {
        still_the_same(&rebuild, args.dir.as_deref())?;
        let tell = on_stderr(rebuild.key.pid, args.patience);
        if args.keep_old { Ok(()) } else { stop::stop(&rebuild, args.patience, kill, tell) }
    })
}

/// Numbers that would be refused on the command line are accepted: a person has seen them on sliders.
fn on_sliders(pools: Caps) -> StartRequest {
    let caps = PlanRequest { pools: pools.without_cpus(), force: true, ..PlanRequest::default() };
    StartRequest { caps, ..StartRequest::default() }
}

/// Starts a worker for a process that was attached to; it ends with the dashboard.
pub(crate) fn start_worker(
    pid: Pid,
    options: &GlobalArgs,
) -> std::io::Result<(RerunWorker, LastPrepared<PreparedRerun>)> {
    worker::start(options, move |caps| {
        let prepared = prepare(pid, &on_sliders(caps), None)?;
        let shown = prepared.shown.clone();
        Ok((prepared, shown))
    })
}

/// An old run that was stopped from the dashboard, and what starts in its place.
#[derive(Clone, Default)]
pub(crate) struct StoppedRun(Arc<Mutex<Option<StoppedStart>>>);

/// The start, and what was said while the old run was stopped.
struct StoppedStart {
    prepared: PreparedRerun,
    said: Vec<String>,
}

/// Starts the thread that stops the old run once that is agreed to; a start is left for [`start_stopped`].
pub(crate) fn start_stopper(answered: LastPrepared<PreparedRerun>) -> std::io::Result<(RestartWorker, StoppedRun)> {
    let stopped = StoppedRun::default();
    let slot = stopped.clone();
    let (requests, mut agreed) = mpsc::unbounded_channel();
    let (publish, stages) = watch::channel(StopStage::Begins);
    let serve = move || {
        while let Some(caps) = agreed.blocking_recv() {
            let mut said = Vec::new();
            let tell = |news: StopNews| match news {
                StopNews::Waits(sent, next, left) => {
                    let next =
                        next.filter(|next| *next != "KILL").map(|next| (next, left.as_secs_f64().round() as u64));
                    publish.send_replace(StopStage::Waits { sent, next });
                }
                StopNews::Said(words) => said.push(words),
            };
            let outcome = answered
                .take(caps)
                .context("the prepared rerun is gone: r prepares it again")
                .and_then(|prepared| still_the_same(&prepared.rebuild, None).map(|()| prepared))
                .and_then(|it| stop::stop(&it.rebuild, PATIENCE, AllowKill::Never, tell).map(|()| it));
            publish.send_replace(match outcome {
                Ok(prepared) => {
                    *slot.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(StoppedStart { prepared, said });
                    StopStage::Ended
                }
                Err(why) => StopStage::Failed(format!("{why:#}")),
            });
        }
    };
    thread::Builder::new().name("tftop-stop".to_owned()).spawn(serve)?;
    Ok((RestartWorker { requests, stages }, stopped))
}

/// Starts what a person has said yes to in the dashboard, on the same terminal.
pub(crate) fn start_stopped(
    stopped: &StoppedRun,
    (before, last): (RunBefore, &Scene),
    options: &GlobalArgs,
) -> anyhow::Result<Exit> {
    let stopped = stopped.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    let StoppedStart { prepared, said } = stopped.context("the prepared rerun is missing: this is a bug in tftop")?;
    said.iter().for_each(|words| stdio::say(&format!("tftop: {words}")));
    let families = families(options)?;
    let mut spec = prepared.spec;
    spec.before = Some(Arc::new(before));
    spec.predicted = predicted(last, &spec.plan.caps);
    run::start(spec, families, options, || Ok(()))
}

/// Watches the process and prepares a rerun with the caps that are advised.
fn advised(
    pid: Pid,
    args: &RerunArgs,
    request: &StartRequest,
    options: &GlobalArgs,
) -> anyhow::Result<(PreparedRerun, Option<text::PredictedEffect>)> {
    let scene = timed_watch::see(pid, args.time, options)?.scene;
    if scene.target.ended {
        return Err(CommandError::not_found(format!("process {pid} ended while it was watched")).into());
    }
    let named = &request.caps;
    let caps = named.pools.or(scene.headline.caps.without_cpus());
    if caps.is_empty() && named.cpus.is_none() {
        anyhow::bail!(
            "no caps are advised for process {pid}: {}; name some (--intra 2, --cpus 2)",
            scene.headline.message
        );
    }
    let caps = PlanRequest { pools: caps, ..named.clone() };
    let mut prepared = prepare(pid, &StartRequest { caps, ..request.clone() }, args.dir.as_deref())?;
    let caps = prepared.spec.plan.caps;
    prepared.spec.predicted = predicted(&scene, &caps);
    Ok((prepared, effect(&scene, &caps)))
}

fn effect(scene: &Scene, caps: &Caps) -> Option<text::PredictedEffect> {
    let predict = |caps: &Caps| prediction::predict(scene, caps);
    let cpus = scene.capacity.effective_cpus;
    // With fewer CPUs there are fewer to want.
    let cpus_then = caps.cpus.map_or(cpus, |count| cpus.min(f64::from(count)));
    Some(text::PredictedEffect { before: predict(&Caps::default())?, after: predict(caps)?, cpus, cpus_then })
}

/// A person may take long to say yes: what was agreed to is one command, and the process may run another one by now.
fn still_the_same(shown: &RebuiltProcess, folder: Option<&Path>) -> anyhow::Result<()> {
    let pid = shown.key.pid;
    let now = restart::read(Path::new(PROC), pid, folder).map_err(plan::problem)?;
    if (now.key, &now.words) != (shown.key, &shown.words) {
        anyhow::bail!("process {pid} runs another command now; nothing was changed");
    }
    Ok(())
}

/// Asks the person, unless asked not to.
fn agreed(args: &RerunArgs, prepared: &PreparedRerun) -> anyhow::Result<bool> {
    let pid = prepared.rebuild.key.pid;
    if args.yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(CommandError::usage(format!(
            "process {pid} is not stopped without a yes: --yes gives it, --dry-run shows what would be done"
        ))
        .into());
    }
    ask(&match args.keep_old {
        false => format!("Stop process {pid} and start it again? Its outputs may be overwritten. [y/N] "),
        true => {
            format!("Start it beside process {pid}? Both want the same CPUs, and may write to the same outputs. [y/N] ")
        }
    })
}
