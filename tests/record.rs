//! `tftop record` on real processes: whatever ends it, what it wrote can be read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;
#[path = "support/deadline.rs"]
mod deadline;
#[path = "support/dispositions.rs"]
mod dispositions;
#[path = "support/known_threads.rs"]
#[allow(dead_code)] // other tests ask for more
mod known_threads;

use std::fs;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::time::{ClockId, clock_gettime};
use tempfile::TempDir;
use tftop::runs::recording::reader::{RecordingEnd, RecordingReader};

use crate::command::{NOBODYS_PID, ended, tftop};
use crate::deadline::{LONG, wait_for};
use crate::known_threads::Target;

/// Looks in a file: when they were taken, nanoseconds since boot, and how it ends.
fn looks(path: &Path) -> (Vec<u64>, Option<RecordingEnd>) {
    let Ok(mut reader) = RecordingReader::open(File::open(path).unwrap()) else { return (Vec::new(), None) };
    let looks_ns = reader.by_ref().map(|sample| sample.at_ns).collect();
    (looks_ns, reader.end().cloned())
}

fn boot_ns() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Its state and signals, and what each of its threads waits in.
fn what_it_does(pid: u32) -> String {
    let read = |path: String| fs::read_to_string(path).unwrap_or_default();
    let of = |thread: &str| {
        let status = read(format!("/proc/{pid}/task/{thread}/status"));
        let lines = status.lines().filter(|line| ["Name", "State", "Sig", "Shd"].iter().any(|it| line.starts_with(it)));
        let waits = ["wchan", "syscall"].map(|file| read(format!("/proc/{pid}/task/{thread}/{file}"))).join(" ");
        format!("{}\n{waits}\n", lines.collect::<Vec<_>>().join("  "))
    };
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.map(|thread| of(&thread.file_name().to_string_lossy())).collect()
}

/// A recorder at work, with a store of its own; it is killed when this is dropped.
struct Recorder {
    child: Child,
    home: TempDir,
}

impl Recorder {
    fn start(arguments: &[&str]) -> Self {
        dispositions::like_a_terminals();
        let home = tempfile::tempdir().unwrap();
        let mut command = tftop(&[&["record", "--interval", "100ms"], arguments].concat());
        command.current_dir(home.path()).env("XDG_STATE_HOME", home.path().join("state"));
        Self { child: command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap(), home }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn wait_for_looks(&self, name: &str, least: usize) {
        let file = self.file(name);
        let enough = || file.exists().then(|| looks(&file).0.len()).filter(|&seen| seen >= least);
        wait_for("looks on a recording", LONG, enough);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end: its exit code and what it said.
    fn ended(&mut self) -> (Option<i32>, String) {
        let limit = Instant::now() + LONG;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < limit, "it does not end:\n{}", what_it_does(self.child.id()));
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut says = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut says).unwrap();
        (status.code(), says)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn killed_at_any_moment_it_has_lost_two_seconds_at_most() {
    let mut target = Target::start();
    target.say("spin 1");
    let pid = target.pid().to_string();
    let mut random = fastrand::Rng::new();
    let mut most_s: f64 = 0.0;
    for _ in 0..5 {
        let mut recorders: Vec<(Recorder, Duration)> = (0..10)
            .map(|_| (Recorder::start(&[&pid, "-o", "killed.tape"]), Duration::from_millis(random.u64(..4_000))))
            .collect();
        recorders.iter().for_each(|(recorder, _)| recorder.wait_for_looks("killed.tape", 1));
        recorders.sort_by_key(|(_, after)| *after);
        let begun = Instant::now();
        for (recorder, after) in &mut recorders {
            std::thread::sleep(after.saturating_sub(begun.elapsed()));
            recorder.child.kill().unwrap();
            recorder.child.wait().unwrap();
            let killed_ns = boot_ns();
            let (looks_ns, end) = looks(&recorder.file("killed.tape"));
            assert_eq!(end, Some(RecordingEnd::Cut));
            most_s = most_s.max((killed_ns - looks_ns.last().unwrap()) as f64 / 1e9);
        }
    }
    // A recorder that gets no CPU on a busy machine takes its looks late: a second is forgiven.
    assert!(most_s <= 3.0, "{most_s} s were lost");
}

#[test]
fn a_disk_that_is_full_is_said_and_what_was_written_can_be_read() {
    let mut target = Target::start();
    target.say("idle 20");
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("full.tape");
    // ulimit counts in blocks of 512 bytes, or of 1024 where sh is bash.
    let words = format!(
        "ulimit -f 8; exec {} record {} --interval 100ms -o {}",
        env!("CARGO_BIN_EXE_tftop"),
        target.pid(),
        file.display()
    );
    let (code, stdout, stderr) = ended(Command::new("sh").args(["-c", &words]).stdin(Stdio::null()));
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.contains("full.tape: File too large") && stderr.contains("before can be read"), "{stderr}");
    let (looks_ns, end) = looks(&file);
    assert!(looks_ns.len() > 5 && end == Some(RecordingEnd::Cut), "{} looks, {end:?}", looks_ns.len());
    let (code, report, stderr) = ended(&mut tftop(&["report", file.to_str().unwrap()]));
    assert!(code == Some(0) && report.contains("the tape was cut"), "{report} {stderr}");
}

#[test]
fn where_there_is_nothing_to_record_there_is_no_file() {
    let mut recorder = Recorder::start(&[NOBODYS_PID, "-o", "nothing.tape"]);
    let (code, says) = recorder.ended();
    assert!(code == Some(3) && says.starts_with(&format!("tftop: no process {NOBODYS_PID} here")), "{says}");
    assert!(!recorder.file("nothing.tape").exists());
}

#[test]
fn two_of_one_target_do_not_disturb_each_other_and_end_with_it() {
    let mut target = Target::start();
    target.say("spin 1");
    let pid = target.pid().to_string();
    let mut recorders: Vec<Recorder> = (0..2).map(|_| Recorder::start(&[&pid, "-o", "both.tape"])).collect();
    recorders.iter().for_each(|recorder| recorder.wait_for_looks("both.tape", 20));
    target.kill();
    for recorder in &mut recorders {
        let (code, says) = recorder.ended();
        assert_eq!(code, Some(0), "{says}");
        assert!(says.starts_with(&format!("tftop: recording {pid} (")) && says.contains(", as both.tape; "), "{says}");
        assert!(says.contains(" looks in ") && says.contains("`tftop replay both.tape`"), "{says}");
        let (looks_ns, end) = looks(&recorder.file("both.tape"));
        let apart = looks_ns.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
        assert!(end.is_some_and(|end| end.is_complete()) && apart > 10_000_000, "{apart} ns");
    }
}

#[test]
fn signals_and_its_time_end_it_and_hangups_only_where_they_are_not_ignored() {
    let target = Target::start();
    let pid = target.pid().to_string();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut recorder = Recorder::start(&[&pid, "-o", "ended.tape"]);
        recorder.wait_for_looks("ended.tape", 1);
        recorder.signal(signal);
        let (code, says) = recorder.ended();
        assert_eq!(code, Some(0), "{says}");
        assert!(looks(&recorder.file("ended.tape")).1.is_some_and(|end| end.is_complete()), "{says}");
    }
    let mut timed = Recorder::start(&[&pid, "-o", "timed.tape", "--for", "1s"]);
    assert_eq!(timed.ended().0, Some(0));
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("nohup.tape");
    let mut nohup = Command::new("nohup");
    nohup.args([env!("CARGO_BIN_EXE_tftop"), "record", &pid, "--interval", "100ms", "-o"]).arg(&file);
    nohup.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut nohup = Recorder { child: nohup.spawn().unwrap(), home };
    nohup.wait_for_looks("nohup.tape", 1);
    nohup.signal(Signal::HUP);
    let before = looks(&file).0.len();
    nohup.wait_for_looks("nohup.tape", before + 1);
    nohup.signal(Signal::TERM);
    assert_eq!(nohup.ended().0, Some(0));
}

