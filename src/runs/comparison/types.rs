//! What is compared and what comes of it: sides, their figures, how they stand. Plain data; its serialized form is the
//! JSON of `tftop compare`.

use serde::Serialize;

use crate::data::Gap;
use crate::data::scene::{CapCheck, Demand, GroupKey};
use crate::runs::stats::run_stats::{RunStats, TracedStats};
use crate::runs::stats::spread::Spread;
/// One side: runs that are meant to be repeats of one another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComparedSide {
    /// Its name; sides need different ones.
    pub label: String,
    /// Its runs, at least one.
    pub runs: Vec<RunStats>,
    /// Where they are turns, one a round, in which the sides took turns: the round of its first.
    pub turns_from: Option<usize>,
}

impl ComparedSide {
    /// Runs, each by itself.
    pub fn new(label: impl Into<String>, runs: Vec<RunStats>) -> Self {
        Self { label: label.into(), runs, turns_from: None }
    }
}

/// Sides beside one another, in the order they were given.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// What is not the same on all sides: command, caps, variables, versions, machine.
    pub differences: Vec<Difference>,
    /// Each side's figures.
    pub sides: Vec<SideFigures>,
    /// Every group of any side, the one that wants most first.
    pub groups: Vec<GroupRow>,
    /// Who is faster, if that can be said.
    pub verdict: ComparisonResult,
    /// What to bear in mind.
    pub remarks: Vec<String>,
    /// What of them can be compared.
    pub comparable: Vec<ComparablePart>,
}

/// A part of what is known of the sides, and whether it can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ComparablePart {
    /// What: "time a step".
    pub what: &'static str,
    /// Whether.
    pub answer: ComparableAnswer,
    /// Why not, or what to take care of; empty where it can.
    pub why: String,
}

/// Whether something can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComparableAnswer {
    /// It can.
    Yes,
    /// It can, but it depends on something else that differs or is not known.
    WithCare,
    /// It can't.
    No,
}

/// Something that is not the same on all sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// What: "intra", "TF_ENABLE_ONEDNN_OPTS", "TensorFlow".
    pub what: String,
    /// Its value on each side; "-" where it is not set or not known.
    pub values: Vec<String>,
}

/// One side in figures. Of several runs: the median run's of each figure, but for sums and extremes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SideFigures {
    /// Its name.
    pub label: String,
    /// How many runs.
    pub runs: usize,
    /// How it stands to the fastest.
    pub standing: Ranking,
    /// Its steps; none where a run has none.
    pub steps: Option<StepFigures>,
    /// What all groups together got and waited for.
    pub demand: Option<Demand>,
    /// CPUs it could use.
    pub effective_cpus: Option<f64>,
    /// CPUs that neighbours took, and how much that varied.
    pub neighbours: Option<Spread>,
    /// Of how many CPUs: those it may use where that is the same number on all sides, else all of the machine.
    pub neighbours_of: Option<u32>,
    /// Share of throttled periods.
    pub throttled_share: Option<f64>,
    /// What was traced of all its runs: the median of each figure; none where one was not traced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traced: Option<TracedStats>,
    /// Each cap, as it fared worst.
    pub checks: Vec<CapCheck>,
    /// What is missing, and why, each once.
    pub gaps: Vec<Gap>,
}

/// Steps of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepFigures {
    /// Steps measured, of all runs.
    pub count: u64,
    /// Seconds measured, of all runs.
    pub seconds: f64,
    /// Steps left out as warm-up, of all runs.
    pub warmup: u64,
    /// What sides are compared by; none where one run or two are too short to tell how much they vary.
    pub interval: Option<Interval>,
    /// The median step, in milliseconds.
    pub median_ms: f64,
    /// 5 % of the steps took more.
    pub p95_ms: f64,
    /// The shortest of all runs.
    pub min_ms: f64,
    /// The longest of all runs.
    pub max_ms: f64,
    /// All step times together, divided by the steps, in milliseconds: with its stalls.
    pub mean_ms: f64,
    /// Steps a second.
    pub per_second: f64,
    /// Milliseconds of CPU time a step; none where it is not known.
    pub cpu_ms: Option<f64>,
}

/// Where a side's time a step lies: the middle, and from where to where it may as well be. [`rules`] says how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Interval {
    /// Milliseconds a step: the median of the runs, each the median of its blocks.
    pub typical_ms: f64,
    /// The lower end.
    pub low_ms: f64,
    /// The upper end.
    pub high_ms: f64,
}

/// How a side stands to the fastest.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Ranking {
    /// It has the smallest typical step time; whether that means anything is the verdict's business.
    Fastest,
    /// No difference to the fastest is shown.
    NoDifference {
        /// Why not.
        why: String,
    },
    /// It is slower.
    Slower {
        /// So many times as long a step.
        by: Ratio,
    },
    /// It can't be compared.
    #[default]
    Unknown,
    /// It can't be compared with the fastest.
    NotRanked {
        /// Why not.
        why: String,
    },
}

/// How many times as long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ratio {
    /// Between the typical step times.
    pub typical: f64,
    /// The least that both intervals allow.
    pub low: f64,
    /// The most that both intervals allow.
    pub high: f64,
}

/// A group on all sides.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupRow {
    /// Which group.
    pub key: GroupKey,
    /// Its name for people.
    pub label: String,
    /// On each side; none where the side does not have it.
    pub sides: Vec<Option<GroupFigures>>,
}

/// A group on one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupFigures {
    /// The most threads of any run.
    pub most_threads: u32,
    /// The median run's; runs that do not have the group count as 0.
    pub demand: Demand,
}

/// Who is faster.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum ComparisonResult {
    /// One side is faster than every other.
    Winner {
        /// Its label.
        side: String,
        /// So many times as long a step takes on the next best side.
        by: Ratio,
    },
    /// The runs can be compared, but no side stands out.
    NoDifference {
        /// Why not.
        why: String,
    },
    /// The runs can't be compared.
    NoRanking {
        /// Why not.
        why: String,
    },
}
