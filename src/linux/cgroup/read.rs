//! The cgroups of a process that limit its CPU time or its threads, version 1 and version 2, every ancestor that is visible
//! here, and the CPUs its cpuset grants. What a cgroup namespace hides is said.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::data::sample::{CgroupFact, CgroupVersion, ContainerFact, PidsLimit, Quota, Throttle};
use crate::data::{CpuSet, Gap, Text};
use crate::linux::cgroup::mounts::{CgroupMount, cgroup_mounts};
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat::{number, words};

/// The inode of the first cgroup namespace of a machine (PROC_CGROUP_INIT_INO in the kernel's proc_ns.h).
const FIRST_NAMESPACE: &[u8] = b"cgroup:[4026531835]";
/// Limit for files that hold a list of mounts or cgroups.
const LIST_LIMIT: usize = 1 << 20;
/// Limit for files that hold a few numbers.
const VALUE_LIMIT: usize = 16 << 10;

/// Where each hierarchy that matters is mounted, as this process sees it.
#[derive(Debug, Default)]
pub struct Mounts {
    hierarchies: Vec<CgroupMount>,
    namespaced: bool,
}

/// What the cgroups of one process say.
#[derive(Debug, Default)]
pub struct CgroupLimits {
    /// Those with a quota, innermost first.
    pub cgroups: Vec<CgroupFact>,
    /// The folder of each of `cgroups`.
    pub places: Vec<PathBuf>,
    /// CPUs granted by the cpuset.
    pub cpuset: Option<CpuSet>,
    /// The container that its path names.
    pub container: Option<ContainerFact>,
    /// What is hidden.
    pub gaps: Vec<Gap>,
}

impl Mounts {
    /// Reads `self/mountinfo` (proc_pid_mountinfo(5)). Mounts below /sys/fs/cgroup are looked for below `cgroup_root`.
    pub fn read(proc_root: &Path, cgroup_root: &Path, reader: &mut FileReader) -> Self {
        let Ok(own) = ProcDir::open(&proc_root.join("self")) else { return Self::default() };
        let namespaced = own.link("ns/cgroup").is_ok_and(|link| link != FIRST_NAMESPACE);
        let text = reader.read(&own, "mountinfo", LIST_LIMIT).unwrap_or_default();
        let shown = |mount: CgroupMount| match mount.place.strip_prefix("/sys/fs/cgroup") {
            Ok(rest) => CgroupMount { place: cgroup_root.join(rest), ..mount },
            Err(_) => mount,
        };
        Self { hierarchies: cgroup_mounts(text).map(shown).collect(), namespaced }
    }

    /// Whether any hierarchy that can limit CPUs is mounted.
    pub fn any(&self) -> bool {
        self.hierarchies.iter().any(|hierarchy| hierarchy.cpu || hierarchy.cpuset)
    }

    /// Of the cgroups of the process that limit its threads, the one with the least room left.
    pub fn pids(&self, process: &ProcDir, reader: &mut FileReader) -> Option<PidsLimit> {
        let membership = reader.read(process, "cgroup", LIST_LIMIT).ok()?.to_vec();
        let mut limits = Vec::new();
        for (hierarchy, path) in membership.split(|&byte| byte == b'\n').filter_map(|line| self.find(line)) {
            let relative = below(path, &hierarchy.root).filter(|_| hierarchy.pids);
            for path in relative.into_iter().flat_map(ancestors) {
                limits.extend(ProcDir::open(&place(hierarchy, path)).ok().and_then(|f| pids(&f, path, reader)));
            }
        }
        limits.into_iter().min_by_key(|limit| limit.max.saturating_sub(limit.current))
    }

    /// What limits the process whose folder this is.
    pub fn limits(&self, process: &ProcDir, reader: &mut FileReader) -> CgroupLimits {
        let mut limits = CgroupLimits::default();
        let membership = match reader.read(process, "cgroup", LIST_LIMIT) {
            Ok(text) => text.to_vec(),
            Err(error) => {
                limits.gaps.push(Gap::new("CPU quotas", format!("/proc/PID/cgroup can't be read: {error}")));
                return limits;
            }
        };
        limits.container = ContainerFact::from_membership(&membership);
        for line in membership.split(|&byte| byte == b'\n') {
            let Some((hierarchy, path)) = self.find(line).filter(|(found, _)| found.cpu || found.cpuset) else {
                continue;
            };
            match below(path, &hierarchy.root) {
                Some(relative) => limits.add(hierarchy, relative, reader),
                None => limits.gaps.push(Gap::new(
                    "CPU quotas",
                    "the target's cgroup lies outside what is mounted here; run tftop on the host or in its container, or mount the \
                     host's /sys/fs/cgroup here, read-only",
                )),
            }
        }
        if self.namespaced && limits.gaps.is_empty() {
            let why =
                "a cgroup namespace hides the cgroups above this container; tftop sees them when it runs on the host";
            limits.gaps.push(Gap::new("CPU quotas outside this container", why));
        }
        limits.gaps.sort_unstable();
        limits.gaps.dedup();
        limits
    }

    /// The hierarchy and the path of one `ID:CONTROLLERS:PATH` line (cgroups(7)).
    fn find<'a>(&self, line: &'a [u8]) -> Option<(&CgroupMount, &'a [u8])> {
        let mut parts = line.splitn(3, |&byte| byte == b':');
        let (id, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let named = |name: &[u8]| controllers.split(|&byte| byte == b',').any(|controller| controller == name);
        let fits = |hierarchy: &&CgroupMount| match hierarchy.version {
            CgroupVersion::V2 => id == b"0" && controllers.is_empty(),
            CgroupVersion::V1 => {
                let controllers = [(hierarchy.cpu, "cpu"), (hierarchy.cpuset, "cpuset"), (hierarchy.pids, "pids")];
                controllers.iter().any(|(has, name)| *has && named(name.as_bytes()))
            }
        };
        Some((self.hierarchies.iter().find(fits)?, path))
    }
}

