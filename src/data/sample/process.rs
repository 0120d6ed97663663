//! What is known of one process apart from its threads; changes rarely, so samples share it.

use serde::{Deserialize, Serialize};

use crate::data::job::rank::Rank;
use crate::data::sample::{CgroupFact, ContainerFact, Environment, ShimFact, ThreadSettings};
use crate::data::{CpuSet, Framework, Gap, Pid, ProcessKey, Text};

/// One process of a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessFact {
    /// Which process.
    pub key: ProcessKey,
    /// Its parent when it was first seen.
    pub parent: Pid,
    /// Its pid in its own, innermost pid namespace (`NSpid` of status), where that differs from ours.
    pub namespaced_pid: Option<u32>,
    /// Its command line; empty for a kernel thread or a zombie.
    pub command: Vec<Text>,
    /// The kernel's name for it.
    pub comm: Text,
    /// Its executable as `/proc/PID/exe` names it.
    pub exe: Option<Text>,
    /// Effective user id.
    pub uid: u32,
    /// The user's name on this host, or the number where it has none.
    pub user: Option<Text>,
    /// TensorFlow, if the process maps it or seems to.
    pub tensorflow: Option<TensorFlowFact>,
    /// The other frameworks it maps, in the order of [`Framework::all`].
    #[serde(default)]
    pub frameworks: Vec<FrameworkFact>,
    /// CPython, if the process is one.
    pub python: Option<PythonFact>,
    /// Mapped libraries that can own threads, in the order of their addresses.
    pub libraries: Vec<LibraryFact>,
    /// Thread-related variables at exec time (`/proc/PID/environ`).
    pub environment: Option<Environment>,
    /// What a shim of tftop was told at exec time; none where there is none.
    #[serde(default)]
    pub shim: Option<ShimFact>,
    /// Which rank of which job it is, by its environment at exec time; none where no launcher started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<Rank>,
    /// The container it runs in, by the path of its cgroup; none where that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerFact>,
    /// Everything else that could limit its threads.
    pub settings: ThreadSettings,
    /// CPUs the main thread may run on (`Cpus_allowed_list` of status).
    pub cpus_allowed: Option<CpuSet>,
    /// CPUs its cpuset cgroup grants.
    pub cpuset: Option<CpuSet>,
    /// Its cgroup and every ancestor up to the root that is visible here, innermost first; only those with a quota.
    pub cgroups: Vec<CgroupFact>,
    /// What could not be read of this process.
    pub gaps: Vec<Gap>,
}

/// How TensorFlow was recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorFlowFact {
    /// Its version, from the wheel's metadata beside the library; missing for builds without metadata.
    pub version: Option<Text>,
    /// Path of its library as the target maps it.
    pub library: Option<Text>,
    /// True when the maps could not be read and only names suggest TensorFlow.
    pub guessed: bool,
}

/// A framework beside TensorFlow in a process's maps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameworkFact {
    /// Which one.
    pub framework: Framework,
    /// Its version, from the wheel's metadata beside the library; missing for builds without metadata.
    pub version: Option<Text>,
}

/// How CPython was recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonFact {
    /// "3.11", from the interpreter's file name or memory.
    pub version: Option<Text>,
}

/// A mapped file that holds code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryFact {
    /// Path as the target's maps name it.
    pub path: Text,
    /// GNU build id in hex, where it was looked at.
    pub build_id: Option<Text>,
}
