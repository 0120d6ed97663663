//! Warm copies of a command under different caps, which take turns: all but one are stopped. A turn is measured without a
//! start and without what changes on the machine from one minute to the next. They are commands that this process started;
//! nothing is kept of them, for most of their time they stand still.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::commands::args::global::GlobalArgs;
use crate::commands::own_process::stdio;
use crate::commands::run::session::RunSession;
use crate::commands::run::session::ending::StopSequence;
use crate::commands::run::session::foreground::ends_dashboard;
use crate::commands::run::session::observer::LaunchObserver;
use crate::commands::run::session::summary_lines::words;
use crate::commands::run::session::trial::{STEP_SOURCES, late};
use crate::commands::sampling::attach::{PROC, attach_with};
use crate::commands::sampling::sampler::{FirstLook, SampleObserver, Sampler};
use crate::data::ProcessKey;
use crate::data::limits::Caps;
use crate::data::sample::{LaunchSample, Sample, StepMarks};
use crate::data::scene::Scene;
use crate::launch::stop::StopTarget;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::runs::recording::taken_look::TakenLook;
use crate::runs::stats::run_stats::RunStats;
use crate::runs::stats::stats_builder::StatsBuilder;
use crate::runs::stats::warmup::Warmup;

/// Time that a copy has to be at work again before its turn counts.
const SETTLE: Duration = Duration::from_millis(300);
/// Looks for processes that were born while their parents were being stopped.
const MOST_LOOKS: usize = 5;
/// A script that has made no step by then is worth a word.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest wait for the end of a copy: by then it has been killed.
const LONGEST_END: Duration = Duration::from_secs(10);

/// A copy, stopped but for its turns.
pub(crate) struct WarmCopy<'a> {
    session: RunSession<'a>,
    sampler: Sampler,
    first: FirstLook,
    turn: Turn,
    seen: watch::Receiver<Seen>,
}

/// How a wait for a copy ended.
pub(crate) enum Waited<T> {
    /// As it should.
    Done(T),
    /// The copy is of no use any more.
    Failed(String),
    /// A person did not want to wait.
    Interrupted,
}

/// What was seen of a copy so far.
#[derive(Clone, Debug, Default)]
struct Seen {
    steps: u64,
    living: BTreeSet<ProcessKey>,
}

/// What the turn that goes on came to so far; none between turns.
#[derive(Clone, Default)]
struct Turn(Arc<Mutex<Option<TurnStats>>>);

#[derive(Default)]
struct TurnStats {
    /// When its first look was.
    begin_ns: Option<u64>,
    stats: StatsBuilder,
}

struct TurnObserver {
    launch: LaunchObserver,
    turn: Turn,
    seen: watch::Sender<Seen>,
}

impl Turn {
    fn locked(&self) -> MutexGuard<'_, Option<TurnStats>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SampleObserver for TurnObserver {
    fn complete(&mut self, sample: &mut Sample) {
        self.launch.complete(sample);
    }

    fn see(&mut self, look: &Arc<TakenLook>, scene: &Scene) {
        self.launch.see(look, scene);
        let sample = &look.sample;
        let marks = sample.launch.iter().flat_map(|launch| &launch.marks);
        let steps = marks.fold(0, |sum: u64, record| sum.saturating_add(record.steps));
        let living = sample.processes.iter().filter(|process| !process.ended).map(|process| process.fact.key);
        self.seen.send_modify(|seen| {
            seen.steps = seen.steps.saturating_add(steps);
            seen.living = living.collect();
        });
        if let Some(turn) = self.turn.locked().as_mut() {
            let begin_ns = *turn.begin_ns.get_or_insert(sample.at_ns);
            let launch = sample.launch.as_ref().map(|launch| begun_since(launch, begin_ns));
            turn.stats.add(&Sample { launch, ..Sample::clone(sample) }, scene);
        }
    }
}

/// Without steps that began before: what was under way when a copy was stopped took as long as it stood still.
fn begun_since(launch: &LaunchSample, begin_ns: u64) -> LaunchSample {
    let marks = launch.marks.iter().filter_map(|record| steps_since(record, begin_ns)).collect();
    LaunchSample { marks, ..launch.clone() }
}

fn steps_since(record: &StepMarks, begin_ns: u64) -> Option<StepMarks> {
    let mut began_ns = record.at_ns;
    let within = |&&us: &&u32| {
        began_ns = began_ns.saturating_sub(u64::from(us) * 1000);
        began_ns >= begin_ns
    };
    let kept = record.durations_us.iter().rev().take_while(within).count();
    let all = record.durations_us.len();
    let steps = (u128::from(record.steps) * kept as u128 / all.max(1) as u128) as u64;
    let durations_us = record.durations_us.get(all - kept..)?.to_vec();
    let first = record.first.saturating_add((all - kept) as u64);
    (kept > 0).then(|| StepMarks { steps, first, durations_us, ..record.clone() })
}

impl<'a> RunSession<'a> {
    /// Watches the command as a copy.
    pub(crate) async fn copy(mut self, options: &GlobalArgs, families: Families) -> anyhow::Result<WarmCopy<'a>> {
        self.child.begun().await;
        let (turn, (sender, seen)) = (Turn::default(), watch::channel(Seen::default()));
        let observer = TurnObserver { launch: self.launch(), turn: turn.clone(), seen: sender };
        let (sampler, first) = attach_with(self.child.pid(), options, Model::of_whole_watch(families), observer)?;
        Ok(WarmCopy { session: self, sampler, first, turn, seen })
    }
}

