//! What is kept of a process that is watched in the dashboard: the record of a run that tftop has not started. Where it can't
//! be kept the process is watched all the same.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::commands::args::global::GlobalArgs;
use crate::commands::sampling::sampler::SampleObserver;
use crate::data::run::RunEnd;
use crate::data::sample::{ProcessFact, Sample};
use crate::data::scene::Scene;
use crate::output;
use crate::runs::history::live_player::OlderLooks;
use crate::runs::recording::taken_look::TakenLook;
use crate::runs::run_record::{RunRecord, RunRecording, shown_of};
use crate::runs::summary::SummaryBuilder;

/// Who leaves sooner leaves nothing behind.
const SHORTEST: Duration = Duration::from_secs(5);

/// The record of one session.
#[derive(Debug)]
pub(crate) struct WatchRecord {
    record: Arc<Mutex<RunRecord>>,
    recording: RunRecording,
}

/// Goes along with the sampler.
pub(crate) struct WatchObserver {
    record: Arc<Mutex<RunRecord>>,
    recording: RunRecording,
    described: bool,
}

impl WatchRecord {
    /// Begins, unless nothing is to be kept: figures are gathered in any case, for a comparison after a rerun.
    pub(crate) fn begin(options: &GlobalArgs) -> Self {
        let limit = options.runs.watched_limit().filter(|_| !options.no_record && !options.read_only);
        let (mut record, mut recording) = (RunRecord::default(), RunRecording::default());
        if let Some(limit) = limit {
            record = RunRecord::begin();
            recording = record.recording_of_watched(limit);
        }
        Self { record: Arc::new(Mutex::new(record)), recording }
    }

    /// Why nothing is kept although it should be.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).missing.first().cloned()
    }

    /// Where looks are that the dashboard's memory has no room for.
    pub(crate) fn older_looks(&self) -> OlderLooks {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).older_looks()
    }

    /// Where samples and stacks are kept.
    pub(crate) fn recording(&self) -> RunRecording {
        self.recording.clone()
    }

    /// What sees every sample.
    pub(crate) fn observer(&self) -> WatchObserver {
        WatchObserver { record: self.record.clone(), recording: self.recording.clone(), described: false }
    }

    /// Ends it. What was gathered; and a line that says where it is kept, where it is.
    pub(crate) fn end(self, ended: bool) -> (SummaryBuilder, Option<String>) {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = self.recording.watched_s();
        if seconds < SHORTEST.as_secs_f64() {
            let (_, builder) = self.recording.finish();
            record.discard();
            return (builder, None);
        }
        let end = if ended { RunEnd::Gone } else { RunEnd::Left };
        let after = Duration::from_secs_f64(seconds);
        let builder = record.end(&self.recording, (end, after), output::run_summary_markdown);
        let kept = record.folder.as_ref().map(|folder| format!("kept as {0}: `tftop runs show {0}`", folder.id()));
        (builder, kept)
    }
}

impl SampleObserver for WatchObserver {
    fn see(&mut self, look: &Arc<TakenLook>, scene: &Scene) {
        if let Some(process) = look.sample.processes.first().filter(|process| !self.described && !process.ended) {
            self.described = true;
            describe(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner), &process.fact, &look.sample);
        }
        self.recording.take(look, scene);
    }
}

/// Writes down what is watched.
pub(super) fn describe(record: &mut RunRecord, process: &ProcessFact, sample: &Sample) {
    let fact = &mut record.fact;
    fact.watched = Some(process.key);
    fact.command = shown_of(process);
    fact.interval_ns = sample.interval_ns;
    fact.variables = process.environment.clone().unwrap_or_default();
    fact.allowed = process.cpus_allowed.clone().unwrap_or_default();
    fact.host = Some((*sample.host).clone());
    record.write_fact();
}
