//! More kinds of hostile processes: what they run under, how large they are, what goes away under the reader's hands. Not
//! here: memory that never answers (userfaultfd), which the kernel gives to root alone unless a sysctl allows it.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::deadline::{LONG, wait_for};
use crate::target::{FuseMount, Hostile, is_root};
use crate::tftop;
use crate::watched::{gaps, looked_at};

fn has_threads(mode: &[&str]) {
    let Some(hostile) = Hostile::start(mode) else { return };
    let report = looked_at(&hostile);
    assert!(!report["threads"].as_array().unwrap().is_empty(), "{mode:?}: {report:#}");
}

#[test]
fn one_under_seccomp_and_one_that_is_traced() {
    has_threads(&["under_seccomp"]);
    has_threads(&["child_is_traced"]);
}

#[test]
fn command_lines_and_environments_of_2_mb() {
    has_threads(&["huge_arguments"]);
    has_threads(&["huge_environment"]);
}

#[test]
fn memory_and_libraries_that_go_away() {
    has_threads(&["memory_goes_away"]);
    has_threads(&["libraries_are_replaced"]);
}

#[test]
fn a_main_thread_that_ended_and_one_that_waits_in_the_kernel() {
    has_threads(&["leader_ends"]);
    has_threads(&["waits_in_vfork"]);
}

#[test]
fn names_that_drive_terminals_reach_none() {
    let Some(hostile) = Hostile::start(&["drives_terminals"]) else { return };
    looked_at(&hostile);
    for arguments in [&["explain", &hostile.pid(), "--for", "0.3s", "--interval", "0.1s"][..], &["ps"]] {
        let ended = tftop(arguments);
        let bad = |sign: char| sign != '\n' && (sign.is_control() || sign == '\u{202e}');
        assert!(!ended.stdout.contains(bad), "{arguments:?}: {:?}", ended.stdout);
    }
}

#[test]
fn twelve_thousand_threads_are_read_or_said_to_be_missing() {
    let Some(hostile) = Hostile::start(&["many_threads", "12000"]) else { return };
    let report = report(&hostile, "3s");
    let threads = report["threads"].as_array().unwrap().len();
    assert!(threads == 12_001 || gaps(&report).contains("threads of process"), "{threads}: {}", gaps(&report));
}

#[test]
fn of_thousands_of_children_as_many_as_tftop_follows_are_read() {
    let Some(hostile) = Hostile::start(&["many_children", "2500"]) else { return };
    let gaps = gaps(&report(&hostile, "1s"));
    assert!(gaps.contains("descendants of the target: tftop follows"), "{gaps}");
}

fn report(hostile: &Hostile, time: &str) -> serde_json::Value {
    let report = tftop(&["report", &hostile.pid(), "--for", time, "--interval", "0.5s", "--json"]);
    assert!([Some(0), Some(4)].contains(&report.code), "{:?} {}", report.code, report.stderr);
    serde_json::from_str(&report.stdout).unwrap()
}

#[test]
fn a_script_on_a_fuse_file_system_of_another_user_is_not_waited_for() {
    for how in ["file", "nothing"] {
        let Some(mount) = FuseMount::start(how) else { return };
        let script = mount.folder().join("train.py");
        let Some(hostile) = Hostile::start(&["script_is_a_link", script.to_str().unwrap()]) else { return };
        let gaps = gaps(&looked_at(&hostile));
        assert!(gaps.contains("what the main script asks for"), "{how}: {gaps}");
    }
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sleep_for(seconds: &str) -> Running {
    Running(Command::new("sleep").arg(seconds).stdout(Stdio::null()).spawn().unwrap())
}

#[test]
fn another_process_with_the_number_of_one_that_ended_is_not_taken_for_it() {
    let last_number = "/proc/sys/kernel/ns_last_pid";
    if !is_root() || !fs::exists(last_number).unwrap() {
        eprintln!("skipped: only root can choose the number of a process, and not in every kernel");
        return;
    }
    let first = sleep_for("123456");
    let pid = first.0.id();
    let mut report = Command::new(env!("CARGO_BIN_EXE_tftop"));
    report.args(["report", &pid.to_string(), "--for", "4s", "--interval", "0.1s", "--json"]);
    let report = Running(report.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    wait_for("tftop looks at it", LONG, || {
        let open = fs::read_dir(format!("/proc/{}/fd", report.0.id())).ok()?;
        let mut links = open.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        links.any(|link| link.starts_with(format!("/proc/{pid}/"))).then_some(())
    });
    drop(first);
    let _second = wait_for("a process with the same number", LONG, || {
        fs::write(last_number, (pid - 1).to_string()).unwrap();
        Some(sleep_for("987654")).filter(|second| second.0.id() == pid)
    });
    let mut report = report;
    let out = report.0.stdout.take().unwrap();
    let text = std::io::read_to_string(out).unwrap();
    assert!(!text.contains("987654"), "{text}");
}

/// State and tracer of every thread.
fn states(pid: &str) -> Vec<(char, String)> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let status = |path: std::path::PathBuf| fs::read_to_string(path.join("status")).ok();
    let field = |text: &str, name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned()).unwrap_or_default()
    };
    let texts = tasks.filter_map(|task| status(task.ok()?.path()));
    texts.map(|text| (field(&text, "State:").chars().next().unwrap_or('?'), field(&text, "TracerPid:"))).collect()
}

#[test]
fn tftop_killed_while_it_stops_threads_leaves_none_stopped() {
    const KILLS: usize = 150;
    let Some(hostile) = Hostile::start(&["busy", "4"]) else { return };
    let pid = hostile.pid();
    let mut traced = 0;
    for turn in 0..KILLS {
        let mut stack = Command::new(env!("CARGO_BIN_EXE_tftop"));
        stack.args(["stack", &pid, "--stop", "--sample", "60s"]).stdout(Stdio::null()).stderr(Stdio::null());
        let stack = Running(stack.spawn().unwrap());

        let until = Instant::now() + Duration::from_millis(200 + turn as u64);
        let seen = loop {
            let seen = states(&pid).iter().any(|(_, tracer)| tracer != "0");
            // Also at a moment when it stops nobody.
            if seen || Instant::now() > until {
                break seen;
            }
        };
        traced += usize::from(seen);
        drop(stack);
        wait_for("no thread is stopped or traced", LONG, || {
            states(&pid).iter().all(|(state, tracer)| !matches!(state, 'T' | 't') && tracer == "0").then_some(())
        });
    }
    assert!(traced > 0, "none of {KILLS} was killed while it held a thread");
    eprintln!("{traced} of {KILLS} were killed while they held a thread");
}
