//! What the process that started a command adds to each sample of it, and what it does with one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::commands::sampling::sampler::SampleObserver;
use crate::data::sample::{LaunchFact, LaunchSample, ReplacedRun, Sample};
use crate::data::scene::{Confidence, Scene};
use crate::launch::pin::Pinner;
use crate::launch::shim_socket::ShimReader;
use crate::runs::comparison::replaced::{RunBefore, replaced};
use crate::runs::recording::taken_look::TakenLook;
use crate::runs::run_record::RunRecording;
use crate::runs::stats::run_stats::RunStats;

/// Adds to each sample of the command what this process knows of it.
pub(crate) struct LaunchObserver {
    pub(crate) fact: Arc<LaunchFact>,
    pub(crate) listener: Option<ShimReader>,
    pub(crate) recording: RunRecording,
    pub(crate) pinner: Arc<Mutex<Pinner>>,
    pub(crate) before: Option<BeforeNow>,
}

/// The run before, and how this one stands to it.
pub(crate) struct BeforeNow {
    before: Arc<RunBefore>,
    newest: Arc<ReplacedRun>,
    due_ns: u64,
}

/// They are compared anew so often.
const COMPARED_NS: u64 = 5_000_000_000;

impl BeforeNow {
    /// Nothing is known of the new run.
    pub(crate) fn new(before: Arc<RunBefore>) -> Self {
        let newest = Arc::new(replaced(&before, &RunStats::default()));
        Self { before, newest, due_ns: 0 }
    }

    fn at(&mut self, at_ns: u64, recording: &RunRecording) -> Arc<ReplacedRun> {
        if at_ns >= self.due_ns {
            self.due_ns = at_ns.saturating_add(COMPARED_NS);
            self.newest = Arc::new(replaced(&self.before, &recording.outcome()));
        }
        self.newest.clone()
    }
}

impl SampleObserver for LaunchObserver {
    fn complete(&mut self, sample: &mut Sample) {
        let update = self.listener.as_ref().map(ShimReader::take).unwrap_or_default();
        let replaced = self.before.as_mut().map(|before| before.at(sample.at_ns, &self.recording));
        sample.launch =
            Some(LaunchSample { fact: self.fact.clone(), report: update.report, marks: update.marks, replaced });
        if !self.fact.pins.is_empty() {
            locked(&self.pinner).look(sample);
        }
    }

    fn see(&mut self, look: &Arc<TakenLook>, scene: &Scene) {
        self.recording.take(look, scene);
        if self.fact.pins.is_empty() || scene.target.ended {
            return;
        }
        // A guess is no reason to touch a thread.
        let sure = scene.threads.iter().filter(|thread| thread.attribution.confidence > Confidence::Guess);
        locked(&self.pinner).pin(sure.map(|thread| (&*thread.attribution.group.origin, thread.pid, thread.key)));
    }
}

/// What a panic left is still a count.
pub(crate) fn locked(pinner: &Mutex<Pinner>) -> MutexGuard<'_, Pinner> {
    pinner.lock().unwrap_or_else(PoisonError::into_inner)
}
