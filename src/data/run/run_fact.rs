//! What is known of a command before it is started by tftop, or of a process once it is watched: kept with its run, so that
//! runs can be compared later.

use serde::{Deserialize, Serialize};

use crate::data::sample::{Environment, HostFact, LaunchFact};
use crate::data::{CpuSet, ProcessKey, Text};

/// Name and version of the contract of `run.json`.
pub const RUN_SCHEMA: &str = "tftop.run/1";

/// A run, as it was begun.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunFact {
    /// [`RUN_SCHEMA`].
    pub schema: Text,
    /// Its name: sorts by time.
    pub id: Text,
    /// The command's words; what looks like a secret is left out of them.
    pub command: Vec<Text>,
    /// The folder it was started in; none where it can't be told.
    #[serde(default)]
    pub folder: Option<Text>,
    /// Caps, CPUs and what the shim is told to do.
    #[serde(default)]
    pub launch: LaunchFact,
    /// Version of the tftop that started it.
    #[serde(default)]
    pub tftop: Text,
    /// When, in milliseconds after 1970.
    #[serde(default)]
    pub started_unix_ms: u64,
    /// Time between two looks, in nanoseconds.
    #[serde(default)]
    pub interval_ns: u64,
    /// Thread-related variables as the command gets them.
    #[serde(default)]
    pub variables: Environment,
    /// Names of the variables that were set for it beside those: of these no value is kept.
    #[serde(default)]
    pub other_variables: Vec<Text>,
    /// CPUs that tftop itself may run on, and so the command where it is put on no others.
    #[serde(default)]
    pub allowed: CpuSet,
    /// The machine; none where it was not looked at.
    #[serde(default)]
    pub host: Option<HostFact>,
    /// The process that was only watched, from when it was attached to; none: tftop started the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<ProcessKey>,
    /// What its caps were predicted to do; none where nothing was predicted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted: Option<PredictedDemand>,
}

/// What a run was predicted to want and get before it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PredictedDemand {
    /// CPUs it would want.
    pub wanted: f64,
    /// CPUs it would get.
    pub got: f64,
    /// Seconds of recorded demand that rests on.
    pub from_s: f64,
    /// CPUs it would have.
    pub cpus: f64,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// With this exit code.
    Exit(u8),
    /// By this signal.
    Signal(u8),
    /// Nobody saw it: tftop was ended before.
    Unseen,
    /// It was only watched, and went on when that ended.
    Left,
    /// It was only watched, and ended: only its parent knows how.
    Gone,
}
