//! Demand: CPUs that threads got, waited for and wanted.

use std::ops::Add;

use serde::{Deserialize, Serialize};

/// Run-queue arithmetic over the window, in CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Demand {
    /// CPUs it ran on: Δrun / Δt.
    pub got: f64,
    /// CPUs it waited for: Δwait / Δt.
    pub waiting: f64,
    /// got + waiting: the mean number of runnable threads.
    pub wanted: f64,
    /// waiting / wanted; none when nothing was wanted.
    pub wait_share: Option<f64>,
}

impl Demand {
    /// From CPU-seconds per second.
    pub fn new(got: f64, waiting: f64) -> Self {
        let wanted = got + waiting;
        let wait_share = (wanted > 0.0005).then(|| waiting / wanted);
        Self { got, waiting, wanted, wait_share }
    }

    /// CPUs it waited for; none where that is not known, as of threads that ended without being counted.
    pub fn known_waiting(&self) -> Option<f64> {
        (self.wait_share.is_some() || self.got <= 0.0005).then_some(self.waiting)
    }

    /// The same where what was waited is not known: `wanted` is then what it got.
    pub fn without_waiting(self) -> Self {
        Self { wait_share: None, ..Self::new(self.got, 0.0) }
    }
}

impl Add for Demand {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.got + other.got, self.waiting + other.waiting)
    }
}

/// Demand of the whole target over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trend {
    /// Seconds between two points.
    pub step_s: f64,
    /// CPUs wanted, one value a tick, oldest first.
    pub wanted: Vec<f32>,
    /// CPUs got, one value a tick, oldest first.
    pub got: Vec<f32>,
}

/// How good predictions for runs of the same command were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PastPredictions {
    /// Predictions that a run has checked.
    pub count: usize,
    /// Median share of the measured CPUs by which those predicted to be wanted were off.
    pub wanted_off: f64,
    /// The same of those predicted to be got.
    pub got_off: f64,
}
