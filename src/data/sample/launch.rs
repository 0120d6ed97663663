//! What the one who started a target knows of it beside what can be seen from outside: the caps it was given, and what the
//! shim inside the script says. Nothing of the latter is believed where it can be seen from outside.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::limits::{CapKind, Caps};
use crate::data::sample::{Quota, ReplacedRun};
use crate::data::{CpuSet, Text};

/// How the target was started; does not change while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LaunchFact {
    /// The caps it was given, one for each layer.
    pub caps: Caps,
    /// CPUs it was put on; none: those of whoever started it.
    pub cpus: Option<CpuSet>,
    /// CPU time it was given by a cgroup of its own.
    #[serde(default)]
    pub quota: Option<Quota>,
    /// Groups whose threads are kept on CPUs of their own.
    #[serde(default)]
    pub pins: Vec<Pin>,
    /// What the shim was told to do.
    pub shim: ShimUse,
}

/// CPUs for the threads of one origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pin {
    /// The origin's id: "tf-data".
    pub origin: String,
    /// Where its threads are to run.
    pub cpus: CpuSet,
}

impl fmt::Display for Pin {
    /// "tf-data=0-1"
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.origin, self.cpus)
    }
}

/// What the shim was told to do in the script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ShimUse {
    /// There is none: neither settings of the script itself nor steps are known.
    #[default]
    Off,
    /// It only reports.
    Record,
    /// It holds the caps against the script's own settings, and reports.
    Enforce,
}

/// The shim's own configuration, as it stands in the environment a process was started with (TFTOP_SHIM): also of a run that
/// another tftop has started. That it stands there does not prove that the shim is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimFact {
    /// Whether it was told to hold its caps.
    pub enforces: bool,
    /// Largest intra-op pool.
    pub intra: Option<u32>,
    /// Largest inter-op pool.
    pub inter: Option<u32>,
    /// Largest private pool of an iterator.
    pub data: Option<u32>,
}

impl ShimFact {
    /// The cap that it is to hold on the threads of an origin; none where it holds none.
    pub fn cap(&self, origin: &str) -> Option<u32> {
        let cap = match CapKind::of_origin(origin)? {
            CapKind::Intra => self.intra,
            CapKind::Inter => self.inter,
            CapKind::Data => self.data,
            _ => None,
        };
        cap.filter(|_| self.enforces)
    }
}

/// What whoever started the target adds to one sample.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LaunchSample {
    /// How it was started.
    pub fact: Arc<LaunchFact>,
    /// All that the shim has said so far, but for the steps.
    #[serde(rename = "heard")]
    pub report: Arc<ShimReport>,
    /// Step marks that came since the sample before, in the order they came.
    pub marks: Vec<StepMarks>,
    /// How it stands to the run it replaced; none where it replaced none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Arc<ReplacedRun>>,
}

/// All that the shim has said of settings and processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimReport {
    /// Processes the shim is in, by their own word.
    pub processes: BTreeSet<u32>,
    /// Settings that the script asked for and got otherwise, each once, in order.
    pub overruled: Vec<OverruledSetting>,
    /// Parts of the shim that do not work in this script.
    pub failures: Vec<HookFailure>,
    /// TensorFlow's starts, one a process.
    pub started: Vec<TfStarted>,
    /// The newest epoch of the newest fit; none without Keras's fit.
    pub epoch: Option<Epoch>,
    /// Datagrams that are no record, or say of step marks what can't be.
    pub not_understood: u64,
    /// Step marks that were dropped, because nobody took them or because they can't be: the counts of steps are then too
    /// low.
    pub marks_dropped: u64,
}

impl ShimReport {
    /// Whether a part that holds this cap ("intra", "data") does not work in the script.
    pub fn fails(&self, cap: &str) -> bool {
        self.failures.iter().any(|failure| failure.caps.iter().any(|failed| failed.as_str() == cap))
    }
}

/// A part of the shim that does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HookFailure {
    /// Its name.
    pub hook: Text,
    /// What it would hold, which is now held no longer: "intra", "data"; nothing where it only reports.
    pub caps: Vec<Text>,
    /// Why it does not work.
    pub why: Text,
}

/// The script's wish, and what it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OverruledSetting {
    /// What was to be set: "intra", "data.private_threadpool_size", "env.OMP_NUM_THREADS".
    pub what: Text,
    /// The value asked for.
    pub asked: Text,
    /// The value it got.
    pub got: Text,
    /// `file:line`, where it is known.
    pub at: Option<Text>,
}

/// TensorFlow built its pools.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TfStarted {
    /// In which process, by its own numbering.
    pub pid: u32,
    /// What started it: "eager", "session", "devices".
    pub by: Text,
    /// `file:line` of whoever did, where it is known.
    pub at: Option<Text>,
    /// Intra-op threads it was started with; 0: TensorFlow decides.
    pub intra: Option<i64>,
    /// Inter-op threads it was started with; 0: TensorFlow decides.
    pub inter: Option<i64>,
    /// TensorFlow's version.
    pub tensorflow: Option<Text>,
    /// Keras's version; none where it is not imported.
    pub keras: Option<Text>,
}

/// How far a fit of Keras is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// The epoch that runs, from 0.
    pub epoch: u64,
    /// How many there will be.
    pub epochs: Option<u64>,
    /// Steps in each; none: the script does not say.
    pub steps: Option<u64>,
}

/// Durations between step marks of one stream, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMarks {
    /// The process, by its own numbering.
    pub pid: u32,
    /// What a mark is.
    pub source: StepSource,
    /// Which fit, iterator or session of that process.
    pub stream: u64,
    /// `file:line` of the loop, where it is known.
    #[serde(default)]
    pub at: Option<Text>,
    /// The name of the tf.function that is called; none for every other source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Marks this stream had before.
    pub first: u64,
    /// Training steps that these marks cover: more than marks where one call runs several steps.
    pub steps: u64,
    /// When the last of them came, nanoseconds since boot (CLOCK_BOOTTIME, as [`Sample::at_ns`](super::Sample::at_ns)).
    pub at_ns: u64,
    /// One duration a mark, in microseconds.
    pub durations_us: Vec<u32>,
    /// Of all these, microseconds within the calls of the tf.function; none for every other source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside_us: Option<u64>,
}

/// What a step mark is (assets/shim/PROTOCOL.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepSource {
    /// The end of a training batch in Keras's fit.
    #[default]
    Keras,
    /// One turn of a Python loop over an iterator.
    Iterator,
    /// One return of `Session.run`.
    Session,
    /// One return of a tf.function that Python called.
    Function,
}

impl StepSource {
    /// Its name in files and series.
    pub fn word(self) -> &'static str {
        match self {
            Self::Keras => "keras",
            Self::Iterator => "iterator",
            Self::Session => "session",
            Self::Function => "function",
        }
    }

    /// Which source is believed where several mark: a fit calls iterators and functions, a loop over an iterator functions.
    pub fn rank(self) -> u8 {
        match self {
            Self::Keras => 2,
            Self::Iterator | Self::Session => 1,
            Self::Function => 0,
        }
    }
}
