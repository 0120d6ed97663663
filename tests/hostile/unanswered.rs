//! Processes whose memory never answers: a file of FUSE lies over it, or somebody keeps its lock. Nobody waits for them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::deadline::{LONG, wait_for};
use crate::target::{FuseMount, Hostile};
use crate::terminal::Terminal;
use crate::tftop;
use crate::watched::{gaps, looked_at};

/// Such a process. The mount goes first: whoever waits for it is let go.
struct Unanswered {
    _mount: FuseMount,
    hostile: Hostile,
}

fn start(what: &str) -> Option<Unanswered> {
    let mount = FuseMount::start("pages")?;
    let file = mount.folder().join("train.py");
    let hostile = Hostile::start(&["unanswered", what, file.to_str().unwrap()])?;
    if what == "lock" {
        let pid = hostile.pid();
        wait_for("one that waits for the lock", LONG, || waits(&pid).then_some(()));
    }
    Some(Unanswered { _mount: mount, hostile })
}

/// Whether the kernel holds its main thread.
fn waits(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('D'))
}

/// The row of a process in what ps printed, and what is said of it below.
fn rows<'a>(printed: &'a str, pid: &str) -> Vec<&'a str> {
    let is_of = |line: &&str| line.trim_start().split("  ").next().unwrap_or("").split(", ").any(|word| word == pid);
    printed.lines().filter(is_of).collect()
}

#[test]
fn memory_on_fuse_is_not_read_and_that_is_said() {
    for what in ["arguments", "environment", "threads", "objects"] {
        let Some(process) = start(what) else { return };
        let report = looked_at(&process.hostile);
        let gaps = gaps(&report);
        // A thread whose name Python would have said is just Python's.
        assert!(what == "objects" || report.to_string().contains("may never answer"), "{what}: {report:#}");
        let strings = gaps.contains("command line and environment variables: not read");
        assert_eq!(strings, ["arguments", "environment"].contains(&what), "{what}: {gaps}");
    }
}

#[test]
fn ps_shows_a_good_process_beside_those_that_never_answer() {
    let Some(good) = Hostile::start(&["maps_tensorflow"]) else { return };
    for (what, why) in [("arguments", "may never answer"), ("lock", "does not answer: reading ")] {
        let Some(bad) = start(what) else { return };
        let ps = tftop(&["ps", "--interval", "0.1s"]);
        // Two looks, and 0.3 s for each that is held up; 0.9 s where this machine is busy.
        assert!(ps.took < Duration::from_secs(3), "{what}: {:?}", ps.took);
        assert_eq!(ps.code, Some(0), "{what}: {ps:?}");
        let shown = rows(&ps.stdout, &good.pid());
        assert!(!shown.is_empty() && !shown.join(" ").contains("missing"), "{what}: {}", ps.stdout);
        let pid = bad.hostile.pid();
        let said = rows(&ps.stdout, &pid).join(" ") + &ps.stderr;
        assert!(said.contains(&pid) && said.contains(why), "{what}: {ps:?}");
    }
}

#[test]
fn commands_that_look_once_end_where_the_lock_is_kept() {
    let Some(process) = start("lock") else { return };
    let pid = process.hostile.pid();
    for arguments in
        [&["report", &pid, "--for", "1s"][..], &["explain", &pid, "--for", "1s"], &["stack", &pid], &[&pid]]
    {
        let ended = tftop(arguments);
        assert_eq!(ended.code, Some(1), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains("has not returned for"), "{arguments:?}: {ended:?}");
        assert!(ended.took < Duration::from_secs(20), "{arguments:?}: {:?}", ended.took);
    }
    // These need nothing that is locked, or only a name.
    for arguments in [&["doctor", &pid][..], &["rerun", &pid, "--dry-run"], &["report", "no-such-process"]] {
        let ended = tftop(arguments);
        assert!(ended.code.is_some() && ended.took < Duration::from_secs(20), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn the_dashboard_and_the_picker_show_what_they_can_and_can_be_left() {
    let Some(good) = Hostile::start(&["maps_tensorflow"]) else { return };
    let program = Path::new(env!("CARGO_BIN_EXE_tftop"));
    for what in ["arguments", "lock"] {
        let Some(bad) = start(what) else { return };
        let pid = bad.hostile.pid();
        let mut picker = Terminal::start(24, 120, program, &[], &[]);
        picker.wait_until("both processes, or why one is not there", |screen| {
            [good.pid(), pid.clone()].iter().all(|pid| screen.contents().contains(pid))
        });
        picker.press("q");
        picker.wait_for_end();
        picker.assert_restored();
        let mut dashboard = Terminal::start(24, 120, program, &[&pid], &[]);
        dashboard.wait_for_text(if what == "lock" { "first look takes" } else { "main thread" });
        dashboard.press("q");
        dashboard.wait_for_end();
        dashboard.assert_restored();
    }
}
