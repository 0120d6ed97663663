//! How many CPUs the target may use and what bounds them; what each CPU did.

use serde::{Deserialize, Serialize};

use crate::data::{CpuSet, Text};

/// How many CPUs a target may use: the smallest term binds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capacity {
    /// Effective CPUs: the smallest of the terms that are known.
    pub effective_cpus: f64,
    /// The terms, in the order affinity, cpuset, quotas (innermost first), online.
    pub terms: Vec<Term>,
    /// Index of the binding term.
    pub binding: Option<usize>,
    /// CPUs a scheduler says it granted. A declaration binds nothing by itself: where it differs, nothing enforces it.
    pub declared: Vec<Declared>,
}

impl Capacity {
    /// The term that binds.
    pub fn binding_term(&self) -> Option<&Term> {
        self.terms.get(self.binding?)
    }
}

/// A number of CPUs that a scheduler declares in the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Declared {
    /// CPUs.
    pub cpus: u32,
    /// The variable: "SLURM_CPUS_PER_TASK".
    pub source: String,
}

/// One upper bound on CPUs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Term {
    /// Which kind of bound.
    pub kind: TermKind,
    /// The bound, in CPUs.
    pub cpus: f64,
    /// Which CPUs, for affinity, cpuset and online.
    pub set: Option<CpuSet>,
    /// Where it stands: cgroup path, or nothing.
    pub place: Option<Text>,
    /// Share of periods that were throttled over the window, for quotas.
    pub throttled_share: Option<f64>,
}

/// Kinds of [`Term`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// CPUs any of the target's threads may run on.
    Affinity,
    /// CPUs the cpuset cgroup grants.
    Cpuset,
    /// A cgroup's CPU-time quota.
    Quota,
    /// CPUs online.
    Online,
}

impl TermKind {
    /// One word for screens and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Affinity => "affinity",
            Self::Cpuset => "cpuset",
            Self::Quota => "quota",
            Self::Online => "online",
        }
    }
}

/// One CPU over the last window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cpu {
    /// Which CPU.
    pub cpu: u32,
    /// Whether the target may use it.
    pub allowed: bool,
    /// Share of time the target ran on it (0 to 1); estimated: a thread's whole time counts for the CPU it last ran on.
    pub ours: f64,
    /// Share of time something else ran on it, steal included.
    pub others: f64,
}
