//! Processes to watch: started for one test, heavy ones one at a time, ended with the test.

#![allow(dead_code)] // each test binary uses its part

use std::collections::BTreeMap;
use std::fs;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tftop::data::sample::KEPT_VARIABLES;

use crate::deadline::{LONG, wait_for};
use crate::python;

/// A running script of `tests/targets`, past its READY line.
pub struct Target {
    child: Child,
    facts: Value,
    _turn: File,
}

impl Target {
    /// Starts a script and waits until it is ready.
    pub fn start(python: &Path, script: &str, arguments: &[&str]) -> Self {
        Self::start_command(script_command(python, script, arguments))
    }

    /// Starts a command that ends up as one of the scripts. Targets of all tests take turns: on few CPUs two would
    /// only slow each other down.
    pub fn start_command(mut command: Command) -> Self {
        let turn = python::lock("turn");
        let mut complaints = tempfile::tempfile().unwrap();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints.try_clone().unwrap());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut target = Self { child, facts: Value::Null, _turn: turn };
        match ready_line(stdout) {
            Ok(facts) => target.facts = facts,
            Err(why) => {
                let mut said = String::new();
                complaints.rewind().unwrap();
                let _ = complaints.read_to_string(&mut said);
                panic!("{command:?} did not get ready: {why}\n{said}");
            }
        }
        target
    }

    /// Its pid, as this test sees it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the script said of itself.
    pub fn facts(&self) -> &Value {
        &self.facts
    }

    /// A map of names to tids or pids that the script said of itself.
    pub fn ids(&self, fact: &str) -> BTreeMap<String, u32> {
        serde_json::from_value(self.facts[fact].clone()).unwrap()
    }

    /// SIGKILL, and reaped: the pid is gone when this returns.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGKILL without reaping: a zombie stays until the target is dropped.
    pub fn kill_unreaped(&mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::KILL).unwrap();
        wait_for("a killed target is a zombie", LONG, || {
            states(self.pid()).is_none_or(|states| states.iter().all(|state| *state == 'Z')).then_some(())
        });
    }
}

impl Drop for Target {
    /// Closing stdin lets the script end its own children; whatever is still there soon after is killed.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        for _ in 0..500 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A script of `tests/targets` with nothing in its environment that steers thread counts.
pub fn script_command(python: &Path, script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets").join(script)).args(arguments);
    KEPT_VARIABLES.iter().for_each(|variable| {
        command.env_remove(variable);
    });
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("TF_CPP_MIN_LOG_LEVEL", "3");
    command
}

/// The letter of every thread's state (field 3 of stat); none when the process is gone.
pub fn states(pid: u32) -> Option<Vec<char>> {
    let mut states = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
        let stat = fs::read_to_string(task.ok()?.path().join("stat")).unwrap_or_default();
        states.extend(stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()));
    }
    Some(states)
}

/// Direct children by the kernel's own list (of every thread of the process).
pub fn children(pid: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let list = fs::read_to_string(task.unwrap().path().join("children")).unwrap();
        children.extend(list.split_whitespace().map(|pid| pid.parse::<u32>().unwrap()));
    }
    children
}

/// Waits for `READY {json}` as the first line.
fn ready_line(mut stdout: impl BufRead + Send + 'static) -> Result<Value, String> {
    let (said, hear) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        let _ = said.send(read.map(|_| line));
    });
    let line = hear.recv_timeout(LONG).map_err(|_| format!("no line within {LONG:?}"))?;
    let line = line.map_err(|error| error.to_string())?;
    let facts = line.strip_prefix("READY ").ok_or_else(|| format!("it said {line:?}"))?;
    serde_json::from_str(facts).map_err(|error| error.to_string())
}
