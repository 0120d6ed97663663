//! A command that is watched for a while once it does its work, and ended then: for a report where there is no terminal.
//! Prints nothing.

use std::fs::File;
use std::io;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use tokio::time::Instant;

use crate::commands::args::global::GlobalArgs;
use crate::commands::run::session::RunSession;
use crate::commands::run::session::foreground::ends_dashboard;
use crate::commands::run::session::summary_lines::{run_end, words};
use crate::commands::sampling::attach::attach_with;
use crate::commands::sampling::timed_watch::collect;
use crate::data::Text;
use crate::data::scene::Scene;
use crate::launch::child::Child;
use crate::launch::shim_socket::ShimSocket;
use crate::linux::signals::SignalListener;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;

const POLL: Duration = Duration::from_millis(50);
/// How much of the output's end is looked at, and shown where the command fails.
const TAIL_BYTES: u64 = 64 * 1024;
const TAIL_LINES: usize = 15;

/// What is waited for, and how long is watched then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WatchGoal<'a> {
    /// A line of its output, from which on it does its work.
    pub(crate) begun: &'a str,
    /// It comes within this time.
    pub(crate) start_limit: Duration,
    /// Watched from then on.
    pub(crate) time: Duration,
}

impl RunSession<'_> {
    /// Watches the command, whose output is in `log`, and ends it. The last scene; none where a signal came before the first.
    /// Fails with the end of its output when the command ends by itself.
    pub(crate) async fn watch_for(
        mut self,
        goal: WatchGoal<'_>,
        log: &Path,
        options: &GlobalArgs,
        families: Families,
    ) -> anyhow::Result<Option<Arc<Scene>>> {
        self.child.begun().await;
        let seen = self.seen(goal, log, options, families).await;
        self.end().await?;
        drop(self.shim_socket.take().map(ShimSocket::close));
        self.held.cgroups.remove();
        let end = (run_end(self.child.ended().await?), self.began.elapsed());
        self.record.end(&self.recording, end, output::run_summary_markdown);
        seen
    }

    async fn seen(
        &mut self,
        goal: WatchGoal<'_>,
        log: &Path,
        options: &GlobalArgs,
        families: Families,
    ) -> anyhow::Result<Option<Arc<Scene>>> {
        tokio::select! {
            () = stopped(&mut self.signals) => return Ok(None),
            begun = begun(&mut self.child, goal, log) => begun?,
        }
        let (model, options) = (Model::of_whole_watch(families), options.within(goal.time));
        let (sampler, mut first) = attach_with(self.child.pid(), &options, model, self.launch())?;
        tokio::select! {
            () = stopped(&mut self.signals) => return Ok(None),
            taken = first.taken() => taken?,
        }
        let scene = collect(&sampler, goal.time, stopped(&mut self.signals)).await?;
        if self.child.has_ended() {
            return Err(failure(&words(self.child.ended().await?), log));
        }
        Ok(Some(scene))
    }
}

/// Comes with a signal that is to end tftop.
async fn stopped(signals: &mut SignalListener) {
    while !ends_dashboard(signals.next().await) {}
}

/// Waits until the command does its work.
async fn begun(child: &mut Child, goal: WatchGoal<'_>, log: &Path) -> anyhow::Result<()> {
    let deadline = Instant::now() + goal.start_limit;
    while !tail(log).contains(goal.begun) {
        if child.has_ended() {
            return Err(failure(&words(child.ended().await?), log));
        }
        if Instant::now() > deadline {
            return Err(failure(&format!("has not begun within {} s", goal.start_limit.as_secs()), log));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

fn failure(what: &str, log: &Path) -> anyhow::Error {
    let tail = tail(log);
    let lines: Vec<&str> = tail.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(TAIL_LINES));
    let shown: String = last.map(|line| format!("\n  | {}", Text::from(*line))).collect();
    anyhow!("the command {what}. The end of its output, {}:{shown}", log.display())
}

/// The log's end; empty while there is none.
fn tail(log: &Path) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut log = File::open(log)?;
        let length = log.metadata()?.len();
        log.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        log.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}