impl CgroupLimits {
    fn add(&mut self, hierarchy: &CgroupMount, relative: &[u8], reader: &mut FileReader) {
        for path in ancestors(relative) {
            let place = place(hierarchy, path);
            if let Ok(folder) = ProcDir::open(&place) {
                if hierarchy.cpuset && self.cpuset.is_none() {
                    self.cpuset = cpuset(&folder, hierarchy.version, reader);
                }
                if hierarchy.cpu
                    && let Some(quota) = quota(&folder, hierarchy.version, reader)
                {
                    self.cgroups.push(CgroupFact { path: shown(path), version: hierarchy.version, quota });
                    self.places.push(place);
                }
            }
        }
    }
}

/// A path below a mount, then every ancestor's up to the mount's own, which is empty.
fn ancestors(relative: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(relative), |path| memchr::memrchr(b'/', path).map(|slash| &path[..slash]))
}

fn place(hierarchy: &CgroupMount, path: &[u8]) -> PathBuf {
    hierarchy.place.join(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(path)))
}

fn shown(path: &[u8]) -> Text {
    Text::from_bytes(if path.is_empty() { b"/" } else { path })
}

/// Kept cpu.stat files of the cgroups that have a quota.
#[derive(Debug, Default)]
pub struct ThrottleReader {
    places: Vec<PathBuf>,
    files: Vec<Option<OwnedFd>>,
}

impl ThrottleReader {
    /// Opens what is not open yet.
    pub fn keep(&mut self, places: Vec<PathBuf>) {
        if self.places != places {
            let open = |place: &PathBuf| ProcDir::open(place).ok()?.file("cpu.stat").ok();
            self.files = places.iter().map(open).collect();
            self.places = places;
        }
    }

    /// Throttling now, in the order of the cgroups.
    pub fn read(&self, reader: &mut FileReader) -> Vec<Option<Throttle>> {
        let read = |file: &Option<OwnedFd>| throttle(reader.reread(file.as_ref()?, VALUE_LIMIT).ok()?);
        self.files.iter().map(read).collect()
    }
}

/// A cgroup path relative to the cgroup a mount shows; none when it lies outside. `/..` marks one outside the namespace.
fn below<'a>(path: &'a [u8], root: &[u8]) -> Option<&'a [u8]> {
    if path.split(|&byte| byte == b'/').any(|part| part == b"..") {
        return None;
    }
    let relative = match root {
        b"/" => path,
        root => path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with(b"/"))?,
    };
    Some(relative.strip_suffix(b"/").unwrap_or(relative))
}

/// cpu.max (cgroup v2) or cpu.cfs_quota_us and cpu.cfs_period_us (v1); none without a limit.
fn quota(folder: &ProcDir, version: CgroupVersion, reader: &mut FileReader) -> Option<Quota> {
    let mut value = |name: &str| -> Option<Vec<u8>> { Some(reader.read(folder, name, VALUE_LIMIT).ok()?.to_vec()) };
    let (quota_us, period_us) = match version {
        CgroupVersion::V2 => {
            let line = value("cpu.max")?;
            let mut numbers = words(&line).map(number);
            (numbers.next()??, numbers.next()??)
        }
        CgroupVersion::V1 => {
            let one = |text: Vec<u8>| number(text.trim_ascii());
            (one(value("cpu.cfs_quota_us")?)?, one(value("cpu.cfs_period_us")?)?)
        }
    };
    (quota_us > 0 && period_us > 0).then_some(Quota { quota_us, period_us })
}

/// pids.max and pids.current, the same in both versions; none without a limit ("max").
fn pids(folder: &ProcDir, path: &[u8], reader: &mut FileReader) -> Option<PidsLimit> {
    let mut value = |name: &str| number(reader.read(folder, name, VALUE_LIMIT).ok()?.trim_ascii());
    Some(PidsLimit { path: shown(path), max: value("pids.max")?, current: value("pids.current")? })
}

/// CPUs a cpuset cgroup grants; an empty file of v1's default mode means the ancestor's.
fn cpuset(folder: &ProcDir, version: CgroupVersion, reader: &mut FileReader) -> Option<CpuSet> {
    let names: &[&str] = match version {
        CgroupVersion::V2 => &["cpuset.cpus.effective"],
        CgroupVersion::V1 => &["cpuset.effective_cpus", "cpuset.cpus"],
    };
    let mut read = |name: &&str| -> Option<CpuSet> {
        let text = reader.read(folder, name, VALUE_LIMIT).ok()?;
        std::str::from_utf8(text).ok()?.parse().ok().filter(|set: &CpuSet| !set.is_empty())
    };
    names.iter().find_map(&mut read)
}

/// nr_periods, nr_throttled and throttled_usec (v2) or throttled_time (v1, nanoseconds) of cpu.stat.
fn throttle(text: &[u8]) -> Option<Throttle> {
    let value = |name: &[u8]| {
        text.split(|&byte| byte == b'\n').find_map(|line| {
            let mut parts = words(line);
            (parts.next()? == name).then(|| number(parts.next()?))?
        })
    };
    let throttled_ns = value(b"throttled_time").or_else(|| value(b"throttled_usec")?.checked_mul(1000))?;
    Some(Throttle { periods: value(b"nr_periods")?, throttled_periods: value(b"nr_throttled")?, throttled_ns })
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
