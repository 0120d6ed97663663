//! What limits a group of threads: every source that names a number, which one counts, and what would change it.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::data::{Pid, Text};

/// All limits of one group. Pools are made per process: where several processes have threads of the group, these are the
/// limits of the one that exceeds its own most, else of the one with most threads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Every source that names a number for this group, the strongest first.
    pub all: Vec<Limit>,
    /// Index into `all` of the one that counts; none when nothing limits the group or nothing can be read.
    pub effective: Option<usize>,
    /// How the group can be capped.
    pub knob: Knob,
    /// Threads beyond the effective limit, if any: reality exceeds what was set. A default is nobody's limit.
    pub exceeded_by: u32,
    /// Each process that has threads of the group, by pid.
    pub processes: Vec<ProcessLimit>,
}

/// A group's threads in one process, and what limits them there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProcessLimit {
    /// Which process.
    pub pid: Pid,
    /// Threads of the group in it.
    pub threads: u32,
    /// The limit that counts in it.
    pub limit: Option<Limit>,
    /// Threads beyond that limit.
    pub exceeded_by: u32,
}

impl Limits {
    /// The limit that counts.
    pub fn effective(&self) -> Option<&Limit> {
        self.all.get(self.effective?)
    }

    /// Why no limit counts, in two words: "as coded" where the program itself starts the threads.
    pub fn absence(&self) -> &'static str {
        match self.knob {
            Knob::NotRead => "not known",
            Knob::AsCoded => "as coded",
            Knob::OwnSetting(_) => "limit not read",
            Knob::None | Knob::Setting(_) => "no limit",
        }
    }
}

/// What would set a group's limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Knob {
    /// The settings of its process were not read.
    #[default]
    NotRead,
    /// Nothing that tftop knows, but affinity.
    None,
    /// The program itself starts as many as it is written to; nothing but affinity holds them.
    AsCoded,
    /// These calls or variables, in words.
    Setting(Text),
    /// The same of a library's own setting, which tftop neither reads nor caps.
    OwnSetting(Text),
}

impl Knob {
    /// In words; empty where it is not known.
    pub fn text(&self) -> &str {
        match self {
            Self::NotRead => "",
            Self::None => "tftop knows no setting for it",
            Self::AsCoded => "as the program starts them",
            Self::Setting(text) | Self::OwnSetting(text) => text,
        }
    }

    /// Whether the settings of the process were read.
    pub fn is_known(&self) -> bool {
        *self != Self::NotRead
    }
}

/// One number and where it comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limit {
    /// Threads; what "0 = all" stands for is already resolved.
    pub value: u32,
    /// What sets it.
    pub source: LimitSource,
    /// Where it was read: "environment at start", "train.py:12", "library memory".
    pub place: String,
    /// What it bounds.
    pub applies_to: AppliesTo,
    /// Why it does not count, for those that don't: "overridden by tf.config".
    pub overruled: Option<String>,
    /// How it is known.
    pub grade: Grade,
}

impl Limit {
    /// Whether somebody set it.
    pub fn was_set(&self) -> bool {
        !self.source.is_default()
    }
}

/// What sets a [`Limit`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LimitSource {
    /// Nothing: as many as CPUs that the process may run on.
    #[default]
    AllowedCpus,
    /// Nothing: as many as CPUs online.
    OnlineCpus,
    /// Nothing: a symbol in a library's memory holds the number of CPUs. Here in words, see [`LimitSource::library_default`].
    LibraryDefault(Text),
    /// A number in a library's memory, by its symbol.
    Library(Text),
    /// A call of `tf.config.threading`.
    TfConfig,
    /// An environment variable.
    Variable(&'static str),
    /// A line of the main script: no proof that it ran.
    Script,
    /// A cap that `tftop run` sets inside the script.
    Shim,
}

impl LimitSource {
    /// A library's own default, read from this symbol.
    pub fn library_default(symbol: &str) -> Self {
        Self::LibraryDefault(format!("default = CPUs ({symbol})").into())
    }

    /// Whether nobody set it.
    pub fn is_default(&self) -> bool {
        matches!(self, Self::AllowedCpus | Self::OnlineCpus | Self::LibraryDefault(_))
    }

    /// For screens and JSON: "tf.config", "OMP_NUM_THREADS", "default = CPUs allowed".
    pub fn text(&self) -> &str {
        match self {
            Self::AllowedCpus => "default = CPUs allowed",
            Self::OnlineCpus => "default = CPUs online",
            Self::LibraryDefault(text) | Self::Library(text) => text,
            Self::TfConfig => "tf.config",
            Self::Variable(name) => name,
            Self::Script => "the script's source",
            Self::Shim => "tftop run",
        }
    }
}

impl fmt::Display for LimitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text())
    }
}

impl Serialize for LimitSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a [`Limit`] bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
