//! How a target was started, and whether each of its caps holds.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::limits::CapKind;
use crate::data::sample::{LaunchFact, ReplacedRun, ShimReport};
use crate::data::scene::{GroupKey, Steps};

/// A cap and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CapCheck {
    /// The cap, by its option in JSON.
    pub cap: CheckedCap,
    /// Its value: "2", "0-3".
    pub value: String,
    /// The answer.
    pub outcome: CheckOutcome,
    /// What was seen, in words: by whom and by how many, or why nothing can be said.
    #[serde(rename = "says")]
    pub message: String,
}

/// A cap of a run that is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckedCap {
    /// Of a kind of pools.
    Pool(CapKind),
    /// The CPUs it was put on.
    Cpus,
    /// CPU time.
    Quota,
    /// CPUs of one group's threads.
    Pin,
}

impl CheckedCap {
    /// Its option: "intra", "cpus", "quota", "pin".
    pub fn name(self) -> &'static str {
        match self {
            Self::Pool(kind) => kind.name(),
            Self::Cpus => "cpus",
            Self::Quota => "quota",
            Self::Pin => "pin",
        }
    }

    /// The one of that option.
    pub fn named(name: &str) -> Option<Self> {
        let other = [Self::Cpus, Self::Quota, Self::Pin].into_iter().find(|cap| cap.name() == name);
        other.or_else(|| CapKind::named(name).map(Self::Pool))
    }
}

impl fmt::Display for CheckedCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for CheckedCap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for CheckedCap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).ok_or_else(|| serde::de::Error::custom(format_args!("there is no cap {name}")))
    }
}

/// Whether a cap held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LaunchState {
    /// The caps it was given.
    pub fact: Arc<LaunchFact>,
    /// What the shim has said so far.
    pub report: Arc<ShimReport>,
    /// Each cap: held, exceeded or unverified over all looks so far.
    pub checks: Vec<CapCheck>,
    /// How fast its steps go, or why that is not known.
    pub steps: Steps,
    /// How it stands to the run it replaced; none where it replaced none.
    pub replaced: Option<Arc<ReplacedRun>>,
}

impl LaunchState {
    /// The cap that is to hold a group; none where it has none.
    pub fn check_of(&self, group: &GroupKey) -> Option<&CapCheck> {
        let kind = CapKind::of_origin(&group.origin)?;
        self.check(CheckedCap::Pool(kind)).or_else(|| self.check(CheckedCap::Pool(kind.follows()?)))
    }

    fn check(&self, cap: CheckedCap) -> Option<&CapCheck> {
        self.checks.iter().find(|check| check.cap == cap)
    }

    /// The CPUs it was put on.
    pub fn check_of_cpus(&self) -> Option<&CapCheck> {
        self.check(CheckedCap::Cpus)
    }
}
