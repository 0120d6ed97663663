//! The dashboard on a terminal; elsewhere a plain report after a while.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::dashboard;
use crate::commands::dashboard::DashboardParts;
use crate::commands::inspect::pick::pick_another;
use crate::commands::inspect::watch_record::WatchRecord;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::held_up::unless_held_up;
use crate::commands::own_process::stdio;
use crate::commands::rerun::StoppedRun;
use crate::commands::sampling::appear::starts_again;
use crate::commands::sampling::attach::{attach_with, families};
use crate::commands::sampling::history::WithHistory;
use crate::commands::sampling::timed_watch;
use crate::commands::{rerun, run};
use crate::data::Pid;
use crate::data::limits::Caps;
use crate::data::scene::Scene;
use crate::model::build_scene::Model;
use crate::runs::comparison::replaced::RunBefore;
use crate::runs::stats::warmup::Warmup;
use crate::tui::picker::Picked;
use crate::{output, tui};

/// Watches a process, and those that the person goes on to from its dashboard; reports on it where there is no terminal.
pub(crate) fn watch(first: Pid, report_after: Duration, options: &GlobalArgs) -> anyhow::Result<Exit> {
    picked(Picked { pid: first, job: options.job }, report_after, options)
}

/// The same of what a person picked.
pub(crate) fn picked(first: Picked, report_after: Duration, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let mut picked = first;
    loop {
        let options = &options.as_set(picked.job);
        let next = match watch_one(picked.pid, report_after, options)? {
            WatchEnd::Left(exit) => return Ok(exit),
            WatchEnd::Another => pick_another(options)?,
            WatchEnd::NextStart(command) => runtime()?.block_on(async {
                let stop = stop_signal()?;
                tokio::select! {
                    () = stop => Ok::<_, anyhow::Error>(None),
                    pid = starts_again(&command) => Ok(Some(Picked { pid, job: false })),
                }
            })?,
        };
        let Some(next) = next else { return Ok(Exit::Clean) };
        picked = next;
    }
}

/// What comes after a process was watched.
enum WatchEnd {
    /// Nothing.
    Left(Exit),
    /// Another process, which the person chooses.
    Another,
    /// The next process of this command.
    NextStart(String),
}

/// Watches a process until the person quits, or reports on it where there is no terminal.
fn watch_one(pid: Pid, report_after: Duration, options: &GlobalArgs) -> anyhow::Result<WatchEnd> {
    if !stdio::can_draw() {
        return unless_held_up(options, move |options| {
            let seen = timed_watch::see(pid, report_after, options)?;
            stdio::print(&output::text(&seen.scene, output::ReportDetail::default(), options.page()))?;
            Ok(seen.exit())
        })
        .map(WatchEnd::Left);
    }
    let record = WatchRecord::begin(options);
    let session = session(pid, &record, options);
    let ended = session.as_ref().is_ok_and(|session| session.last.target.ended);
    let (seen, kept) = record.end(ended);
    let Session { left, last, stopped } = session?;
    // Without a single look there is nothing to sum up.
    if last.tick > 0 {
        stdio::offer(&output::summary(&last));
    }
    if let Some(kept) = kept {
        stdio::say(&format!("tftop: {kept}"));
        run::prune(options);
    }
    match left {
        tui::Effect::Rerun(_) => {
            let before = RunBefore { caps: Caps::default(), stats: seen.outcome(Warmup::default()) };
            rerun::start_stopped(&stopped, (before, &last), options).map(WatchEnd::Left)
        }
        tui::Effect::Another => Ok(WatchEnd::Another),
        tui::Effect::NextStart => Ok(WatchEnd::NextStart(last.target.command.clone())),
        _ => Ok(WatchEnd::Left(Exit::Clean)),
    }
}

/// A dashboard that was left.
struct Session {
    left: tui::Effect,
    last: Arc<Scene>,
    /// The run that a rerun was agreed to of.
    stopped: StoppedRun,
}

fn session(pid: Pid, record: &WatchRecord, options: &GlobalArgs) -> anyhow::Result<Session> {
    let families = families(options)?;
    let (observer, seen) = WithHistory::new(record.observer());
    let (sampler, mut first) = attach_with(pid, options, Model::new(families.clone()), observer)?;
    let past = seen.map(|seen| seen.pane(record.older_looks(), families)).transpose();
    let past = past.context("starting the thread that shows the past")?;
    let (worker, prepared) = rerun::start_worker(pid, options).context("starting the thread that reads for a rerun")?;
    let (restart, stopped) = rerun::start_stopper(prepared).context("starting the thread that stops for a rerun")?;
    let notice = record.trouble().map(|_| "not recorded".to_owned());
    let recording = record.recording();
    let parts = DashboardParts {
        rerun: Some(worker),
        restart: Some(restart),
        notice,
        past,
        recording,
        ..DashboardParts::default()
    };
    let left = runtime()?
        .block_on(async { dashboard::from_first_look((&sampler, &mut first), options, parts, stop_signal()?).await })?;
    let last = sampler.scenes.borrow().clone();
    Ok(Session { left, last, stopped })
}
