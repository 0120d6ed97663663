//! Where hierarchies of cgroups are mounted, from the text of mountinfo (proc_pid_mountinfo(5)). Opens nothing.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use procfs::process::MountInfo;

use crate::data::sample::CgroupVersion;

/// One mounted hierarchy that has CPU time, cpusets or numbers of threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CgroupMount {
    pub(crate) version: CgroupVersion,
    /// v1 controllers of it that matter here; v2 has all or none.
    pub(crate) cpu: bool,
    pub(crate) cpuset: bool,
    pub(crate) pids: bool,
    /// The cgroup that is visible at the mount point.
    pub(crate) root: Vec<u8>,
    pub(crate) place: PathBuf,
}

/// Line by line: one strange mount of somebody hides no other.
pub(crate) fn cgroup_mounts(text: &[u8]) -> impl Iterator<Item = CgroupMount> {
    text.split(|&byte| byte == b'\n').filter_map(mount)
}

fn mount(line: &[u8]) -> Option<CgroupMount> {
    let mount = MountInfo::from_line(std::str::from_utf8(line).ok()?).ok()?;
    let has = |name: &str| mount.super_options.contains_key(name);
    let (version, [cpu, cpuset, pids]) = match mount.fs_type.as_str() {
        "cgroup2" => (CgroupVersion::V2, [true; 3]),
        "cgroup" => (CgroupVersion::V1, [has("cpu"), has("cpuset"), has("pids")]),
        _ => return None,
    };
    let root = unescape(mount.root.as_bytes());
    let place = PathBuf::from(OsString::from_vec(unescape(mount.mount_point.as_os_str().as_bytes())));
    (cpu || cpuset || pids).then_some(CgroupMount { version, cpu, cpuset, pids, root, place })
}

/// mountinfo writes blanks and backslashes as three octal digits, which the parser leaves as they are.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|digits| first == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)));
        match octal {
            Some(digits) => {
                plain.push(digits.iter().fold(0u8, |sum, digit| sum.wrapping_mul(8).wrapping_add(digit - b'0')));
                rest = &after[3..];
            }
            None => {
                plain.push(first);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_mount_points_are_unescaped() {
        assert_eq!(unescape(b"/a\\040b\\134c\\9"), b"/a b\\c\\9");
    }
}
