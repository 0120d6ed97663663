//! Cgroups planned and made on trees with the files that the kernel has in them. What the kernel itself does is for the
//! tests of the binary.

use super::*;
use crate::data::sample::Quota;

const QUOTA: Quota = Quota { quota_us: 150_000, period_us: 100_000 };

fn both() -> CgroupBounds {
    CgroupBounds { cpus: Some("0-1".parse().unwrap()), quota: Some(QUOTA) }
}

/// A cgroup of version 2: what it may hand out, what it does, who is in it.
fn v2_cgroup(folder: &Path, available: &str, handed_out: &str, members: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("cgroup.controllers"), available).unwrap();
    fs::write(folder.join("cgroup.subtree_control"), handed_out).unwrap();
    fs::write(folder.join("cgroup.procs"), members).unwrap();
    fs::write(folder.join("cgroup.type"), "domain\n").unwrap();
}

/// As systemd has it: the user's slice hands out, the terminal's scope has the processes.
fn systemd(handed_out: &str) -> (tempfile::TempDir, OwnCgroups) {
    let mount = tempfile::tempdir().unwrap();
    let slice = mount.path().join("app.slice");
    v2_cgroup(mount.path(), "cpuset cpu memory pids\n", "cpu memory pids\n", "1\n");
    v2_cgroup(&slice, "cpuset cpu memory pids\n", handed_out, "");
    v2_cgroup(&slice.join("terminal.scope"), "cpu memory pids\n", "", "100\n101\n");
    let homes =
        OwnCgroups { v2: Some((mount.path().to_owned(), "app.slice/terminal.scope".into())), ..OwnCgroups::default() };
    (mount, homes)
}

fn text(steps: &[CgroupStep], below: &Path) -> Vec<String> {
    let shown = |path: &Path| path.strip_prefix(below).unwrap().display().to_string();
    let line = |step: &CgroupStep| match step {
        CgroupStep::Make(folder) => format!("mkdir {}", shown(folder)),
        CgroupStep::Write(file, text) => format!("echo {text} >{}", shown(file)),
    };
    steps.iter().map(line).collect()
}

#[test]
fn version_2_is_made_below_an_ancestor_without_processes() {
    let (mount, homes) = systemd("memory pids\n");
    let plan = blueprint(&homes, &both(), "tftop-1-2");
    let steps = [
        "echo +cpu +cpuset >app.slice/cgroup.subtree_control",
        "mkdir app.slice/tftop-1-2",
        "echo 0-1 >app.slice/tftop-1-2/cpuset.cpus",
        "echo 150000 100000 >app.slice/tftop-1-2/cpu.max",
    ];
    assert_eq!(text(&plan.steps, mount.path()), steps);
    assert_eq!((plan.no_cpuset, plan.no_quota), (None, None));
    assert_eq!(plan.folders, [mount.path().join("app.slice/tftop-1-2")]);
}

#[test]
fn what_is_handed_out_already_is_not_asked_for_again() {
    let (mount, homes) = systemd("cpu cpuset memory pids\n");
    let plan = blueprint(&homes, &CgroupBounds { cpus: None, ..both() }, "tftop-1-2");
    assert_eq!(
        text(&plan.steps, mount.path()),
        ["mkdir app.slice/tftop-1-2", "echo 150000 100000 >app.slice/tftop-1-2/cpu.max"]
    );
}

#[test]
fn without_a_cpuset_controller_the_quota_is_left() {
    let (mount, homes) = systemd("");
    for folder in ["", "app.slice"] {
        fs::write(mount.path().join(folder).join("cgroup.controllers"), "cpu memory pids\n").unwrap();
    }
    let plan = blueprint(&homes, &both(), "tftop-1-2");
    let lines = text(&plan.steps, mount.path());
    assert_eq!(lines[0], "echo +cpu >app.slice/cgroup.subtree_control");
    assert_eq!(lines.len(), 3);
    assert!(plan.no_cpuset.unwrap().ends_with("has no controller cpuset"));
    assert_eq!(plan.no_quota, None);
}

#[test]
fn processes_where_controllers_would_be_handed_out_are_the_reason() {
    let (mount, homes) = systemd("");
    fs::write(mount.path().join("app.slice/cgroup.procs"), "7\n").unwrap();
    let plan = blueprint(&homes, &both(), "tftop-1-2");
    assert_eq!((plan.steps.len(), plan.folders.len()), (0, 0));
    let why = plan.no_quota.unwrap();
    assert!(why.ends_with("has processes of its own and so can't hand out cpu"), "{why}");
    assert!(plan.no_cpuset.is_some());
}

#[test]
fn a_cgroup_with_limits_is_not_left_for_one_above() {
    let (mount, homes) = systemd("cpu cpuset memory pids\n");
    let scope = mount.path().join("app.slice/terminal.scope");
    fs::write(scope.join("memory.max"), "max\n").unwrap();
    fs::write(scope.join("cpu.max"), "max 100000\n").unwrap();
    fs::write(scope.join("cpuset.cpus"), "\n").unwrap();
    assert_eq!(blueprint(&homes, &both(), "tftop-1-2").no_quota, None);
    fs::write(scope.join("memory.max"), "1000000\n").unwrap();
    let why = blueprint(&homes, &both(), "tftop-1-2").no_quota.unwrap();
    assert!(why.starts_with("the command would have to leave ") && why.ends_with("which has a memory.max"), "{why}");
}

