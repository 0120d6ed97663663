//! How much of a run's begin is left out: the first steps trace the graph, fill pipelines, and let tf.data tune itself.

use serde::{Deserialize, Serialize};

/// Steps that are left out unless told otherwise: this share of all...
const USUAL_SHARE: f64 = 0.1;
/// ...and at least so many. The first step of the first epoch, which traces, is always among them.
const USUAL_LEAST: u64 = 5;

/// What to leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Warmup {
    /// The first tenth of the steps, and at least 5.
    #[default]
    Usual,
    /// So many steps.
    Steps(u64),
}

impl Warmup {
    /// How many steps of so many that is.
    pub fn steps(self, all: u64) -> u64 {
        match self {
            Self::Usual => ((all as f64 * USUAL_SHARE).ceil() as u64).max(USUAL_LEAST),
            Self::Steps(steps) => steps,
        }
    }
}

/// What was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SkippedWarmup {
    /// By which rule.
    pub rule: Warmup,
    /// Steps; never fewer than the rule asks for.
    pub steps: u64,
    /// Seconds from the first sample to the end of the last of these steps.
    pub seconds: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_but_at_least_five_steps_warm_up() {
        assert_eq!([3, 50, 51, 1000].map(|all| Warmup::Usual.steps(all)), [5, 5, 6, 100]);
        assert_eq!(Warmup::Steps(0).steps(1000), 0);
    }
}
