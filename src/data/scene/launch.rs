//! TODO head

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::sample::{LaunchFact, ShimReport};
use crate::data::scene::{GroupKey, Steps};
use crate::model::limits::verification::cap_of;
/// A cap and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapCheck {
    /// The cap's option: "intra", "cpus", "quota", "pin".
    pub cap: Cow<'static, str>,
    /// Its value: "2", "0-3".
    pub value: String,
    /// The answer.
    pub outcome: CheckOutcome,
    /// What was seen, in words: by whom and by how many, or why nothing can be said.
    pub says: String,
}

/// Whether a cap held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// At every look.
    Held,
    /// At one look at least it did not.
    Exceeded,
    /// Nothing proves either.
    Unverified,
}

impl CheckOutcome {
    /// One word for screens and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Exceeded => "exceeded",
            Self::Unverified => "unverified",
        }
    }
}

/// How the target was started, and whether its caps hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LaunchState {
    /// The caps it was given.
    pub fact: Arc<LaunchFact>,
    /// What the shim has said so far.
    pub heard: Arc<ShimReport>,
    /// Each cap: held, exceeded or unverified over all looks so far.
    pub checks: Vec<CapCheck>,
    /// How fast its steps go, or why that is not known.
    pub steps: Steps,
}

impl LaunchState {
    /// The cap that is to hold a group; none where it has none.
    pub fn check_of(&self, group: &GroupKey) -> Option<&CapCheck> {
        let cap = cap_of(&group.origin)?;
        self.checks.iter().find(|check| check.cap == cap)
    }

    /// The CPUs it was put on.
    pub fn check_of_cpus(&self) -> Option<&CapCheck> {
        self.checks.iter().find(|check| check.cap == "cpus")
    }
}