#[test]
fn the_top_cgroup_serves_those_who_are_in_it() {
    let mount = tempfile::tempdir().unwrap();
    v2_cgroup(mount.path(), "cpuset cpu\n", "", "1\n");
    let homes = OwnCgroups { v2: Some((mount.path().to_owned(), PathBuf::new())), ..OwnCgroups::default() };
    // In a container it is no root, and has processes.
    assert!(blueprint(&homes, &both(), "tftop-1-2").no_quota.unwrap().contains("has processes of its own"));
    fs::remove_file(mount.path().join("cgroup.type")).unwrap();
    assert_eq!(text(&blueprint(&homes, &both(), "tftop-1-2").steps, mount.path())[1], "mkdir tftop-1-2");
}

#[test]
fn no_hierarchy_at_all_is_a_reason_too() {
    let plan = blueprint(&OwnCgroups::default(), &both(), "tftop-1-2");
    assert!(plan.no_quota.is_some() && plan.no_cpuset.is_some() && plan.folders.is_empty());
    assert_eq!(blueprint(&OwnCgroups::default(), &CgroupBounds::default(), "tftop-1-2"), CgroupPlan::default());
}

#[test]
fn version_1_has_a_cgroup_for_each_controller() {
    let mount = tempfile::tempdir().unwrap();
    let (cpu, cpuset) = (mount.path().join("cpu"), mount.path().join("cpuset"));
    for home in [&cpu, &cpuset] {
        fs::create_dir(home).unwrap();
        fs::write(home.join("cpuset.mems"), "0\n").unwrap();
    }
    let homes = OwnCgroups { v1_cpu: Some(cpu.clone()), v1_cpuset: Some(cpuset.clone()), v2: None };
    let plan = blueprint(&homes, &both(), "tftop-1-2");
    let steps = [
        "mkdir cpu/tftop-1-2",
        "echo 100000 >cpu/tftop-1-2/cpu.cfs_period_us",
        "echo 150000 >cpu/tftop-1-2/cpu.cfs_quota_us",
        "mkdir cpuset/tftop-1-2",
        "echo 0 >cpuset/tftop-1-2/cpuset.mems",
        "echo 0-1 >cpuset/tftop-1-2/cpuset.cpus",
    ];
    assert_eq!(text(&plan.steps, mount.path()), steps);
    // Both controllers in one hierarchy: one cgroup, and a quota alone must set its CPUs, too.
    fs::write(cpu.join("cpuset.cpus"), "0-7\n").unwrap();
    let homes = OwnCgroups { v1_cpu: Some(cpu.clone()), v1_cpuset: Some(cpu), v2: None };
    let plan = blueprint(&homes, &CgroupBounds { cpus: None, ..both() }, "tftop-1-2");
    assert_eq!(
        (plan.folders.len(), text(&plan.steps, mount.path())[2].as_str()),
        (1, "echo 0-7 >cpu/tftop-1-2/cpuset.cpus")
    );
}

#[test]
fn a_step_that_fails_undoes_those_before_and_is_named() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tftop-1-2");
    // A folder that is no cgroup has no files.
    let steps = vec![CgroupStep::Make(folder.clone()), CgroupStep::Write(folder.join("cpu.max"), "1 2".to_owned())];
    let failure = Cgroups::make(&CgroupPlan { steps, ..CgroupPlan::default() }).unwrap_err().to_string();
    assert!(failure.contains("cpu.max does not take \"1 2\": No such file"), "{failure}");
    assert!(!folder.exists());
    let nowhere = CgroupPlan { steps: vec![CgroupStep::Make(home.path().join("a/b"))], ..CgroupPlan::default() };
    assert!(Cgroups::make(&nowhere).unwrap_err().to_string().contains("a/b can't be made: "));
}

#[test]
fn what_can_not_be_removed_is_said() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tftop-1-2");
    let plan = CgroupPlan { steps: vec![CgroupStep::Make(folder.clone())], ..CgroupPlan::default() };
    let mut cgroups = Cgroups::make(&plan).unwrap();
    assert_eq!(cgroups.folders(), std::slice::from_ref(&folder));
    fs::write(folder.join(MEMBERS), "10\n11\n").unwrap();
    let left = cgroups.remove();
    assert!(left.len() == 1 && left[0].ends_with("stays: 2 processes still live there, within its bounds"), "{left:?}");
    assert_eq!(cgroups.remove(), [""; 0]);
}

#[test]
fn what_a_killed_tftop_left_is_swept_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let (mine, now) = (std::process::id(), now_s());
    let kept = [format!("tftop-1-{mine}"), format!("tftop-{now}-4194999"), "tftop-x-1".to_owned(), "other".to_owned()];
    let gone = "tftop-1-4194999".to_owned();
    for name in kept.iter().chain([&gone]) {
        fs::create_dir(home.path().join(name)).unwrap();
    }
    sweep(home.path());
    assert!(kept.iter().all(|name| home.path().join(name).exists()) && !home.path().join(gone).exists());
    assert_eq!(maker(&name()).map(|(_, pid)| pid), Some(mine));
}

#[test]
fn a_home_that_is_not_writable_is_a_reason() {
    let nowhere = Some(PathBuf::from("/nonexistent"));
    let homes = OwnCgroups { v1_cpu: nowhere.clone(), v1_cpuset: nowhere, v2: None };
    let plan = blueprint(&homes, &both(), "tftop-1-2");
    let why = "/nonexistent can't be written: No such file or directory (os error 2)";
    assert_eq!((plan.no_quota.as_deref(), plan.no_cpuset.as_deref()), (Some(why), Some(why)));
    assert_eq!(plan.steps, []);
}
