//! What cgroups of the command's own are to hold, and the steps that make them. Plain data.

use std::path::PathBuf;

use crate::data::CpuSet;
use crate::data::sample::Quota;

/// What a process writes its pid, or 0 for itself, into to come in (cgroups(7)).
pub(super) const MEMBERS: &str = "cgroup.procs";

/// What a cgroup is to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CgroupBounds {
    /// CPUs that nobody in it can leave.
    pub cpus: Option<CpuSet>,
    /// CPU time of all in it together.
    pub quota: Option<Quota>,
}

/// One thing to do, in the words of a shell: `mkdir` or `echo TEXT >FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CgroupStep {
    /// Make this cgroup.
    Make(PathBuf),
    /// Write this into that file of a cgroup.
    Write(PathBuf, String),
}

/// How the bounds can be held here, as far as can be said without trying.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CgroupPlan {
    /// What to do, in order.
    pub steps: Vec<CgroupStep>,
    /// Cgroups that the command comes into; they are removed after its end.
    pub folders: Vec<PathBuf>,
    /// Why no cgroup can hold the CPUs; none where one can, or where none was asked for.
    pub no_cpuset: Option<String>,
    /// Why none can hold the quota.
    pub no_quota: Option<String>,
}
