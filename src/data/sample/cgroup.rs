//! A cgroup as it was read: its quota, how often it was throttled, and the container that its path names. No container runtime is
//! asked.

use serde::{Deserialize, Serialize};

use crate::data::Text;

/// Hexadecimal digits of a container's id (docker, containerd, CRI-O, podman).
const ID_DIGITS: usize = 64;
/// Digits of it that people use.
const SHORT_ID: usize = 12;
/// Characters of a pod's uid: a UUID.
const POD_UID: usize = 36;

/// Which interface a cgroup was read through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CgroupVersion {
    /// cpu.cfs_quota_us, cpu.cfs_period_us.
    V1,
    /// cpu.max.
    V2,
}

/// A cgroup that limits CPU time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CgroupFact {
    /// Its path below the mount of its hierarchy.
    pub path: Text,
    /// Which interface.
    pub version: CgroupVersion,
    /// Its CPU quota.
    pub quota: Quota,
}

/// CPU time a cgroup may use: `quota_us` in every `period_us`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quota {
    /// Microseconds of CPU time per period.
    pub quota_us: u64,
    /// Microseconds in a period; never 0.
    pub period_us: u64,
}

impl Quota {
    /// The quota in CPUs.
    pub fn cpus(self) -> f64 {
        self.quota_us as f64 / self.period_us.max(1) as f64
    }
}

/// cpu.stat of one cgroup: cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// Periods in which the cgroup had something to run.
    pub periods: u64,
    /// Periods in which it ran out of quota.
    pub throttled_periods: u64,
    /// Nanoseconds its CPUs were throttled, summed over CPUs.
    pub throttled_ns: u64,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ContainerFact {
    /// The first 12 digits of its id, as `docker ps` prints it.
    pub id: Text,
    /// The uid of its Kubernetes pod; missing outside Kubernetes.
    pub pod: Option<Text>,
}

impl ContainerFact {
    /// From `/proc/PID/cgroup` (cgroups(7)): of the first hierarchy whose path names one. None outside of containers, and inside
    /// a cgroup namespace, which hides it.
    pub fn from_membership(text: &[u8]) -> Option<Self> {
        text.split(|&byte| byte == b'\n').find_map(|line| Self::from_path(line.splitn(3, |&byte| byte == b':').nth(2)?))
    }

    fn from_path(path: &[u8]) -> Option<Self> {
        let parts: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
        let at = parts.iter().rposition(|part| id(part).is_some())?;
        let id = id(parts[at])?;
        let pod = parts[..at].iter().rev().find_map(|part| pod(part));
        Some(Self { id: Text::from_bytes(&id[..SHORT_ID]), pod })
    }
}

/// "docker-0123….scope", "cri-containerd-0123….scope", "0123…".
fn id(part: &[u8]) -> Option<&[u8]> {
    let name = part.strip_suffix(b".scope").unwrap_or(part);
    let id = name.get(name.len().checked_sub(ID_DIGITS)?..)?;
    let prefix = &name[..name.len() - ID_DIGITS];
    (id.iter().all(u8::is_ascii_hexdigit) && (prefix.is_empty() || prefix.ends_with(b"-"))).then_some(id)
}

/// "pod0123-…", "kubepods-burstable-pod0123_….slice": systemd has no hyphen in a name.
fn pod(part: &[u8]) -> Option<Text> {
    let name = part.strip_suffix(b".slice").unwrap_or(part);
    let start = name.len().checked_sub(POD_UID)?;
    let uid = name[..start].ends_with(b"pod").then(|| name[start..].to_vec())?;
    let uid: Vec<u8> = uid.into_iter().map(|byte| if byte == b'_' { b'-' } else { byte }).collect();
    uid.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-').then(|| Text::from_bytes(&uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const UID: &str = "8f2a1b3c-0000-4d5e-9999-0123456789ab";

    fn of(membership: &str) -> Option<(String, Option<String>)> {
        let found = ContainerFact::from_membership(membership.as_bytes())?;
        Some((found.id.to_string(), found.pod.map(|pod| pod.to_string())))
    }

    #[test]
    fn runtimes_write_the_id_each_in_its_way() {
        let plain = Some(("0123456789ab".to_owned(), None));
        assert_eq!(of(&format!("0::/system.slice/docker-{ID}.scope\n")), plain);
        assert_eq!(of(&format!("12:cpu,cpuacct:/docker/{ID}\n0::/\n")), plain);
        assert_eq!(of(&format!("0::/machine.slice/libpod-{ID}.scope/container")), plain);
        let in_pod = Some(("0123456789ab".to_owned(), Some(UID.to_owned())));
        let slice = format!("kubepods-burstable-pod{}.slice", UID.replace('-', "_"));
        assert_eq!(
            of(&format!("0::/kubepods.slice/kubepods-burstable.slice/{slice}/cri-containerd-{ID}.scope")),
            in_pod
        );
        assert_eq!(of(&format!("4:cpu:/kubepods/besteffort/pod{UID}/{ID}")), in_pod);
    }

    #[test]
    fn other_paths_name_none() {
        for path in
            ["0::/", "0::/user.slice/user-1000.slice/session-2.scope", "0::/x0123", "", "0", "0::/pod/scope", "garbage"]
        {
            assert_eq!(of(path), None, "{path}");
        }
        assert_eq!(of(&format!("0::/docker-{}x.scope", &ID[..ID.len() - 1])), None);
        assert_eq!(of(&format!("0::/ä{ID}")), None, "a prefix ends with a hyphen");
    }
}
