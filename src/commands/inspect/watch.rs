//! The dashboard on a terminal; elsewhere a plain report after a while.

use std::io;
use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::dashboard;
use crate::commands::dashboard::DashboardParts;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::stdio;
use crate::commands::rerun;
use crate::commands::sampling::attach::{attach, families};
use crate::commands::sampling::timed_watch;
use crate::data::Pid;
use crate::model::build_scene::Model;
use crate::{output, tui};

/// Watches a process until the person quits, or reports on it where there is no terminal.
pub(crate) fn watch(pid: Pid, report_after: Duration, options: &GlobalArgs) -> anyhow::Result<Exit> {
    if !io::stdout().is_terminal() {
        let seen = timed_watch::see(pid, report_after, options)?;
        stdio::print(&output::text(&seen.scene, false))?;
        return Ok(seen.exit());
    }
    let (sampler, mut first) = attach(pid, options, Model::new(families(options)?))?;
    let (worker, prepared) = rerun::start_worker(pid, options).context("starting the thread that reads for a rerun")?;
    let parts = DashboardParts { console: None, rerun: Some(worker) };
    let left = runtime()?
        .block_on(async { dashboard::from_first_look((&sampler, &mut first), options, parts, stop_signal()?).await })?;
    let last = sampler.scenes.borrow().clone();
    drop(sampler);
    // Without a single look there is nothing to sum up.
    if last.tick > 0 {
        stdio::offer(&output::summary(&last));
    }
    match left {
        tui::Effect::Rerun(caps) => rerun::agreed_in_dashboard(&prepared, caps, options),
        _ => Ok(Exit::Clean),
    }
}
