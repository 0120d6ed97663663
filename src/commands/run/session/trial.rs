//! A run that is stopped once it has done its steps, and what it came to: one of a sweep.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;

use crate::commands::args::global::GlobalArgs;
use crate::commands::run::session;
use crate::commands::run::session::RunSession;
use crate::commands::run::session::ending::StopSequence;
use crate::commands::run::session::foreground::ends_dashboard;
use crate::commands::run::session::observer::LaunchObserver;
use crate::commands::run::session::summary_lines::{run_end, words};
use crate::commands::sampling::attach::attach_with;
use crate::commands::sampling::sampler::{FirstLook, SampleObserver, Sampler};
use crate::data::sample::Sample;
use crate::data::scene::Scene;
use crate::launch::shim_socket::ShimSocket;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::output;
use crate::runs::recording::taken_look::TakenLook;
use crate::runs::summary::SummaryBuilder;

/// Where step marks come from.
pub(super) const STEP_SOURCES: &str = "they come from Keras's fit, loops over a dataset's iterator and Session.run";

/// When a run is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrialGoal {
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
pub(crate) struct TrialResult {
    /// Its name in the store; none where nothing could be kept.
    pub(crate) id: Option<String>,
    /// How long it took, start and end included.
    pub(crate) seconds: f64,
    pub(crate) why: TrialEnd,
    /// What was seen of it.
    pub(crate) seen: SummaryBuilder,
}

/// Why a run is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TrialEnd {
    /// It did its steps.
    Done,
    /// It did not.
    Failed(String),
    /// A person did not want to wait.
    Interrupted,
}

impl TrialGoal {
    fn all_steps(&self) -> u64 {
        self.warmup.saturating_add(self.steps)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default)]
struct TrialProgress {
    steps: u64,
    /// Since the look at which its warm-up was over.
    measured: Duration,
}

impl TrialProgress {
    fn meets(&self, goal: &TrialGoal) -> bool {
        self.steps >= goal.all_steps() && self.measured >= goal.least
    }
}

/// Writes down every look.
struct TrialObserver {
    warmup: u64,
    warm_ns: Option<u64>,
    launch: LaunchObserver,
    progress: watch::Sender<TrialProgress>,
}

impl SampleObserver for TrialObserver {
    fn complete(&mut self, sample: &mut Sample) {
        self.launch.complete(sample);
    }

    fn see(&mut self, look: &Arc<TakenLook>, scene: &Scene) {
        self.launch.see(look, scene);
        let sample = &look.sample;
        let steps = self.launch.recording.steps_so_far();
        if steps >= self.warmup {
            self.warm_ns.get_or_insert(sample.at_ns);
        }
        let measured = self.warm_ns.map_or(0, |warm_ns| sample.at_ns.saturating_sub(warm_ns));
        self.progress.send_replace(TrialProgress { steps, measured: Duration::from_nanos(measured) });
    }
}

impl RunSession<'_> {
    /// Stays until the goal is met or can't be, and ends the command then.
    pub(crate) async fn measure(
        mut self,
        goal: TrialGoal,
        options: &GlobalArgs,
        families: Families,
    ) -> anyhow::Result<TrialResult> {
        self.child.begun().await;
        let (progress_sender, progress) = watch::channel(TrialProgress::default());
        let observer =
            TrialObserver { warmup: goal.warmup, warm_ns: None, launch: self.launch(), progress: progress_sender };
        let why = match attach_with(self.child.pid(), options, Model::of_whole_watch(families), observer) {
            Err(why) => self.not_watched(&why).await?,
            Ok((sampler, first)) => self.until(goal, progress, (&sampler, first)).await?,
        };
        self.end().await?;
        drop(self.shim_socket.take().map(ShimSocket::close));
        self.held.cgroups.remove();
        let how = self.child.ended().await?;
        let seen = self.record.end(&self.recording, (run_end(how), self.began.elapsed()), output::run_summary_markdown);
        let id = self.record.folder.as_ref().map(|folder| folder.id().to_owned());
        Ok(TrialResult { id, seconds: self.began.elapsed().as_secs_f64(), why, seen })
    }

    async fn not_watched(&mut self, why: &anyhow::Error) -> anyhow::Result<TrialEnd> {
        Ok(TrialEnd::Failed(match self.child.has_ended() {
            true => format!("it {} at once", words(self.child.ended().await?)),
            false => format!("it can't be watched: {why}"),
        }))
    }

    async fn until(
        &mut self,
        goal: TrialGoal,
        mut progress: watch::Receiver<TrialProgress>,
        (sampler, mut first): (&Sampler, FirstLook),
    ) -> anyhow::Result<TrialEnd> {
        let so_far = progress.clone();
        let limit = tokio::time::sleep(goal.limit);
        tokio::pin!(limit);
        loop {
            tokio::select! {
                biased;
                why = first.failed() => return self.not_watched(&why).await,
                enough = progress.wait_for(|progress| progress.meets(&goal)) => {
                    return Ok(enough.map_or(TrialEnd::Failed("watching it ended".to_owned()), |_| TrialEnd::Done));
                }
                how = self.child.ended() => {
                    let how = how?;
                    // What the shim said last goes with one more look.
                    drop(self.shim_socket.take().map(ShimSocket::close));
                    sampler.look_now().await;
                    let done = so_far.borrow().steps;
                    return Ok(match done >= goal.all_steps() {
                        true => TrialEnd::Done,
                        false => TrialEnd::Failed(format!("it {} after {done} of {} steps", words(how), goal.all_steps())),
                    });
                }
                signal = self.signals.next() => {
                    if ends_dashboard(signal) {
                        return Ok(TrialEnd::Interrupted);
                    }
                    session::pass_on(&self.child, None, false, signal);
                }
                () = &mut limit => return Ok(TrialEnd::Failed(late(so_far.borrow().steps, goal.all_steps(), goal.limit))),
            }
        }
    }

    /// Ends the command, with time to save.
    pub(super) async fn end(&mut self) -> anyhow::Result<()> {
        let mut ending = StopSequence::with_time_to_save();
        loop {
            tokio::select! {
                how = self.child.ended() => return how.context("waiting for the command's end").map(drop),
                signal = ending.next() => self.child.signal(signal),
            }
        }
    }
}

/// Why a command that has made so many of the steps it should is given up.
pub(super) fn late(steps: u64, of: u64, limit: Duration) -> String {
    let limit_s = limit.as_secs_f64();
    match steps {
        0 => format!("no step marks within {limit_s:.0} s: {STEP_SOURCES}"),
        _ => format!("only {steps} of {of} steps within {limit_s:.0} s; --limit gives it more time"),
    }
}
