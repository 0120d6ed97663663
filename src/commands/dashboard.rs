//! The dashboard on the terminal, with everything that answers it in the background.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;

use crate::commands::args::global::GlobalArgs;
use crate::commands::sampling::sampler::{FirstLook, Sampler};
use crate::commands::workers::runs::RunsChannel;
use crate::commands::workers::{past_stacks, runs as runs_worker, stacks as stacks_worker};
use crate::data::sample::Interest;
use crate::data::scene::Scene;
use crate::probe::reading::Reading;
use crate::runs::run_record::RunRecording;
use crate::tui;
use crate::tui::messages::replay::ReplayPane;
use crate::tui::messages::restart::RestartWorker;
use crate::tui::messages::runs::{RunsList, RunsRequest};
use crate::tui::screen::{Keyboard, Screen, hung_up};

/// What a dashboard may have beside scenes.
#[derive(Debug, Default)]
pub(crate) struct DashboardParts {
    /// The terminal of a command that tftop has started.
    pub(crate) console: Option<tui::ConsolePane>,
    /// Where it is asked what a rerun would do.
    pub(crate) rerun: Option<tui::messages::rerun::RerunWorker>,
    /// Who stops the old run once a rerun was agreed to.
    pub(crate) restart: Option<RestartWorker>,
    /// What is said in the status line all the time.
    pub(crate) notice: Option<String>,
    /// Where its past is shown.
    pub(crate) past: Option<ReplayPane>,
    /// Where stacks are kept that are taken.
    pub(crate) recording: RunRecording,
}

/// How long nothing is shown of what takes long: most is there sooner, and what fails at once needs no screen.
pub(crate) const GRACE: Duration = Duration::from_millis(300);

/// The dashboard of a process that is being attached to, from before the first look on. An attach that fails ends it.
pub(crate) async fn from_first_look(
    (sampler, first): (&Sampler, &mut FirstLook),
    options: &GlobalArgs,
    parts: DashboardParts,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<tui::Effect> {
    let mut stop = pin!(stop);
    tokio::select! {
        biased;
        () = &mut stop => return Ok(tui::Effect::Stopped),
        taken = tokio::time::timeout(GRACE, first.taken()) => taken.unwrap_or(Ok(()))?,
    }
    let mut failure = None;
    let stopped = async {
        tokio::select! {
            () = stop => {}
            why = first.failed() => failure = Some(why),
        }
    };
    let left = dashboard(sampler, options, parts, stopped).await?;
    failure.map_or(Ok(left), Err)
}

/// Shows the dashboard until the person leaves or `stop` comes; says which.
pub(crate) async fn dashboard(
    sampler: &Sampler,
    options: &GlobalArgs,
    parts: DashboardParts,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<tui::Effect> {
    let stacks = stacks_worker::start(sampler, parts.recording, options);
    let stacks = Some(stacks.context("starting the thread that takes stacks")?);
    let interval = options.dashboard.in_force().now.interval;
    // Where another one was set in the dashboard before this.
    sampler.keep(interval);
    let (interval, wanted) = watch::channel(interval);
    let feed = |(runs, runs_request)| tui::SceneFeed {
        scenes: sampler.scenes.clone(),
        settings: options.dashboard.clone(),
        interval: Some(interval),
        reading: sampler.reading.clone(),
        interest: sampler.interest.clone(),
        console: parts.console,
        rerun: parts.rerun,
        restart: parts.restart,
        notice: parts.notice,
        read_only: options.read_only,
        stacks,
        replay: parts.past,
        runs,
        runs_request,
    };
    tokio::select! {
        left = show(feed, options, stop) => left,
        never = sampler.follow(wanted) => match never {},
    }
}

/// The dashboard of a recording of this name, until the person leaves or `stop` comes.
pub(crate) async fn replay(
    name: String,
    (first, pane): (Arc<Scene>, ReplayPane),
    options: &GlobalArgs,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<tui::Effect> {
    // No scene comes by itself: all are asked for.
    let (_quiet, scenes) = watch::channel(first);
    // Nobody can read more of a recording than is in it.
    let (interest, _unread) = watch::channel(Interest::default());
    let stacks = past_stacks::start(name).context("starting the thread that reads stacks")?;
    let feed = |(runs, runs_request)| tui::SceneFeed {
        scenes,
        settings: options.dashboard.clone(),
        interval: None,
        reading: Reading::default(),
        interest,
        console: None,
        rerun: None,
        restart: None,
        notice: None,
        stacks: Some(stacks),
        read_only: options.read_only,
        replay: Some(pane),
        runs,
        runs_request,
    };
    show(feed, options, stop).await
}

/// Where the dashboard finds the kept runs, and where it asks for them.
type RunsEnds = (watch::Receiver<Arc<RunsList>>, watch::Sender<RunsRequest>);

async fn show(
    feed: impl FnOnce(RunsEnds) -> tui::SceneFeed,
    options: &GlobalArgs,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<tui::Effect> {
    let (lists, runs) = watch::channel(Arc::default());
    let (runs_wish, requests) = watch::channel(RunsRequest::default());
    let feed = feed((runs, runs_wish));
    let runs_ends = runs_worker::start(options.clone()).context("starting the thread that reads the kept runs")?;
    let channel = RunsChannel { requests, lists };
    let screen = Screen::enter(options.dashboard.in_force().now.mouse).context("taking over the terminal")?;
    // Whatever ended it, the person, a signal or a window that closed: the end is the same.
    let mut terminal = screen.terminal()?;
    let ended = tokio::select! {
        ended = tui::run(&mut *terminal, Keyboard::open(), feed, options.look(), stop) => ended,
        never = runs_worker::serve(channel, runs_ends) => match never {},
    };
    if hung_up() { Ok(ended.unwrap_or(tui::Effect::InputClosed)) } else { Ok(ended?) }
}
