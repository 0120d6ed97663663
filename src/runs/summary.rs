//! A run at its end, or as far as it is known: what was started, how it ended, what it came to, which settings were seen.
//! What is written beside the samples of a run, so that runs can be compared later.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::limits::Caps;
use crate::data::run::{PredictedDemand, RunEnd, RunFact};
use crate::data::sample::{
    HookFailure, LibraryPool, OverruledSetting, ProcessFact, ReplacedRun, Sample, ShimReport, TfConfigFact, TfStarted,
};
use crate::data::scene::{CapCheck, Capacity, Headline, Scene};
use crate::data::{Gap, Text};
use crate::model::limits::verification;
use crate::model::prediction::predict;
use crate::runs::stats::run_stats::RunStats;
use crate::runs::stats::stats_builder::{StatsBuilder, WholeDemand};
use crate::runs::stats::warmup::Warmup;

/// Name and version of the contract of `summary.json`.
pub const SCHEMA: &str = "tftop.run-summary/1";

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunSummary {
    /// [`SCHEMA`].
    pub schema: Text,
    /// What was started.
    pub run: RunFact,
    /// How it ended.
    pub ended: RunEnd,
    /// How long it ran, in seconds; where nobody saw its end, until it was last looked at.
    pub seconds: f64,
    /// Looks that were taken at it.
    pub looks: u64,
    /// What it came to, its warm-up left out.
    pub outcome: RunStats,
    /// Settings that were seen in it.
    pub seen: SeenSettings,
    /// What bounded the CPUs it might use, at the last sample.
    pub capacity: Capacity,
    /// Caps that would have fitted it when its demand was judged highest, those it had included; empty where none was
    /// needed, none where it was never judged.
    #[serde(default)]
    pub advised: Option<Caps>,
    /// What was predicted of those caps; none where none was advised.
    #[serde(default)]
    pub advised_predicted: Option<PredictedDemand>,
    /// How it stands to the run that it replaced; none where it replaced none.
    #[serde(default)]
    pub replaced: Option<ReplacedRun>,
    /// What is missing of the run's files, and why.
    #[serde(default)]
    pub missing: Vec<String>,
}

/// Settings as they were in the process itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SeenSettings {
    /// tf.config, from the program's own objects.
    pub tf_config: Option<TfConfigFact>,
    /// Numbers that libraries keep for themselves.
    pub library_pools: Vec<LibraryPool>,
    /// What the shim heard of TensorFlow's starts.
    pub started: Vec<TfStarted>,
    /// What the script asked for and did not get.
    pub overruled: Vec<OverruledSetting>,
    /// Parts of the shim that did not work.
    pub failures: Vec<HookFailure>,
}

/// The cap's answers in one word, the worst first; none where nothing was capped.
pub fn verdict(checks: &[CapCheck]) -> Option<crate::data::scene::CheckOutcome> {
    use crate::data::scene::CheckOutcome::{Exceeded, Held, Unverified};
    [Exceeded, Unverified, Held].into_iter().find(|outcome| checks.iter().any(|check| check.outcome == *outcome))
}

/// Gathers what a summary is made of, sample by sample.
#[derive(Debug, Default)]
pub struct SummaryBuilder {
    stats: StatsBuilder,
    process: Option<Arc<ProcessFact>>,
    report: Arc<ShimReport>,
    replaced: Option<Arc<ReplacedRun>>,
    capacity: Capacity,
    span_ns: Option<(u64, u64)>,
    looks: u64,
    /// How saturated it was, and what was advised then.
    advised: Option<(f64, Caps, Option<PredictedDemand>)>,
    /// What it was judged to be when its demand was highest.
    verdict: Option<Headline>,
}

impl SummaryBuilder {
    /// Caps that were advised when its demand was judged highest; none where it was never judged.
    pub fn advised(&self) -> Option<Caps> {
        self.advised.map(|(_, caps, _)| caps)
    }

    /// What it was judged to be when its demand was judged highest; none where it was never judged.
    pub fn verdict(&self) -> Option<&Headline> {
        self.verdict.as_ref()
    }

