//! A run that is stopped once it has done its steps, and what it came to: one of a sweep.

use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;

use crate::commands::args::cli::Options;
use crate::commands::attach::attach_with;
use crate::commands::run::session::ending::Ending;
use crate::commands::run::session::{Company, Launch, ends_dashboard, run_end, words};
use crate::commands::sampler::{Companion, Pump};
use crate::data::sample::Sample;
use crate::data::scene::Scene;
use crate::launch::shim_socket::Inbox;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::runs::summary::Gathering;

/// When a run is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// After these steps, which are not measured,
    pub(crate) warmup: u64,
    /// and so many more
    pub(crate) steps: u64,
    /// which take this time at least: what neighbours take shows in seconds only;
    pub(crate) least: Duration,
    /// or after this time, in vain.
    pub(crate) limit: Duration,
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its name in the store; none where nothing could be kept.
    pub(crate) id: Option<String>,
    /// How long it took, start and end included.
    pub(crate) seconds: f64,
    pub(crate) why: Why,
    /// What was seen of it.
    pub(crate) seen: Gathering,
}

/// Why a run is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It did its steps.
    Done,
    /// It did not.
    Failed(String),
    /// A person did not want to wait.
    Interrupted,
}

impl Goal {
    fn all_steps(&self) -> u64 {
        self.warmup.saturating_add(self.steps)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    steps: u64,
    /// Since the look at which its warm-up was over.
    measured: Duration,
}

impl Progress {
    fn meets(&self, goal: &Goal) -> bool {
        self.steps >= goal.all_steps() && self.measured >= goal.least
    }
}

/// Writes down every look.
struct Clerk {
    warmup: u64,
    warm_ns: Option<u64>,
    launch: Launch,
    progress: watch::Sender<Progress>,
}

impl Companion for Clerk {
    fn complete(&mut self, sample: &mut Sample) {
        self.launch.complete(sample);
    }

    fn see(&mut self, sample: &Sample, scene: &Scene) {
        self.launch.see(sample, scene);
        let steps = self.launch.recording.steps_so_far();
        if steps >= self.warmup {
            self.warm_ns.get_or_insert(sample.at_ns);
        }
        let measured = self.warm_ns.map_or(0, |warm_ns| sample.at_ns.saturating_sub(warm_ns));
        self.progress.send_replace(Progress { steps, measured: Duration::from_nanos(measured) });
    }
}

impl Company<'_> {
    /// Stays until the goal is met or can't be, and ends the command then.
    pub(crate) async fn measure(mut self, goal: Goal, options: &Options, families: Families) -> anyhow::Result<Ran> {
        self.child.begun().await;
        let (tell, progress) = watch::channel(Progress::default());
        let clerk = Clerk { warmup: goal.warmup, warm_ns: None, launch: self.launch(), progress: tell };
        let why = match attach_with(self.child.pid(), options, Model::of_whole_watch(families), clerk) {
            Err(why) => match self.child.has_ended() {
                true => Why::Failed(format!("it {} at once", words(self.child.ended().await?))),
                false => Why::Failed(format!("it can't be watched: {why}")),
            },
            Ok(attached) => self.until(goal, progress, &attached.pump).await?,
        };
        self.end().await?;
        drop(self.inbox.take().map(Inbox::close));
        self.held.cgroups.remove();
        let how = self.child.ended().await?;
        let seen = self.record.end(&self.recording, run_end(how), self.began.elapsed());
        let id = self.record.folder.as_ref().map(|folder| folder.id().to_owned());
        Ok(Ran { id, seconds: self.began.elapsed().as_secs_f64(), why, seen })
    }

    async fn until(&mut self, goal: Goal, mut progress: watch::Receiver<Progress>, pump: &Pump) -> anyhow::Result<Why> {
        let so_far = progress.clone();
        let limit = tokio::time::sleep(goal.limit);
        tokio::pin!(limit);
        loop {
            tokio::select! {
                enough = progress.wait_for(|progress| progress.meets(&goal)) => {
                    return Ok(enough.map_or(Why::Failed("watching it ended".to_owned()), |_| Why::Done));
                }
                how = self.child.ended() => {
                    let how = how?;
                    // What the shim said last goes with one more look.
                    drop(self.inbox.take().map(Inbox::close));
                    pump.look_now().await;
                    let done = so_far.borrow().steps;
                    return Ok(match done >= goal.all_steps() {
                        true => Why::Done,
                        false => Why::Failed(format!("it {} after {done} of {} steps", words(how), goal.all_steps())),
                    });
                }
                signal = self.signals.next() => {
                    if ends_dashboard(signal) {
                        return Ok(Why::Interrupted);
                    }
                    crate::commands::run::session::pass_on(&self.child, None, false, signal);
                }
                () = &mut limit => return Ok(Why::Failed(late(so_far.borrow().steps, goal))),
            }
        }
    }

    async fn end(&mut self) -> anyhow::Result<()> {
        let mut ending = Ending::patient();
        loop {
            tokio::select! {
                how = self.child.ended() => return how.context("waiting for the command's end").map(drop),
                signal = ending.next() => self.child.signal(signal),
            }
        }
    }
}

fn late(steps: u64, goal: Goal) -> String {
    let limit_s = goal.limit.as_secs_f64();
    match steps {
        0 => format!(
            "no step marks within {limit_s:.0} s: they come from Keras's fit, loops over a dataset's iterator and Session.run"
        ),
        _ => format!("only {steps} of {} steps within {limit_s:.0} s; --limit gives it more time", goal.all_steps()),
    }
}
