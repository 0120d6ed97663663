//! Where this process stands in each hierarchy of cgroups: cgroups of its own can be made there or above.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use procfs::ProcessCGroup;
use procfs::process::Process;

use crate::data::sample::CgroupVersion;
use crate::linux::cgroup::mounts::cgroup_mounts;

/// The cgroups of this process that matter, as folders; none where there is no such hierarchy, or none that shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnCgroups {
    /// Version 1, controller cpu.
    pub v1_cpu: Option<PathBuf>,
    /// Version 1, controller cpuset.
    pub v1_cpuset: Option<PathBuf>,
    /// Version 2: the mount point, and the path of the own cgroup below it.
    pub v2: Option<(PathBuf, PathBuf)>,
}

impl OwnCgroups {
    /// Reads `cgroup` and `mountinfo` of /proc/self (proc_pid_cgroup(5), proc_pid_mountinfo(5)).
    pub fn read() -> Self {
        let own = Process::myself().and_then(|own| own.cgroups()).map(|cgroups| cgroups.0).unwrap_or_default();
        Self::of(&own, &fs::read("/proc/self/mountinfo").unwrap_or_default())
    }

    /// The smallest quota of the own cgroups and those above that are shown, in CPUs.
    pub fn quota_cpus(&self) -> Option<f64> {
        let v1 = self.v1_cpu.iter().flat_map(|home| home.ancestors()).map_while(|cgroup| {
            let number = |name: &str| fs::read_to_string(cgroup.join(name)).ok()?.trim().parse::<f64>().ok();
            Some((number("cpu.cfs_quota_us")?, number("cpu.cfs_period_us")?))
        });
        let own = self.v2.iter().flat_map(|(mount, own)| own.ancestors().map(|path| mount.join(path)));
        let v2 = own.filter_map(|cgroup| {
            let line = fs::read_to_string(cgroup.join("cpu.max")).ok()?;
            let (quota, period) = line.trim().split_once(' ')?;
            Some((quota.parse::<f64>().ok()?, period.parse::<f64>().ok()?))
        });
        let cpus = v1.chain(v2).filter(|(quota, period)| *quota > 0.0 && *period > 0.0);
        cpus.map(|(quota, period)| quota / period).reduce(f64::min)
    }

    /// From what the process is a member of, and the text of mountinfo.
    fn of(own: &[ProcessCGroup], mounts: &[u8]) -> Self {
        let mut homes = Self::default();
        for mount in cgroup_mounts(mounts) {
            let root = Path::new(OsStr::from_bytes(&mount.root));
            let v1 = |controller: &str| {
                let member = |line: &&ProcessCGroup| line.controllers.iter().any(|name| name == controller);
                let path = below(&own.iter().find(member)?.pathname, root)?;
                // Joining nothing would add a slash.
                let at_mount = path.as_os_str().is_empty();
                Some(if at_mount { mount.place.clone() } else { mount.place.join(path) })
            };
            match mount.version {
                CgroupVersion::V1 => {
                    homes.v1_cpu = homes.v1_cpu.or_else(|| v1("cpu").filter(|_| mount.cpu));
                    homes.v1_cpuset = homes.v1_cpuset.or_else(|| v1("cpuset").filter(|_| mount.cpuset));
                }
                CgroupVersion::V2 => {
                    let line = own.iter().find(|line| line.hierarchy == 0 && line.controllers.is_empty());
                    let path = line.and_then(|line| below(&line.pathname, root));
                    homes.v2 = homes.v2.or_else(|| path.map(|path| (mount.place.clone(), path)));
                }
            }
        }
        homes
    }
}

/// A cgroup's path relative to the cgroup a mount shows; none when it lies outside.
fn below(path: &str, root: &Path) -> Option<PathBuf> {
    let path = Path::new(path).strip_prefix(root).ok()?;
    let inside = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    inside.then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes(own: &[(u32, &str, &str)], mounts: &str) -> OwnCgroups {
        let member = |&(hierarchy, controllers, path): &(u32, &str, &str)| ProcessCGroup {
            hierarchy,
            controllers: controllers.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            pathname: path.to_owned(),
        };
        OwnCgroups::of(&own.iter().map(member).collect::<Vec<_>>(), mounts.as_bytes())
    }

    const V1: &str = "\
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 /docker/abc /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
\u{fffd} garbage
35 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";

    #[test]
    fn each_controller_has_the_folder_its_mount_shows() {
        let own = [(3, "cpuset", "/docker/abc/x"), (2, "cpu,cpuacct", "/job"), (0, "", "/")];
        let found = homes(&own, V1);
        assert_eq!(found.v1_cpu.as_deref(), Some(Path::new("/sys/fs/cgroup/cpu,cpuacct/job")));
        assert_eq!(found.v1_cpuset.as_deref(), Some(Path::new("/sys/fs/cgroup/cpuset/x")));
        assert_eq!(found.v2, Some(("/sys/fs/cgroup/unified".into(), "".into())));
    }

    #[test]
    fn the_smallest_quota_on_the_way_up_counts() {
        let mount = tempfile::tempdir().unwrap();
        let own = mount.path().join("job/step");
        fs::create_dir_all(&own).unwrap();
        let (v1_cpu, v2) = (Some(own.clone()), Some((mount.path().to_owned(), PathBuf::from("job/step"))));
        let of_v2 = OwnCgroups { v2, ..OwnCgroups::default() };
        assert_eq!(of_v2.quota_cpus(), None);
        fs::write(own.join("cpu.max"), "max 100000\n").unwrap();
        fs::write(mount.path().join("job/cpu.max"), "150000 100000\n").unwrap();
        assert_eq!(of_v2.quota_cpus(), Some(1.5));
        for (cgroup, quota_us) in [(&own, "-1\n"), (&mount.path().join("job"), "50000\n")] {
            fs::write(cgroup.join("cpu.cfs_quota_us"), quota_us).unwrap();
            fs::write(cgroup.join("cpu.cfs_period_us"), "100000\n").unwrap();
        }
        assert_eq!(OwnCgroups { v1_cpu, ..OwnCgroups::default() }.quota_cpus(), Some(0.5));
    }

    #[test]
    fn a_cgroup_outside_what_is_mounted_is_none() {
        let own = [(3, "cpuset", "/docker/other"), (2, "cpu,cpuacct", "/../elsewhere"), (0, "", "/../x")];
        assert_eq!(homes(&own, V1), OwnCgroups::default());
        assert_eq!(homes(&[], V1), OwnCgroups::default());
        assert_eq!(homes(&own, ""), OwnCgroups::default());
    }
}
