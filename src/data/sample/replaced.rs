//! How a run stands to the one that it replaced, as far as whoever started both knows: not read of the target.

use serde::{Deserialize, Serialize};

use crate::data::limits::Caps;

/// A run beside the one that it replaced.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReplacedRun {
    /// Caps of the run before; empty: tftop gave it none.
    pub caps: Caps,
    /// The run before.
    pub before: Pace,
    /// This one so far, its warm-up left out.
    pub now: Pace,
    /// What can be said of its speed.
    pub change: SpeedChange,
}

/// How a run went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pace {
    /// Steps a second, from the typical time of a step; none where no steps were counted.
    pub steps_per_s: Option<f64>,
    /// CPUs that all its threads together got: no measure of speed; none where it was not looked at twice.
    pub got: Option<f64>,
    /// Seconds that were measured.
    pub seconds: f64,
}

/// What two runs show about speed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum SpeedChange {
    /// Too little was measured of the new run.
    #[default]
    TooSoon,
    /// The new run is faster.
    Faster,
    /// The new run is slower.
    Slower,
    /// Neither is shown.
    NoDifference {
        /// Why not.
        why: String,
    },
    /// They can't be compared.
    NotComparable {
        /// Why not.
        why: String,
    },
}

impl ReplacedRun {
    /// How many times as many steps a second; none without steps on both sides.
    pub fn ratio(&self) -> Option<f64> {
        let (before, now) = (self.before.steps_per_s?, self.now.steps_per_s?);
        (before > 0.0).then(|| now / before)
    }
}
