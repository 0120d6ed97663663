//! `tftop run` with cgroups of its own: what they hold, what is said where there can be none, that nothing is left.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

use crate::deadline::{LONG, wait_for};
use crate::{Launch, python};

/// Where this machine's cgroups of version 1 are; none where a test of them can't be made.
fn writable(controller: &str, test: &str) -> Option<PathBuf> {
    let place = Path::new("/sys/fs/cgroup").join(controller);
    let probe = place.join(format!("tftop-test-{}-{test}", std::process::id()));
    match fs::create_dir(&probe) {
        Ok(()) => fs::remove_dir(&probe).map(|()| place).ok(),
        Err(error) => {
            python::say(&format!("{test}: SKIPPED, because {} can't be written: {error}", place.display()));
            None
        }
    }
}

/// Cgroups in a place whose names end with the pid of a tftop.
fn left(place: &Path, pid: u32) -> Vec<PathBuf> {
    let entries = fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
    let ours = |path: &PathBuf| {
        path.file_name()
            .unwrap()
            .to_str()
            .is_some_and(|name| name.starts_with("tftop-") && name.ends_with(&format!("-{pid}")))
    };
    entries.filter(ours).collect()
}

const WIDEN: &str = "import os, sys
try:
    os.sched_setaffinity(0, range(1024))
except OSError as error:
    print('refused', error)
print('ready', sorted(os.sched_getaffinity(0)), flush=True)
sys.stdin.read()";

#[test]
fn a_script_can_not_widen_its_mask_beyond_its_cpuset() {
    let Some(place) = writable("cpuset", "a_script_can_not_widen_its_mask_beyond_its_cpuset") else { return };
    let arguments = ["--no-shim", "--cpus", "1", "--interval", "100ms", "--", "python3", "-c", WIDEN];
    let mut running = Launch::new(&arguments).ready();
    assert!(!running.line.contains(','), "two CPUs: {}", running.line);
    let pid = running.child.id();
    assert_eq!(left(&place, pid).len(), 1);
    running.wait_for_looks();
    drop(running.child.stdin.take());
    let ended = running.end();
    assert!(ended.stderr.contains("no thread may run elsewhere; a cpuset cgroup holds it"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("affinity only"), "{}", ended.stderr);
    assert_eq!(left(&place, pid), [""; 0].map(PathBuf::from));
}

#[test]
fn a_quota_throttles_and_says_so() {
    let Some(place) = writable("cpu", "a_quota_throttles_and_says_so") else { return };
    let script = "import time; end = time.time() + 3; print('ready', flush=True)\nwhile time.time() < end: pass";
    let arguments = ["--no-shim", "--quota", "0.3", "--interval", "200ms", "--", "python3", "-c", script];
    let running = Launch::new(&arguments).ready();
    let pid = running.child.id();
    let cgroup = left(&place, pid).pop().expect("a cgroup");
    assert_eq!(fs::read_to_string(cgroup.join("cpu.cfs_quota_us")).unwrap(), "30000\n");
    let ended = running.end();
    let line = ended.stderr.lines().find(|line| line.contains("quota")).unwrap_or_default().to_owned();
    assert!(line.contains("0.3  held") && line.contains("a cgroup holds it; throttled in "), "{}", ended.stderr);
    assert_eq!(left(&place, pid), [""; 0].map(PathBuf::from));
}

#[test]
fn a_cgroup_where_somebody_still_lives_stays_and_is_named() {
    let Some(place) = writable("cpuset", "a_cgroup_where_somebody_still_lives_stays_and_is_named") else { return };
    let script = "sleep 1000 </dev/null >/dev/null 2>&1 & echo $!";
    let running = Launch::new(&["--no-shim", "--cpus", "1", "--", "sh", "-c", script]).ready();
    let (pid, sleeper) = (running.child.id(), running.line.parse().unwrap());
    let ended = running.end();
    kill_process(Pid::from_raw(sleeper).unwrap(), Signal::KILL).unwrap();
    let cgroups = left(&place, pid);
    assert_eq!(cgroups.len(), 1, "{}", ended.stderr);
    wait_for("the end of who lived there", LONG, || fs::remove_dir(&cgroups[0]).ok());
    assert!(ended.stderr.contains("stays: 1 process still lives there, within its bounds"), "{}", ended.stderr);
}

#[test]
fn a_dry_run_makes_no_cgroup_and_its_line_does() {
    let test = "a_dry_run_makes_no_cgroup_and_its_line_does";
    let (Some(cpu), Some(cpuset)) = (writable("cpu", test), writable("cpuset", test)) else { return };
    let script = "cat /proc/self/cgroup; exit 7";
    let dry = Launch::new(&["--dry-run", "--no-shim", "--cpus", "1", "--quota", "0.5", "--", "sh", "-c", script]).end();
    let line = String::from_utf8(dry.stdout).unwrap();
    let name =
        line.split_whitespace().find_map(|word| word.strip_prefix("/sys/fs/cgroup/cpu/")).expect(&line).to_owned();
    assert!(!cpu.join(&name).exists() && !cpuset.join(&name).exists());
    let output = std::process::Command::new("sh").args(["-c", &line]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(7), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
    for controller in ["cpu", "cpuset"] {
        assert!(told.lines().any(|own| own.ends_with(&format!(":{controller}:/{name}"))), "{told}");
    }
    assert!(!cpu.join(&name).exists() && !cpuset.join(&name).exists());
}

#[test]
fn a_cgroup_does_not_outlive_a_tftop_that_is_killed_for_long() {
    let Some(place) = writable("cpuset", "a_cgroup_does_not_outlive_a_tftop_that_is_killed_for_long") else { return };
    // What such a tftop left more than a minute ago: nobody has this pid.
    let abandoned = place.join("tftop-1000000000-4194300");
    let _ = fs::create_dir(&abandoned);
    let ended = Launch::new(&["--no-shim", "--cpus", "1", "--", "true"]).end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!abandoned.exists());
}
