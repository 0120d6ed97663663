//! What a running process was started with, as far as it can still be read: enough to start it again. And what a person
//! is told of it before deciding, in words without secrets.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::data::run::FullEnvironment;
use crate::data::{CpuSet, ProcessKey, Text};

/// A process that can be started again. Not serializable: its environment holds secrets.
#[derive(Clone, Debug, Default)]
pub struct RebuiltProcess {
    /// Which process.
    pub key: ProcessKey,
    /// Its command line (`/proc/PID/cmdline`); the first word is what it was called by, not its executable.
    pub words: Vec<OsString>,
    /// The file it runs (`/proc/PID/exe`): of a virtual environment the interpreter it is based on.
    pub exe: PathBuf,
    /// The folder it was started in, as far as that can be told.
    pub folder: PathBuf,
    /// Why that folder was taken.
    pub folder_because: Text,
    /// Its environment at exec time (`/proc/PID/environ`).
    pub environment: FullEnvironment,
    /// Other properties that a new process can be given.
    pub attributes: ProcessAttributes,
    /// CPUs its main thread may run on now.
    pub cpus: Option<CpuSet>,
    /// Whether it ignores SIGINT (`SigIgn` of status), as background jobs of a script do.
    pub ignores_interrupt: bool,
    /// What the new run will not have, or have otherwise.
    pub lost: Vec<Text>,
    /// Why it had better not be done; only a person who insists does it all the same.
    pub doubts: Vec<Text>,
}

/// Properties that a process inherits beside its environment, and gives itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessAttributes {
    /// `Umask` of status.
    pub umask: Option<u32>,
    /// Field 19 of stat.
    pub nice: Option<i32>,
    /// `/proc/PID/limits`.
    pub limits: Vec<ResourceLimit>,
}

/// One resource limit (getrlimit(2)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceLimit {
    /// As in getrlimit(2), in small letters and without RLIMIT_: "nofile".
    pub name: String,
    /// Soft limit; none is unlimited.
    pub soft: Option<u64>,
    /// Hard limit; none is unlimited.
    pub hard: Option<u64>,
}

/// What a rerun would do. Everything in it may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RerunPlan {
    /// The process that would be started again.
    pub key: ProcessKey,
    /// The command as a line for a shell.
    pub command: Text,
    /// The file its first word leads to.
    pub program: Text,
    /// Where it starts.
    pub folder: Text,
    /// Why there.
    pub folder_because: Text,
    /// Variables that are not what they were.
    pub variables: Vec<VariableChange>,
    /// CPUs it has, and will have; none where they stay as they are.
    pub cpus: Option<(Text, Text)>,
    /// What stays, beside command, folder and environment: "umask 0022".
    pub kept: Vec<Text>,
    /// What the new run will not have, or have otherwise.
    pub lost: Vec<Text>,
    /// Why it had better not be done.
    pub doubts: Vec<Text>,
}

/// A variable of the new run that differs from the old one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableChange {
    /// Its name.
    pub name: Text,
    /// Its value; none where it was not set.
    pub before: ShownValue,
    /// Its new value; none where it will not be set.
    pub after: ShownValue,
}

/// A value as far as it may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ShownValue {
    /// Not set.
    #[default]
    Unset,
    /// Set to this.
    Value(Text),
    /// Set; what to is not for showing, here are words for it.
    Hidden(Text),
}

impl std::fmt::Display for ShownValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unset => f.write_str("not set"),
            Self::Value(value) | Self::Hidden(value) => f.write_str(value),
        }
    }
}
