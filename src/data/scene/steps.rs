//! How fast the training steps go, or why that is not known.

use crate::data::Text;
use crate::data::sample::StepSource;

/// How far a fit is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EpochNow {
    /// The epoch that runs, from 1.
    pub number: u64,
    /// How many there will be, where the script says it.
    pub of: Option<u64>,
    /// Share of the epoch's steps that were marked, 0 to 1; none where the script does not say how many there are.
    pub done: Option<f64>,
}

/// What is known of the steps of a target that was started by tftop.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steps {
    /// The loop that is shown; none without marks.
    pub speed: Option<Speed>,
    /// Why there are no marks; none where there are.
    pub none: Option<NoMarks>,
    /// Its steps a second, one value a tick, oldest first; none where marks are missing or not there yet. The newest value
    /// belongs to the newest of [`Trend::wanted`](super::scene::Trend::wanted).
    pub history: Vec<Option<f32>>,
    /// Every loop that marked steps, from the first step on, the shown one among them; at most 64.
    pub loops: Vec<LoopSteps>,
}

/// Bounds of the bins that steps are counted in by their time, in seconds; one more bin holds what took longer.
pub const STEP_BOUNDS_S: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Bins of step times.
pub const STEP_BINS: usize = STEP_BOUNDS_S.len() + 1;

/// All steps of one loop of one process that were marked so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoopSteps {
    /// What a step is.
    pub source: StepSource,
    /// The process, by its own numbering.
    pub pid: u32,
    /// `file:line` of the loop, where it is known.
    pub at: Option<Text>,
    /// Name of the tf.function whose calls are the steps; none where they are something else.
    pub name: Option<Text>,
    /// Steps by their time, see [`STEP_BOUNDS_S`]: the steps of one mark took its time in equal parts.
    pub bins: [u64; STEP_BINS],
    /// The time they took together, in seconds.
    pub seconds: f64,
    /// Marks that are known to be missing: there were more steps.
    pub lost: u64,
}

/// How fast one loop of one process goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speed {
    /// What a step is.
    pub source: StepSource,
    /// The process, by its own numbering.
    pub pid: u32,
    /// `file:line` of the loop, where it is known.
    pub at: Option<Text>,
    /// Name of the tf.function whose calls are the steps; none where they are something else.
    pub name: Option<Text>,
    /// Steps a second while steps were made: pauses between two streams of marks don't count. None when they took no time.
    pub per_s: Option<f64>,
    /// Median time of a step, in milliseconds.
    pub p50_ms: f64,
    /// 19 of 20 steps were faster, in milliseconds; none below 20 marks.
    pub p95_ms: Option<f64>,
    /// Marks and seconds of steps that these cover: the last 10 seconds of steps, or the last 20 marks where they took longer.
    pub marks: usize,
    /// See `marks`.
    pub covers_s: f64,
    /// Steps of this loop that were marked so far.
    pub total: u64,
    /// Whether there were more.
    pub count: MarkCount,
    /// Seconds since its last mark, where that is longer than steps and batches explain.
    pub silent_s: Option<f64>,
    /// How far Keras's fit is; none where no fit is shown.
    pub epoch: Option<EpochNow>,
    /// Processes that mark steps of this kind at the moment, this one included: their rates are not added up.
    pub processes: usize,
}

/// Whether marks were lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkCount {
    /// None as far as can be told.
    #[default]
    Exact,
    /// Some: there were more steps.
    AtLeast,
}

/// Why there are no step marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoMarks {
    /// The script was started without the shim.
    WithoutShim,
    /// No process of it has the shim in it.
    #[default]
    NotAttached,
    /// TensorFlow has not started.
    NotStarted,
    /// TensorFlow runs, but no loop that can be seen.
    NoLoop,
}

impl NoMarks {
    /// Why, in a few words.
    pub fn text(self) -> &'static str {
        match self {
            Self::WithoutShim => "started without the shim",
            Self::NotAttached => "the shim is not attached so far",
            Self::NotStarted => "TensorFlow has not started yet",
            Self::NoLoop => "no fit, loop over an iterator, Session.run or calls of a tf.function so far",
        }
    }

    /// What could be the cause nevertheless.
    pub fn remark(self) -> Option<&'static str> {
        match self {
            Self::WithoutShim | Self::NotAttached | Self::NotStarted => None,
            Self::NoLoop => Some("a loop inside a tf.function marks no steps"),
        }
    }
}
