//! The time with a command: its signals, its threads under watch, its end, and what is said of it then.

use std::fs::File;
use std::future::pending;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::Signal;
use tokio::sync::Notify;

use super::RunWish;
use crate::command::attach::attach;
use crate::command::cli::Options;
use crate::command::exit::Exit;
use crate::command::pump::Pump;
use crate::command::{output, watch};
use crate::launch::caps::Plan;
use crate::launch::child::{Child, Ended, Start};
use crate::launch::environment::Changes;
use crate::launch::folder::Folder;
use crate::launch::inbox::{Heard, Inbox};
use crate::launch::signals::{Signals, sent_by_terminal};
use crate::launch::{program, shell, shim};
use crate::model::verification::Verification;
use crate::model::{Families, Model, Scene};
use crate::report;

/// Lines of a kind that the summary has at most.
const MOST_LINES: usize = 20;

/// Everything that stands before the command starts.
pub(super) struct Preparation {
    pub(super) plan: Plan,
    pub(super) dashboard: bool,
    /// Goes with the run.
    pub(super) folder: Option<Folder>,
    pub(super) inbox: Option<Inbox>,
    pub(super) log: Option<(PathBuf, File)>,
}

/// A command that runs, and what goes with it.
pub(super) struct Company<'a> {
    wish: &'a RunWish,
    child: Child,
    signals: Signals,
    began: Instant,
    dashboard: bool,
    folder: Option<Folder>,
    inbox: Option<Inbox>,
    log: Option<PathBuf>,
    verification: Verification,
}

/// The end, and how long it took.
struct End {
    how: Ended,
    after: Duration,
    last: Option<Arc<Scene>>,
}

impl<'a> Company<'a> {
    /// Starts the command. Whatever fails from here on drops the child, and so ends the command.
    pub(super) fn start(wish: &'a RunWish, preparation: Preparation, changes: &Changes) -> anyhow::Result<Self> {
        let signals = Signals::listen().context("listening for signals")?;
        let Preparation { plan, dashboard, folder, inbox, log } = preparation;
        let (log, file) = log.unzip();
        let start = Start { words: &wish.command, changes, cpus: plan.cpus.as_ref(), log: file };
        let child = Child::start(start).context("starting the command")?;
        let verification = Verification::new(plan.caps, plan.cpus);
        Ok(Self { wish, child, signals, began: Instant::now(), dashboard, folder, inbox, log, verification })
    }

    /// Stays until the command has ended and, where there is a dashboard, the person has left it.
    pub(super) async fn stay(mut self, options: &Options, families: Families) -> anyhow::Result<Exit> {
        self.child.begun().await;
        let model = if self.dashboard { Model::new(families) } else { Model::of_whole_watch(families) };
        let mut notes = Vec::new();
        // Only now: watching raises this process's limit of descriptors, which the command must not inherit.
        let end = match attach(self.child.pid(), options, model) {
            Ok(attached) => self.watched(&attached.pump, options).await?,
            // Not watched is no reason not to run.
            Err(why) => {
                let over = self.child.has_ended();
                notes.extend((!over).then(|| format!("watched  no: {why}")));
                self.unwatched().await?
            }
        };
        let heard = self.inbox.take().map(Inbox::close);
        notes.extend(self.about_shim(heard.as_ref(), end.last.as_deref()));
        notes.extend(self.log.as_ref().map(|log| format!("output   {}", shell::quoted(log.as_os_str()))));
        output::say(&self.summary(&end, heard.as_ref(), &notes));
        drop(self.folder.take());
        Ok(Exit::Of(end.how.code()))
    }

    async fn watched(&mut self, pump: &Pump, options: &Options) -> anyhow::Result<End> {
        let mut scenes = pump.scenes.clone();
        self.verification.take_in(&scenes.borrow_and_update());
        let leave = Notify::new();
        let mut shown = pin!(async {
            match self.dashboard {
                true => watch::dashboard(pump, options, leave.notified()).await.map(drop),
                false => pending().await,
            }
        });
        let (mut sampled, mut showing, mut ended) = (true, self.dashboard, None);
        while ended.is_none() || showing {
            tokio::select! {
                how = self.child.ended(), if ended.is_none() => ended = Some((how?, self.began.elapsed())),
                signal = self.signals.next() => {
                    pass_on(&self.child, signal);
                    if ends_dashboard(signal) {
                        leave.notify_one();
                    }
                }
                news = scenes.changed(), if sampled => {
                    sampled = news.is_ok();
                    self.verification.take_in(&scenes.borrow_and_update());
                }
                left = &mut shown, if showing => {
                    showing = false;
                    after_dashboard(left, ended.is_none());
                }
            }
        }
        if sampled && scenes.has_changed().unwrap_or(false) {
            self.verification.take_in(&scenes.borrow_and_update());
        }
        let (how, after) = ended.context("the command's end was missed: this is a bug in tftop")?;
        Ok(End { how, after, last: Some(pump.scenes.borrow().clone()) })
    }

