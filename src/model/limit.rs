//! What limits a group of threads: every source that names a number, which one counts, and what would change it.

use serde::Serialize;

/// All limits of one group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Limits {
    /// Every source that names a number for this group, the strongest first.
    pub all: Vec<Limit>,
    /// Index into `all` of the one that counts; none when nothing limits the group or nothing can be read.
    pub effective: Option<usize>,
    /// How the group can be capped, in words: "tf.config or TF_NUM_INTRAOP_THREADS", "no knob: affinity only".
    pub knob: String,
    /// Threads beyond the effective limit, if any: reality exceeds what is configured.
    pub exceeded_by: u32,
}

impl Limits {
    /// The limit that counts.
    pub fn effective(&self) -> Option<&Limit> {
        self.all.get(self.effective?)
    }
}

/// One number and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Limit {
    /// Threads; what "0 = all" stands for is already resolved.
    pub value: u32,
    /// Who says so: "tf.config", "OMP_NUM_THREADS", "default = CPUs".
    pub source: String,
    /// Where it was read: "environment at start", "train.py:12", "library memory".
    pub place: String,
    /// What it bounds.
    pub applies_to: AppliesTo,
    /// Why it does not count, for those that don't: "overridden by tf.config".
    pub overruled: Option<String>,
    /// How it is known.
    pub grade: Grade,
}

/// What a [`Limit`] bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppliesTo {
    /// The pool of each process.
    #[default]
    Pool,
    /// The private pool of each tf.data iterator.
    Iterator,
    /// The team of each thread that calls into OpenMP.
    Team,
    /// Every thread of the process together.
    Process,
}

impl AppliesTo {
    /// In words, for screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pool => "per process",
            Self::Iterator => "per iterator",
            Self::Team => "per team",
            Self::Process => "all threads",
        }
    }
}

/// How a conclusion is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Fits what was measured, but something else could explain it.
    #[default]
    Inferred,
    /// Two independent readings agree.
    Corroborated,
    /// Read or counted directly.
    Measured,
}

impl Grade {
    /// One word for screens and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Corroborated => "corroborated",
            Self::Measured => "measured",
        }
    }
}