    /// One more sample, and the scene that the model made of it.
    pub fn add(&mut self, sample: &Sample, scene: &Scene) {
        self.stats.add(sample, scene);
        self.looks += 1;
        self.span_ns = Some((self.span_ns.map_or(sample.at_ns, |(first, _)| first), sample.at_ns));
        if let Some(launch) = &sample.launch {
            self.report = launch.report.clone();
            self.replaced.clone_from(&launch.replaced);
        }
        if scene.target.ended {
            return;
        }
        self.capacity.clone_from(&scene.capacity);
        if let Some(pressure) = &scene.headline.pressure
            && self.advised.is_none_or(|(highest, ..)| pressure.saturation >= highest)
        {
            let had = sample.launch.as_ref().map(|launch| launch.fact.caps).unwrap_or_default();
            let caps = scene.headline.caps.or(had.without_cpus());
            self.advised = Some((pressure.saturation, caps, predicted(scene, &caps)));
            self.verdict = Some(scene.headline.clone());
        }
        // What was read of a process stays where a later look could not read it any more.
        let settings =
            |fact: &ProcessFact| fact.settings.tf_config.is_some() || !fact.settings.library_pools.is_empty();
        let mut living = sample.processes.iter().filter(|process| !process.ended).map(|process| &process.fact);
        if let Some(fact) = living.find(|fact| fact.tensorflow.is_some() && settings(fact)) {
            self.process = Some(fact.clone());
        }
    }

    /// Steps so far, warm-up included; 0 without marks.
    pub fn steps_so_far(&self) -> u64 {
        self.stats.steps_so_far()
    }

    /// What it came to, without the warm-up.
    pub fn outcome(&self, warmup: Warmup) -> RunStats {
        self.stats.outcome(warmup)
    }

    /// What it came to over all the time, steps or not; none before a second sample.
    pub fn whole(&self) -> Option<WholeDemand> {
        self.stats.whole()
    }

    /// Seconds from the first sample to the last.
    pub fn watched_s(&self) -> f64 {
        self.span_ns.map_or(0.0, |(first, last)| last.saturating_sub(first) as f64 / 1e9)
    }

    /// What is known now. Checks of a run that nobody looked at stand in for what was seen.
    pub fn summary(&self, run: RunFact, (ended, seconds): (RunEnd, f64), missing: Vec<String>) -> RunSummary {
        let mut outcome = self.stats.outcome(Warmup::default());
        // Its words may hold what nobody should find in a file; those of the run do not.
        outcome.context.command = command(&run);
        if self.looks == 0 {
            outcome.context.caps = run.launch.caps;
            outcome.checks = verification::Verification::new(&run.launch).checks(false);
        }
        let settings = self.process.as_ref().map(|fact| &fact.settings);
        let seen = SeenSettings {
            tf_config: settings.and_then(|settings| settings.tf_config),
            library_pools: settings.map_or_else(Vec::new, |settings| settings.library_pools.clone()),
            started: self.report.started.clone(),
            overruled: self.report.overruled.clone(),
            failures: self.report.failures.clone(),
        };
        RunSummary {
            schema: SCHEMA.into(),
            run,
            ended,
            seconds,
            looks: self.looks,
            outcome,
            seen,
            capacity: self.capacity.clone(),
            advised: self.advised(),
            advised_predicted: self.advised.and_then(|(.., predicted)| predicted),
            replaced: self.replaced.as_deref().cloned(),
            missing,
        }
    }
}

impl RunSummary {
    /// Everything that is missing: of what was to be read, and of the run's files.
    pub fn gaps(&self) -> Vec<Gap> {
        let files = self.missing.iter().map(|what| Gap::new("the run's files", what.clone()));
        self.outcome.gaps.iter().cloned().chain(files).collect()
    }
}

/// What caps are predicted to do, from what was seen of a target; none without caps or a recording. On fewer CPUs
/// than there are, of those.
pub(crate) fn predicted(scene: &Scene, caps: &Caps) -> Option<PredictedDemand> {
    let cpus = scene.capacity.effective_cpus;
    let found = predict(scene, caps).filter(|_| !caps.is_empty())?;
    let cpus = caps.cpus.map_or(cpus, |count| cpus.min(f64::from(count)));
    Some(PredictedDemand { wanted: found.wanted, got: found.got, from_s: found.from_s, cpus })
}

/// Its words as a shell would read them, roughly: for people.
fn command(run: &RunFact) -> String {
    let words: Vec<&str> = run.command.iter().map(|word| word.as_str()).collect();
    words.join(" ")
}
