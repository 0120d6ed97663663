//! Targets that are not there, or not any longer.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::deadline::{LONG, wait_for};
use crate::target::Target;
use crate::{python, watch};

#[test]
fn a_target_that_dies_while_it_is_watched_is_reported_as_ended() {
    let target = Target::start(&python::plain(), "threads.py", &["3"]);
    let pid = target.pid();
    let mut command = watch::command(pid, &["--for", "100s", "--interval", "0.2s"]);
    let mut tftop = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("tftop reads the four threads", LONG, || (counters_kept(tftop.id(), pid) == 4).then_some(()));
    target.kill();

    let begun = Instant::now();
    wait_for("tftop ends with its target", Duration::from_secs(60), || tftop.try_wait().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(100), "it waited for its time to pass");
    let output = tftop.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let report = watch::parse(&output);
    assert!(report.target.ended, "{report:#?}");
    assert!(!report.groups.is_empty(), "the last state stays: {report:#?}");
}

#[test]
fn a_zombie_has_ended() {
    let mut target = Target::start(&python::plain(), "threads.py", &["3"]);
    target.kill_unreaped();
    let output = watch::command(target.pid(), &["--for", "0.5s"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
}

#[test]
fn a_pid_that_is_free_is_not_found() {
    let mut done = Command::new("true").spawn().unwrap();
    let pid = done.id();
    done.wait().unwrap();
    let output = watch::command(pid, &["--for", "0.5s"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&pid.to_string()));
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// How many counters of another process's threads a process keeps open.
fn counters_kept(pid: u32, of: u32) -> usize {
    let below = format!("/proc/{of}/task/");
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return 0 };
    let links = descriptors.flatten().filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    links.filter(|link| link.starts_with(&below) && link.ends_with("schedstat")).count()
}