impl WarmCopy<'_> {
    /// Waits until it has made so many steps.
    pub(crate) async fn warm(&mut self, steps: u64, limit: Duration) -> anyhow::Result<Waited<()>> {
        let mut seen = self.seen.clone();
        let warm = async {
            let _ = self.first.taken().await;
            // An error is the sampler's end, which comes with the command's.
            if timeout(PATIENCE, seen.wait_for(|seen| seen.steps > 0)).await.is_err() {
                stdio::say(&format!("no step mark in {} s so far: {STEP_SOURCES}", PATIENCE.as_secs()));
            }
            let _ = seen.wait_for(|seen| seen.steps >= steps).await;
        };
        let come = wait(&mut self.session, timeout(limit, warm)).await?;
        let made = self.seen.borrow().steps;
        Ok(match come {
            Waited::Done(_) if made >= steps => Waited::Done(()),
            Waited::Done(_) => Waited::Failed(late(made, steps, limit)),
            Waited::Failed(why) => Waited::Failed(why),
            Waited::Interrupted => Waited::Interrupted,
        })
    }

    /// Lets it run for so long and measures that; then it is stopped again.
    pub(crate) async fn turn(&mut self, length: Duration) -> anyhow::Result<Waited<RunStats>> {
        self.signal(Signal::CONT);
        let settled = wait(&mut self.session, sleep(SETTLE)).await?;
        self.sampler.look_now().await;
        *self.turn.locked() = Some(TurnStats::default());
        self.sampler.look_now().await;
        let come = match settled {
            Waited::Done(()) => wait(&mut self.session, sleep(length)).await?,
            other => other,
        };
        self.sampler.look_now().await;
        let stats = self.turn.locked().take();
        self.stop().await;
        let stats = stats.map(|turn| turn.stats.outcome(Warmup::Steps(0)));
        Ok(match (come, stats) {
            (Waited::Done(()), Some(stats)) => Waited::Done(stats),
            (Waited::Done(()), None) => Waited::Failed("nothing was measured".to_owned()),
            (Waited::Failed(why), _) => Waited::Failed(why),
            (Waited::Interrupted, _) => Waited::Interrupted,
        })
    }

    /// Stops all its processes, those too that are born meanwhile.
    pub(crate) async fn stop(&self) {
        let mut stopped = BTreeSet::new();
        for _ in 0..MOST_LOOKS {
            let living = self.seen.borrow().living.clone();
            let fresh: Vec<ProcessKey> = living.difference(&stopped).copied().collect();
            if fresh.is_empty() {
                return;
            }
            fresh.iter().for_each(|&key| signal(key, Signal::STOP));
            stopped.extend(fresh);
            self.sampler.look_now().await;
        }
    }

    /// Caps that were advised for it; none where it was not judged.
    pub(crate) fn advised(&self) -> Option<Caps> {
        self.session.recording.advised()
    }

    /// Ends it.
    pub(crate) async fn end(mut self) {
        // What it started may outlive it, and is its no more then.
        self.sampler.look_now().await;
        let living = self.seen.borrow().living.clone();
        self.signal(Signal::CONT);
        let mut ending = StopSequence::abandoned();
        let ended = async {
            loop {
                tokio::select! {
                    _ = self.session.child.ended() => return,
                    signal = ending.next() => self.session.child.signal(signal),
                }
            }
        };
        let _ = timeout(LONGEST_END, ended).await;
        living.iter().for_each(|&key| signal(key, Signal::KILL));
        self.session.held.cgroups.remove();
    }

    fn signal(&self, number: Signal) {
        self.seen.borrow().living.iter().for_each(|&key| signal(key, number));
    }
}

impl Drop for WarmCopy<'_> {
    /// Nothing of it stays, stopped least of all.
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// A process that is gone, or whose number is another one's by now, gets none.
fn signal(key: ProcessKey, number: Signal) {
    if let Ok(process) = StopTarget::of(Path::new(PROC), key) {
        let _ = process.signal(number);
    }
}

/// Waits for what is to come, unless the command ends or a person has enough.
async fn wait<T>(session: &mut RunSession<'_>, what: impl Future<Output = T>) -> anyhow::Result<Waited<T>> {
    tokio::pin!(what);
    loop {
        tokio::select! {
            biased;
            come = &mut what => return Ok(Waited::Done(come)),
            how = session.child.ended() => return Ok(Waited::Failed(format!("it {}", words(how?)))),
            signal = session.signals.next() => if ends_dashboard(signal) {
                return Ok(Waited::Interrupted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(at_ns: u64, durations_us: &[u32], steps: u64) -> StepMarks {
        StepMarks { at_ns, durations_us: durations_us.to_vec(), steps, first: 10, ..StepMarks::default() }
    }

    #[test]
    fn a_step_that_was_under_way_while_the_copy_stood_still_does_not_count() {
        let marks = record(10_000_000, &[5_000_000, 1000, 2000], 3);
        let kept = steps_since(&marks, 6_000_000).unwrap();
        assert_eq!((kept.durations_us.as_slice(), kept.steps, kept.first), ([1000, 2000].as_slice(), 2, 11));
        assert_eq!(steps_since(&marks, 7_000_001).map(|kept| kept.steps), Some(1));
        assert_eq!(steps_since(&marks, 9_000_000), None);
        assert_eq!(steps_since(&record(10, &[], 0), 0), None);
    }

    #[test]
    fn several_steps_a_mark_are_cut_by_marks() {
        let kept = steps_since(&record(10_000_000, &[1000, 1000, 1000, 1000], 40), 8_000_000).unwrap();
        assert_eq!((kept.durations_us.len(), kept.steps), (2, 20));
    }
}