    async fn unwatched(&mut self) -> anyhow::Result<End> {
        loop {
            tokio::select! {
                how = self.child.ended() => return Ok(End { how: how?, after: self.began.elapsed(), last: None }),
                signal = self.signals.next() => pass_on(&self.child, signal),
            }
        }
    }

    fn summary(&self, end: &End, heard: Option<&Heard>, notes: &[String]) -> String {
        let command: Vec<String> = self.wish.command.iter().map(|word| shell::quoted(word)).collect();
        let broken =
            |heard: &Heard| heard.failures.iter().any(|failure| failure.caps.iter().any(|cap| **cap == *"data"));
        let enforces = self.wish.shim() == Some(shim::Mode::Enforce);
        let inside = enforces && heard.is_some_and(|heard| !heard.processes.is_empty() && !broken(heard));
        report::run(&report::Run {
            command: &command.join(" "),
            ended: &match end.how {
                Ended::Exit(code) => format!("ended with exit code {code}"),
                Ended::Signal(number) => format!("was ended by signal {number}"),
            },
            seconds: end.after.as_secs_f64(),
            scene: end.last.as_deref(),
            checks: &self.verification.checks(inside),
            notes,
        })
    }

    /// Whether the shim is in, what it overruled, what of it does not work.
    fn about_shim(&self, heard: Option<&Heard>, last: Option<&Scene>) -> Vec<String> {
        let Some(heard) = heard else { return Vec::new() };
        let mut notes = Vec::new();
        match heard.processes.len() {
            0 => notes.push(format!(
                "shim     not attached: {}; what the environment and the CPUs hold still holds",
                why_not_attached(self.wish, last)
            )),
            1 => notes.push("shim     attached to 1 process".to_owned()),
            count => notes.push(format!("shim     attached to {count} processes")),
        }
        for overruled in heard.overruled.iter().take(MOST_LINES) {
            let at = overruled.at.as_ref().map_or_else(String::new, |at| format!(" at {at}"));
            notes.push(format!("asked    {}={}{at}, got {}", overruled.what, overruled.asked, overruled.got));
        }
        if heard.overruled.len() > MOST_LINES {
            notes.push(format!("asked    and {} settings more", heard.overruled.len() - MOST_LINES));
        }
        for failure in heard.failures.iter().take(MOST_LINES) {
            let caps: Vec<&str> = failure.caps.iter().map(|cap| cap.as_str()).collect();
            let held =
                if caps.is_empty() { String::new() } else { format!(" and no longer holds {}", caps.join(", ")) };
            notes.push(format!("shim     its part {} does not work here{held}: {}", failure.hook, failure.why));
        }
        if heard.not_understood > 0 {
            notes.push(format!("shim     {} messages were not understood", heard.not_understood));
        }
        notes
    }
}

fn pass_on(child: &Child, signal: Signal) {
    if !sent_by_terminal(signal) {
        child.signal(signal);
    }
}

/// Those that would end a tftop without a command.
fn ends_dashboard(signal: Signal) -> bool {
    [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT].contains(&signal)
}

fn after_dashboard(left: anyhow::Result<()>, running: bool) {
    if let Err(error) = left {
        output::say(&format!("tftop: the dashboard can't be shown: {error}"));
    }
    if running {
        output::say("tftop: the dashboard is closed, the command goes on; Ctrl-C ends it");
    }
}

fn why_not_attached(wish: &RunWish, last: Option<&Scene>) -> String {
    program::refuses_shim(&wish.command).unwrap_or_else(|| {
        match last.is_some_and(|scene| scene.target.python.is_some()) {
            true => "Python ran and did not report (-I, -E, -S, an emptied environment, or it ended before)".to_owned(),
            false => "no Python was seen".to_owned(),
        }
    })
}
