//! The headline: the verdict on the target as a whole, its sentence and the numbers it rests on.

use serde::Serialize;

use crate::data::limits::{CapKind, Caps};
use crate::data::scene::Level;

/// What the judged window says of the target as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headline {
    /// The condition.
    pub condition: Verdict,
    /// The sentence: "46 threads want 16 CPUs; 32 are OpenBLAS numpy, no limit set".
    pub message: String,
    /// The second sentence, on what would fit: "OPENBLAS_NUM_THREADS=4 would fit."; empty when nothing needs to change.
    pub advice: String,
    /// The caps that would fit; empty when nothing needs to change or no cap would help.
    pub caps: Caps,
    /// What those caps are predicted to do; none where there are none.
    pub effect: Option<AdvisedEffect>,
    /// Of those, what the program sets itself and where ("train.py:12"): a variable of the shell would do nothing.
    pub in_program: Vec<(CapKind, String)>,
    /// Seconds the judgement rests on.
    pub judged_s: f64,
    /// The numbers it rests on; none while it is too soon.
    pub pressure: Option<Pressure>,
}

/// What advised caps are predicted to do, in CPUs. No measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdvisedEffect {
    /// CPUs wanted over the judged window.
    pub wanted_now: f64,
    /// CPUs that would be wanted under the caps.
    pub wanted: f64,
    /// CPUs that would be got under them.
    pub got: f64,
    /// Whether that would fit the effective CPUs.
    pub fits: bool,
}

/// The condition of the target, in order of what is reported first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Less than the judged window was seen.
    #[default]
    TooSoon,
    /// A signal or a debugger stopped every thread.
    Stopped,
    /// Started again with caps, it is slower than before.
    Slower,
    /// A quota takes the CPUs away.
    Throttled,
    /// Far more is wanted than there is.
    Severe,
    /// More is wanted than there is.
    Oversubscribed,
    /// Others on this machine take CPUs one is entitled to.
    Starved,
    /// Threads are crowded on some allowed CPUs while others idle.
    Misplaced,
    /// A little more is wanted than there is.
    Notice,
    /// Far less is wanted than there is, while more is configured.
    Undersubscribed,
    /// All is well.
    Healthy,
}

impl Verdict {
    /// One word for screens and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooSoon => "too soon",
            Self::Stopped => "stopped",
            Self::Slower => "slower than before",
            Self::Throttled => "throttled",
            Self::Severe => "severe",
            Self::Oversubscribed => "oversubscribed",
            Self::Starved => "starved",
            Self::Misplaced => "misplaced",
            Self::Notice => "notice",
            Self::Undersubscribed => "undersubscribed",
            Self::Healthy => "healthy",
        }
    }

    /// How bad it is, for `--fail-on`.
    pub fn level(self) -> Level {
        match self {
            Self::TooSoon | Self::Healthy => Level::Healthy,
            Self::Stopped | Self::Slower | Self::Starved | Self::Misplaced | Self::Notice | Self::Undersubscribed => {
                Level::Notice
            }
            Self::Throttled | Self::Oversubscribed => Level::Oversubscribed,
            Self::Severe => Level::Severe,
        }
    }
}

/// Demand against capacity over the judged window, split by who is to blame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// wanted / effective CPUs (S).
    pub saturation: f64,
    /// waiting / wanted (D).
    pub wait_share: f64,
    /// Milliseconds waited per time slice (L).
    pub wait_ms_per_slice: f64,
    /// CPUs wanted beyond the effective ones: threads too many, one's own (W_self).
    pub self_excess: f64,
    /// CPUs one was entitled to on average and did not get: neighbours, throttling, bad affinity, or demand that comes in
    /// bursts, which an average can't tell from them (W_ext).
    pub external: f64,
    /// Largest share of throttled periods of any quota over the target; none without a quota or with under 10 periods.
    pub throttled_share: Option<f64>,
}