#[test]
fn without_a_file_it_is_kept_among_the_runs_and_replayed_by_its_name() {
    let target = Target::start();
    let pid = target.pid().to_string();
    let mut recorder = Recorder::start(&[&pid, "--for", "2s"]);
    let (code, says) = recorder.ended();
    assert_eq!(code, Some(0), "{says}");
    let name = says.split("`tftop replay ").nth(1).unwrap().trim_end().trim_end_matches('`');
    let state = recorder.file("state");
    let json = |arguments: &[&str]| -> serde_json::Value {
        let (code, json, stderr) = ended(tftop(arguments).env("XDG_STATE_HOME", &state));
        assert_eq!(code, Some(0), "{stderr}");
        serde_json::from_str(&json).unwrap()
    };
    assert_eq!(json(&["report", name, "--json"])["target"]["pid"], target.pid());
    assert_eq!(json(&["runs", "show", name, "--json"])["ended"], "left");
}

#[test]
fn it_waits_for_a_process_and_follows_its_restarts() {
    let folder = tempfile::tempdir().unwrap();
    // A name that no other process has: at most 15 bytes of it are the kernel's.
    let name = format!("wf{}", std::process::id());
    let program = folder.path().join(&name);
    fs::copy("/bin/sleep", &program).unwrap();
    let mut recorder = Recorder::start(&["--wait", &name, "-o", "each.tape"]);
    for file in ["each.tape", "each-2.tape"] {
        let mut process = Command::new(&program).arg("600").spawn().unwrap();
        recorder.wait_for_looks(file, 5);
        process.kill().unwrap();
        // It stays a zombie of this name until then.
        wait_for("its end on the recording", LONG, || looks(&recorder.file(file)).1.filter(RecordingEnd::is_complete));
        process.wait().unwrap();
    }
    recorder.signal(Signal::INT);
    let (code, says) = recorder.ended();
    assert_eq!(code, Some(0), "{says}");
    assert!(says.contains(&format!("waiting for a process named {name}")), "{says}");
    assert!(says.contains("continues in each-2.tape") && says.contains("in 2 recordings, the newest"), "{says}");
}
