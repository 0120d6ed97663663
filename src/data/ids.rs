//! Names for processes, threads and addresses that can't be mixed up with one another.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A process id, in the pid namespace tftop runs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Pid(pub u32);

/// A thread id, in the pid namespace tftop runs in; unique on the machine while the thread lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tid(pub u32);

/// The kernel reuses tids: a thread is the same only while its start time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ThreadKey {
    /// The thread's id.
    pub tid: Tid,
    /// Field 22 of `/proc/PID/task/TID/stat` (proc_pid_stat(5)): clock ticks after boot.
    pub start_ticks: u64,
}

/// The kernel reuses pids: a process is the same only while its start time is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProcessKey {
    /// The process id.
    pub pid: Pid,
    /// Field 22 of `/proc/PID/stat` (proc_pid_stat(5)): clock ticks after boot.
    pub start_ticks: u64,
}

/// An address in the target's memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(pub u64);

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Tid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
