//! Cgroup trees built in a temporary folder: both versions, hybrid, nested quotas, namespaces.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

const V2_MOUNT: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const HYBRID_MOUNTS: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
    32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
    34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n\
    35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n\
    41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
const HYBRID_MEMBERSHIP: &str = "9:name=systemd:/\n4:memory:/job\n3:cpuset:/jobs\n1:cpu,cpuacct:/jobs/a\n0::/\n";

struct Tree(TempDir);

impl Tree {
    fn new(mounts: &str, membership: &str, files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.write("proc/self/mountinfo", mounts);
        tree.write("proc/42/cgroup", membership);
        files.iter().for_each(|(path, text)| tree.write(&format!("cgroup/{path}"), text));
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn limits(&self) -> CgroupLimits {
        let mut reader = FileReader::default();
        let mounts = Mounts::read(&self.0.path().join("proc"), &self.0.path().join("cgroup"), &mut reader);
        mounts.limits(&ProcDir::open(&self.0.path().join("proc/42")).unwrap(), &mut reader)
    }
}

fn told(limits: &CgroupLimits) -> Vec<(&str, f64)> {
    limits.cgroups.iter().map(|cgroup| (cgroup.path.as_str(), cgroup.quota.cpus())).collect()
}

#[test]
fn every_ancestor_with_a_quota_counts_innermost_first() {
    let files = [
        ("a.slice/cpu.max", "200000 100000\n"),
        ("a.slice/b/cpu.max", "max 100000\n"),
        ("a.slice/b/c/cpu.max", "50000 100000\n"),
        ("a.slice/b/cpuset.cpus.effective", "0-2\n"),
        ("a.slice/cpuset.cpus.effective", "0-7\n"),
    ];
    let limits = Tree::new(V2_MOUNT, "0::/a.slice/b/c\n", &files).limits();
    assert_eq!(told(&limits), [("/a.slice/b/c", 0.5), ("/a.slice", 2.0)]);
    assert_eq!(limits.cpuset.unwrap().to_string(), "0-2");
    assert_eq!(limits.gaps, []);
}

#[test]
fn a_hybrid_machine_has_its_quota_in_version_1() {
    let files = [
        ("cpu,cpuacct/jobs/a/cpu.cfs_quota_us", "-1\n"),
        ("cpu,cpuacct/jobs/a/cpu.cfs_period_us", "100000\n"),
        ("cpu,cpuacct/jobs/cpu.cfs_quota_us", "150000\n"),
        ("cpu,cpuacct/jobs/cpu.cfs_period_us", "100000\n"),
        ("cpuset/jobs/cpuset.cpus", "1\n"),
        ("memory/job/cpu.cfs_quota_us", "1\n"),
    ];
    let limits = Tree::new(HYBRID_MOUNTS, HYBRID_MEMBERSHIP, &files).limits();
    assert_eq!(told(&limits), [("/jobs", 1.5)]);
    assert_eq!(limits.cgroups[0].version, CgroupVersion::V1);
    assert_eq!(limits.cpuset.unwrap().to_string(), "1");
}

#[test]
fn the_effective_cpus_of_version_1_come_before_the_asked_ones() {
    let files =
        [("cpuset/jobs/cpuset.cpus", ""), ("cpuset/cpuset.cpus", "0-3\n"), ("cpuset/cpuset.effective_cpus", "0-1\n")];
    let limits = Tree::new(HYBRID_MOUNTS, HYBRID_MEMBERSHIP, &files).limits();
    assert_eq!(limits.cpuset.unwrap().to_string(), "0-1");
}

#[test]
fn a_container_mount_shows_its_own_cgroup_at_the_mount_point() {
    let mount = "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
    let files = [("cpu/cpu.cfs_quota_us", "300000\n"), ("cpu/cpu.cfs_period_us", "100000\n")];
    let limits = Tree::new(mount, "1:cpu:/docker/abc\n", &files).limits();
    assert_eq!(told(&limits), [("/", 3.0)]);

    let other = Tree::new(mount, "1:cpu:/docker/abcdef\n", &files).limits();
    assert_eq!(told(&other), []);
    assert_eq!(other.gaps[0].what, "CPU quotas");
}

#[test]
fn a_cgroup_namespace_is_said() {
    let tree = Tree::new(V2_MOUNT, "0::/\n", &[("cpu.max", "100000 100000\n")]);
    fs::create_dir_all(tree.0.path().join("proc/self/ns")).unwrap();
    symlink("cgroup:[4026532000]", tree.0.path().join("proc/self/ns/cgroup")).unwrap();
    let limits = tree.limits();
    assert_eq!(told(&limits), [("/", 1.0)]);
    assert_eq!(limits.gaps[0].what, "CPU quotas outside this container");
}

#[test]
fn a_cgroup_outside_the_namespace_is_not_looked_for() {
    let limits = Tree::new(V2_MOUNT, "0::/../../other\n", &[("cpu.max", "100000 100000\n")]).limits();
    assert_eq!(told(&limits), []);
    assert_eq!(limits.gaps.len(), 1);
}

#[test]
fn the_first_namespace_of_a_machine_hides_nothing() {
    let tree = Tree::new(V2_MOUNT, "0::/\n", &[]);
    fs::create_dir_all(tree.0.path().join("proc/self/ns")).unwrap();
    symlink("cgroup:[4026531835]", tree.0.path().join("proc/self/ns/cgroup")).unwrap();
    assert_eq!(tree.limits().gaps, []);
}

#[test]
fn odd_quotas_are_no_quotas() {
    for odd in ["", "max", "0 100000", "100000 0", "x y", "-1 100000", "99999999999999999999 1"] {
        let limits = Tree::new(V2_MOUNT, "0::/a\n", &[("a/cpu.max", odd)]).limits();
        assert_eq!(told(&limits), [], "{odd}");
    }
}

#[test]
fn throttling_is_nanoseconds_in_both_versions() {
    let v2 = throttle(b"usage_usec 5\nnr_periods 10\nnr_throttled 4\nthrottled_usec 7\n").unwrap();
    let v1 = throttle(b"nr_periods 10\nnr_throttled 4\nthrottled_time 7000\n").unwrap();
    assert_eq!(v2, v1);
    assert_eq!(v1, Throttle { periods: 10, throttled_periods: 4, throttled_ns: 7000 });
    assert_eq!(throttle(b"usage_usec 5\n"), None);
}

#[test]
fn kept_files_follow_the_cgroups() {
    let tree = Tree::new(V2_MOUNT, "0::/a\n", &[("a/cpu.max", "5 5"), ("a/cpu.stat", "nr_periods 1\n")]);
    let mut throttles = ThrottleReader::default();
    throttles.keep(tree.limits().places);
    let mut reader = FileReader::default();
    assert_eq!(throttles.read(&mut reader), [None]);
    tree.write("cgroup/a/cpu.stat", "nr_periods 1\nnr_throttled 1\nthrottled_usec 1\n");
    assert_eq!(throttles.read(&mut reader)[0].unwrap().throttled_ns, 1000);
    throttles.keep(Vec::new());
    assert_eq!(throttles.read(&mut reader), []);
}

fn pids_of(tree: &Tree) -> Option<(String, u64, u64)> {
    let mut reader = FileReader::default();
    let mounts = Mounts::read(&tree.0.path().join("proc"), &tree.0.path().join("cgroup"), &mut reader);
    let limit = mounts.pids(&ProcDir::open(&tree.0.path().join("proc/42")).unwrap(), &mut reader)?;
    Some((limit.path.to_string(), limit.current, limit.max))
}

#[test]
fn of_all_ancestors_the_one_with_the_least_room_for_threads_counts() {
    let files = [
        ("a/pids.max", "100\n"),
        ("a/pids.current", "99\n"),
        ("a/b/pids.max", "50\n"),
        ("a/b/pids.current", "40\n"),
        ("a/b/c/pids.max", "max\n"),
        ("a/b/c/pids.current", "40\n"),
    ];
    assert_eq!(pids_of(&Tree::new(V2_MOUNT, "0::/a/b/c\n", &files)), Some(("/a".to_owned(), 99, 100)));
    assert_eq!(pids_of(&Tree::new(V2_MOUNT, "0::/a/b/c\n", &files[2..])), Some(("/a/b".to_owned(), 40, 50)));
    assert_eq!(pids_of(&Tree::new(V2_MOUNT, "0::/a/b/c\n", &files[4..])), None);
}

#[test]
fn the_pids_hierarchy_of_version_1_counts_for_threads_and_for_nothing_else() {
    let mounts = format!("{HYBRID_MOUNTS}36 31 0:33 /pod /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n");
    let files = [("pids/x/pids.max", "7\n"), ("pids/x/pids.current", "3\n"), ("pids/x/cpu.cfs_quota_us", "1\n")];
    let tree = Tree::new(&mounts, &format!("{HYBRID_MEMBERSHIP}8:pids:/pod/x\n"), &files);
    assert_eq!(pids_of(&tree), Some(("/x".to_owned(), 3, 7)));
    assert_eq!((told(&tree.limits()), tree.limits().gaps), (vec![], vec![]));
    let outside = Tree::new(&mounts, "8:pids:/other\n", &files);
    assert_eq!((pids_of(&outside), outside.limits().gaps), (None, vec![]));
}
