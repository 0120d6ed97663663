//! One run in figures, as far as it can be measured: what `comparison` compares and a run's summary holds. Plain data, made
//! by [`StatsBuilder`](crate::runs::stats::stats_builder::StatsBuilder).

use serde::{Deserialize, Serialize};

use crate::data::Gap;
use crate::data::sample::StepSource;
use crate::data::scene::{CapCheck, Demand, GroupKey};
use crate::runs::stats::run_context::RunContext;
use crate::runs::stats::spread::Spread;
use crate::runs::stats::step_times::{FEWEST_BLOCKS, StepTimes, needed};
use crate::runs::stats::warmup::SkippedWarmup;

/// One run, measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunStats {
    /// What ran, and on what.
    #[serde(rename = "circumstances")]
    pub context: RunContext,
    /// When it was first seen, seconds after 1970.
    pub began_unix_s: u64,
    /// Seconds that everything below covers: from the end of the warm-up to the last mark, pauses between epochs included;
    /// without step marks all the time it was watched.
    pub seconds: f64,
    /// What was left out at the begin.
    pub warmup: SkippedWarmup,
    /// Whose marks the steps are; none: there are none.
    pub marks: Option<UsedMarks>,
    /// Step times; none: `gaps` says why.
    pub steps: Option<StepTimes>,
    /// Milliseconds of CPU time a step, of all its processes; none where steps or CPU time are missing. In resolution of
    /// clock ticks, between samples by straight lines.
    pub cpu_ms_per_step: Option<f64>,
    /// What all groups together got and waited for.
    pub demand: Option<Demand>,
    /// Each group, the one that wants most first.
    pub groups: Vec<GroupStats>,
    /// CPUs it could use: the median sample.
    pub effective_cpus: Option<f64>,
    /// What neighbours took.
    pub neighbours: Option<Neighbours>,
    /// Share of the periods of the quota that ran out most often; none without a quota or with too few periods.
    pub throttled_share: Option<f64>,
    /// What the trace of the scheduler showed; none where it was not traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traced: Option<TracedStats>,
    /// Whether each cap held.
    pub checks: Vec<CapCheck>,
    /// What is missing, and why.
    pub gaps: Vec<Gap>,
}

impl RunStats {
    /// What it takes until its speed can be compared; none where it can be, and where no steps were marked.
    pub(crate) fn too_short(&self) -> Option<String> {
        let enough = self.steps.as_ref().is_some_and(|steps| steps.blocks_ms.len() >= FEWEST_BLOCKS);
        (self.marks.is_some() && !enough).then(needed)
    }
}

/// Whose step marks were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UsedMarks {
    /// What a mark is.
    pub source: StepSource,
    /// Fits, iterators or sessions, one after the other, that the steps are of.
    pub streams: u32,
    /// Marks of others (other processes, loops inside loops) that were left out.
    pub left_out: u64,
}

/// What the trace of the scheduler showed of all threads, over the last minute of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TracedStats {
    /// Seconds without lost records.
    pub seconds: f64,
    /// Context switches a second.
    pub switches_per_s: f64,
    /// Share of the time in which more threads were running or preempted than CPUs could be used.
    pub crowded_share: f64,
    /// Threads running or preempted at once that were not exceeded for 99 % of the time.
    pub most_at_once: u32,
}

/// What one group used while it was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupStats {
    /// Which group.
    pub key: GroupKey,
    /// Its name for people.
    pub label: String,
    /// The most threads it had at a sample.
    pub most_threads: u32,
    /// What it got and waited for.
    pub demand: Demand,
}

/// What ran beside it: (busy of all CPUs, stolen time included, - own) / time, second by second. tftop's own few
/// milliseconds are among it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Neighbours {
    /// CPUs, over all CPUs of the machine.
    pub cpus: Spread,
    /// CPUs of the machine.
    pub of: u32,
    /// CPUs, over those it may use.
    pub allowed_cpus: Spread,
    /// CPUs it may use.
    pub of_allowed: u32,
}
