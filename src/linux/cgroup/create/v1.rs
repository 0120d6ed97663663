//! Version 1: one hierarchy a controller (or several); cgroups are made below the own one, which only root may as a rule
//! (Documentation/admin-guide/cgroup-v1/cpusets.rst, Documentation/scheduler/sched-bwc.rst).

use std::fs;
use std::path::Path;

use rustix::fs::{Access, access};

use crate::data::CpuSet;
use crate::data::sample::Quota;
use crate::linux::cgroup::create::homes::OwnCgroups;
use crate::linux::cgroup::create::plan::{CgroupBounds, CgroupPlan, CgroupStep};

/// Adds what version 1 can hold.
pub(crate) fn add(homes: &OwnCgroups, bounds: &CgroupBounds, name: &str, plan: &mut CgroupPlan) {
    if let (Some(home), Some(quota)) = (&homes.v1_cpu, bounds.quota) {
        // Where both controllers are one hierarchy, a process is in one cgroup for both.
        let shared = homes.v1_cpuset.as_ref() == Some(home);
        match not_writable(home) {
            Some(why) => plan.no_quota = Some(why),
            None => {
                let folder = make(home, name, plan);
                if shared {
                    add_cpus(home, &folder, bounds.cpus.as_ref(), plan);
                }
                add_quota(&folder, quota, plan);
                if shared {
                    return;
                }
            }
        }
    }
    if let (Some(home), Some(cpus)) = (&homes.v1_cpuset, &bounds.cpus) {
        match not_writable(home) {
            Some(why) => plan.no_cpuset = Some(why),
            None => {
                let folder = make(home, name, plan);
                add_cpus(home, &folder, Some(cpus), plan);
            }
        }
    }
}

/// Why no cgroup can be made below this one; none when it seems one can.
fn not_writable(home: &Path) -> Option<String> {
    match access(home, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => None,
        Err(error) => Some(format!("{} can't be written: {}", home.display(), std::io::Error::from(error))),
    }
}

fn make(home: &Path, name: &str, plan: &mut CgroupPlan) -> std::path::PathBuf {
    let folder = home.join(name);
    plan.steps.push(CgroupStep::Make(folder.clone()));
    plan.folders.push(folder.clone());
    folder
}

/// A cpuset of version 1 begins empty, and nobody can come in before it has CPUs and memory nodes.
fn add_cpus(home: &Path, folder: &Path, cpus: Option<&CpuSet>, plan: &mut CgroupPlan) {
    let cpus = cpus.map_or_else(|| of_home(home, ["cpuset.effective_cpus", "cpuset.cpus"]), CpuSet::to_string);
    let nodes = of_home(home, ["cpuset.effective_mems", "cpuset.mems"]);
    plan.steps.push(CgroupStep::Write(folder.join("cpuset.mems"), nodes));
    plan.steps.push(CgroupStep::Write(folder.join("cpuset.cpus"), cpus));
}

/// The first of these files of the own cgroup that says something.
fn of_home(home: &Path, names: [&str; 2]) -> String {
    let read = |name: &&str| fs::read_to_string(home.join(name)).ok().map(|text| text.trim().to_owned());
    names.iter().filter_map(read).find(|text| !text.is_empty()).unwrap_or_default()
}

fn add_quota(folder: &Path, quota: Quota, plan: &mut CgroupPlan) {
    let Quota { quota_us, period_us } = quota;
    plan.steps.push(CgroupStep::Write(folder.join("cpu.cfs_period_us"), period_us.to_string()));
    plan.steps.push(CgroupStep::Write(folder.join("cpu.cfs_quota_us"), quota_us.to_string()));
}
