//! `tftop run` as the command and its caller meet it. Here is how a test starts it and waits for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod caps;
mod cgroups;
mod copies;
#[path = "../support/deadline.rs"]
mod deadline;
mod detach;
#[path = "../support/dispositions.rs"]
mod dispositions;
mod in_terminal;
mod output;
mod pins;
#[path = "../support/python.rs"]
mod python;
mod runs;
mod shim;
mod steps;
mod sweep;
#[path = "../support/terminal.rs"]
mod terminal;
mod through;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;

use deadline::{LONG, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");

/// What a run leaves.
const LEFT: &[&str] = &["run.json", "samples.tape", "steps.csv", "output.log", "summary.json", "summary.md"];

/// `tftop run` with folders of its own, away from the terminal of whoever runs the tests.
struct Launch {
    command: Command,
    state: TempDir,
}

/// How a run ended.
struct Ended {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Launch {
    fn new(arguments: &[&str]) -> Self {
        dispositions::like_a_terminals();
        let state = tempfile::tempdir().unwrap();
        let mut command = Command::new(TFTOP);
        // A group of its own is not the foreground of any terminal.
        command.arg("run").args(arguments).process_group(0).stdin(Stdio::null());
        command
            .env("XDG_STATE_HOME", state.path())
            .env("XDG_CONFIG_HOME", "/nonexistent")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("PYTHONPATH");
        tftop::data::sample::KEPT_VARIABLES.iter().for_each(|variable| {
            command.env_remove(variable);
        });
        Self { command, state }
    }

    fn end(mut self) -> Ended {
        let output = self.command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        for file in files_below(self.state.path()) {
            let name = Path::new(&file).file_name().unwrap().to_str().unwrap();
            assert!(LEFT.contains(&name), "the run left {file}: {stderr}");
        }
        Ended { code: output.status.code(), stdout: output.stdout, stderr }
    }

    /// Starts it and waits for the command's first line.
    fn ready(mut self) -> Running {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Running { child, stdout, line: line.trim().to_owned(), _state: self.state }
    }
}

struct Running {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    line: String,
    _state: TempDir,
}

impl Running {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until tftop has looked at the command ten times at least, from now on: each look ends in a wait.
    fn wait_for_looks(&self) {
        let sampler = wait_for("the sampler thread", LONG, || {
            let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
            let paths = tasks.map(|task| task.unwrap().path());
            paths
                .into_iter()
                .find(|path| fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm == "tftop-sampler\n"))
        });
        // A voluntary switch is a wait for the next tick.
        let waits = || {
            let status = fs::read_to_string(sampler.join("status")).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
            line.trim().parse::<u64>().unwrap()
        };
        let before = waits();
        wait_for("more looks of tftop", LONG, || (waits() >= before + 10).then_some(()));
    }

    /// Waits for its end; one that does not come is made, so that the test fails with what was said.
    fn end(mut self) -> Ended {
        let pid = Pid::from_child(&self.child);
        let (ended, wait) = mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if wait.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
                kill_process(pid, Signal::KILL).unwrap();
            }
        });
        let (mut stdout, mut stderr) = (Vec::new(), String::new());
        self.stdout.read_to_end(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        drop(ended);
        watchdog.join().unwrap();
        Ended { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path.display().to_string()),
        }
    }
    files
}

fn shell(script: &str) -> Ended {
    Launch::new(&["--no-shim", "--", "sh", "-c", script]).end()
}
