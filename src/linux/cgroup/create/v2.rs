//! Version 2: one tree. A cgroup gets a controller from its parent's `cgroup.subtree_control`, and a parent that hands out
//! controllers may have no processes of its own, so the new cgroup is made below the nearest ancestor where that can be:
//! under systemd a delegated slice of the user (Documentation/admin-guide/cgroup-v2.rst).

use std::fs;
use std::path::Path;

use rustix::fs::{Access, access};

use crate::linux::cgroup::create::homes::OwnCgroups;
use crate::linux::cgroup::create::plan::{CgroupBounds, CgroupPlan, CgroupStep, MEMBERS};

const AVAILABLE: &str = "cgroup.controllers";
const HANDED_OUT: &str = "cgroup.subtree_control";
/// What may bound those in a cgroup.
const LIMITS: [&str; 5] = ["cpu.max", "cpuset.cpus", "memory.max", "memory.high", "pids.max"];

/// Adds what version 2 can hold: both bounds in one cgroup, else the quota alone.
pub(crate) fn add(homes: &OwnCgroups, bounds: &CgroupBounds, name: &str, plan: &mut CgroupPlan) {
    let mut wanted: Vec<&str> = Vec::new();
    wanted.extend(bounds.quota.map(|_| "cpu"));
    wanted.extend(bounds.cpus.as_ref().map(|_| "cpuset"));
    if wanted.is_empty() {
        return;
    }
    let Some((mount, own)) = &homes.v2 else {
        let why = "no hierarchy of cgroups with it is mounted here, or none that shows this process".to_owned();
        plan.no_quota = plan.no_quota.take().or(bounds.quota.map(|_| why.clone()));
        plan.no_cpuset = plan.no_cpuset.take().or(bounds.cpus.as_ref().map(|_| why));
        return;
    };
    match find(mount, own, &wanted) {
        Ok(parent) => build(&parent, bounds, &wanted, name, plan),
        Err(why) => {
            plan.no_cpuset = plan.no_cpuset.take().or(bounds.cpus.as_ref().map(|_| why.clone()));
            if bounds.cpus.is_some() && bounds.quota.is_some() {
                add(homes, &CgroupBounds { cpus: None, quota: bounds.quota }, name, plan);
            } else {
                plan.no_quota = plan.no_quota.take().or(bounds.quota.map(|_| why));
            }
        }
    }
}

/// A cgroup below which one with these controllers can be made.
struct Parent<'a> {
    folder: std::path::PathBuf,
    /// Controllers that it does not hand out yet.
    missing: Vec<&'a str>,
}

/// The nearest one, from the own cgroup up. A cgroup with limits is not left, and the top is nobody's to use but of those
/// who are in it. Else the reason that is told of the ancestor that came furthest.
fn find<'a>(mount: &Path, own: &Path, wanted: &[&'a str]) -> Result<Parent<'a>, String> {
    let mut why: Option<(u8, String)> = None;
    for path in own.ancestors().filter(|path| !path.as_os_str().is_empty() || own.as_os_str().is_empty()) {
        let folder = mount.join(path);
        match fits(&folder, wanted) {
            Ok(parent) => return Ok(parent),
            Err(reason) if why.as_ref().is_none_or(|(rank, _)| reason.0 > *rank) => why = Some(reason),
            Err(_) => {}
        }
        if let Some(limit) = LIMITS.iter().find(|name| limits(&folder.join(name))) {
            return Err(format!("the command would have to leave {}, which has a {limit}", folder.display()));
        }
    }
    Err(why.map_or_else(|| "no cgroup but the top one is shown here".to_owned(), |(_, why)| why))
}

/// Whether this file of a cgroup holds a limit: "max", alone or before a period, and nothing are none.
fn limits(file: &Path) -> bool {
    words(file).split_ascii_whitespace().next().is_some_and(|word| word != "max")
}

/// Whether a cgroup with these controllers can be made here; if not, how far it came and why.
fn fits<'a>(folder: &Path, wanted: &[&'a str]) -> Result<Parent<'a>, (u8, String)> {
    let shown = folder.display();
    let available = words(&folder.join(AVAILABLE));
    if let Some(lacking) = wanted.iter().find(|name| !has(&available, name)) {
        return Err((0, format!("{shown} has no controller {lacking}")));
    }
    for place in [folder.to_owned(), folder.join(MEMBERS)] {
        if let Err(error) = access(&place, Access::WRITE_OK) {
            return Err((1, format!("{} can't be written: {}", place.display(), std::io::Error::from(error))));
        }
    }
    let handed_out = words(&folder.join(HANDED_OUT));
    let missing: Vec<&str> = wanted.iter().copied().filter(|name| !has(&handed_out, name)).collect();
    // The root cgroup alone may have processes and hand out controllers; only it has no cgroup.type.
    let root = !folder.join("cgroup.type").exists();
    if !missing.is_empty() && !root && fs::read(folder.join(MEMBERS)).is_ok_and(|members| !members.is_empty()) {
        return Err((2, format!("{shown} has processes of its own and so can't hand out {}", missing.join(" and "))));
    }
    if !missing.is_empty()
        && let Err(error) = access(folder.join(HANDED_OUT), Access::WRITE_OK)
    {
        return Err((2, format!("{shown}/{HANDED_OUT} can't be written: {}", std::io::Error::from(error))));
    }
    Ok(Parent { folder: folder.to_owned(), missing })
}

/// What is handed out stays so: somebody else may have come to need it.
fn build(parent: &Parent, bounds: &CgroupBounds, wanted: &[&str], name: &str, plan: &mut CgroupPlan) {
    if !parent.missing.is_empty() {
        let more: Vec<String> = parent.missing.iter().map(|name| format!("+{name}")).collect();
        plan.steps.push(CgroupStep::Write(parent.folder.join(HANDED_OUT), more.join(" ")));
    }
    let folder = parent.folder.join(name);
    plan.steps.push(CgroupStep::Make(folder.clone()));
    plan.folders.push(folder.clone());
    if let Some(cpus) = bounds.cpus.as_ref().filter(|_| wanted.contains(&"cpuset")) {
        plan.steps.push(CgroupStep::Write(folder.join("cpuset.cpus"), cpus.to_string()));
    }
    if let Some(quota) = bounds.quota {
        plan.steps.push(CgroupStep::Write(folder.join("cpu.max"), format!("{} {}", quota.quota_us, quota.period_us)));
    }
}

fn words(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

fn has(words: &str, name: &str) -> bool {
    words.split_ascii_whitespace().any(|word| word == name)
}
