//! The dashboard on a terminal; elsewhere a plain report after a while. Also the signals that end either.

use std::io;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::commands::args::cli::GlobalArgs;
use crate::commands::attach::{attach, families};
use crate::commands::exit::Exit;
use crate::commands::sampler::Sampler;
use crate::commands::{rerun, runs_worker, stacks_worker, stdio};
use crate::data::Pid;
use crate::model::build_scene::Model;
use crate::tui::runs::RunsRequest;
use crate::tui::screen::{Keyboard, Screen, hung_up};
use crate::{output, tui};

/// How long a process is watched where stdout is not a terminal: as long as for a report, which should have a verdict.
pub(crate) const DEFAULT_WATCH: Duration = Duration::from_secs(12);

/// Watches a process until the person quits, or reports on it where there is no terminal.
pub(crate) fn watch(pid: Pid, report_after: Duration, options: &GlobalArgs) -> anyhow::Result<Exit> {
    if !io::stdout().is_terminal() {
        let seen = crate::commands::report::see(pid, report_after, options)?;
        stdio::print(&output::text(&seen.scene, false))?;
        return Ok(seen.exit());
    }
    let attached = attach(pid, options, Model::new(families(options)?))?;
    let (desk, answered) = rerun::worker::open(pid, options).context("starting the thread that reads for a rerun")?;
    let beside = DashboardParts { console: None, rerun: Some(desk) };
    let left = runtime()?.block_on(async { dashboard(&attached.pump, options, beside, stop_signal()?).await })?;
    stdio::offer(&output::summary(&attached.pump.scenes.borrow()));
    drop(attached);
    match left {
        tui::Effect::Rerun(caps) => rerun::agreed_in_dashboard(&answered, caps, options),
        _ => Ok(Exit::Clean),
    }
}

/// What a dashboard may have beside scenes.
#[derive(Debug, Default)]
pub(crate) struct DashboardParts {
    /// The terminal of a command that tftop has started.
    pub(crate) console: Option<tui::ConsolePane>,
    /// Where it is asked what a rerun would do.
    pub(crate) rerun: Option<tui::rerun::RerunWorker>,
}

/// Shows the dashboard until the person leaves or `stop` comes; says which.
pub(crate) async fn dashboard(
    pump: &Sampler,
    options: &GlobalArgs,
    beside: DashboardParts,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<tui::Effect> {
    let DashboardParts { console, rerun } = beside;
    let (shelf, runs) = watch::channel(Arc::default());
    let (runs_wish, wish) = watch::channel(RunsRequest::default());
    let interest = pump.interest.clone();
    let stacks = Some(stacks_worker::open_desk(pump, options).context("starting the thread that takes stacks")?);
    let feed = tui::SceneFeed { scenes: pump.scenes.clone(), interest, console, rerun, stacks, runs, runs_wish };
    let screen = Screen::enter().context("taking over the terminal")?;
    // Whatever ended it, the person, a signal or a window that closed: the end is the same.
    let mut terminal = screen.terminal()?;
    let ended = tokio::select! {
        ended = tui::run(&mut *terminal, Keyboard::open(), feed, options.look(), stop) => ended,
        never = runs_worker::serve(runs_worker::WorkerEnds { shelf, wish }, options.clone()) => match never {},
    };
    if hung_up() { Ok(ended.unwrap_or(tui::Effect::InputClosed)) } else { Ok(ended?) }
}

/// Shows the picker until the person chooses, quits or a signal comes.
pub(crate) async fn picker(
    listing: watch::Receiver<tui::picker::PickerList>,
    options: &GlobalArgs,
) -> anyhow::Result<Option<Pid>> {
    let screen = Screen::enter().context("taking over the terminal")?;
    let stop = stop_signal()?;
    let mut terminal = screen.terminal()?;
    match tui::picker::run(&mut *terminal, Keyboard::open(), listing, options.look(), stop).await {
        Err(_) if hung_up() => Ok(None),
        chosen => Ok(chosen?),
    }
}

/// Everything asynchronous of tftop runs on the one thread that calls this.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the event loop")
}

/// Comes with the first SIGINT, SIGTERM or SIGHUP from now on. Call it inside the runtime.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let wait_for = |kind| signal(kind).context("listening for signals");
    let mut interrupt = wait_for(SignalKind::interrupt())?;
    let mut terminate = wait_for(SignalKind::terminate())?;
    let mut hangup = wait_for(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
