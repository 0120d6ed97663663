//! The binary's report of a process, as its JSON contract promises it: a field that is missing or of another type fails
//! here already. (serde takes a missing `Option` for none unless a field has a `deserialize_with`.)

#![allow(dead_code)] // the contract has more fields than tests compare

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;

/// `tftop.report/1`.
#[derive(Debug, Deserialize)]
pub struct Report {
    pub schema: String,
    pub target: Watched,
    pub window_s: f64,
    pub capacity: Capacity,
    #[serde(deserialize_with = "Option::deserialize")]
    pub demand: Option<Demand>,
    pub groups: Vec<Group>,
    pub threads: Vec<Thread>,
    pub gaps: Vec<Gap>,
    pub cost: Cost,
}

#[derive(Debug, Deserialize)]
pub struct Watched {
    pub pid: u32,
    #[serde(deserialize_with = "Option::deserialize")]
    pub namespaced_pid: Option<u32>,
    pub command: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub tensorflow: Option<String>,
    pub tensorflow_guessed: bool,
    #[serde(deserialize_with = "Option::deserialize")]
    pub python: Option<String>,
    pub started: String,
    pub ended: bool,
    pub processes: Vec<Process>,
}

#[derive(Debug, Deserialize)]
pub struct Process {
    pub pid: u32,
    pub parent: u32,
    pub threads: usize,
}

#[derive(Debug, Deserialize)]
pub struct Capacity {
    pub effective_cpus: f64,
    #[serde(deserialize_with = "Option::deserialize")]
    pub binding: Option<String>,
    pub terms: Vec<Term>,
}

#[derive(Debug, Deserialize)]
pub struct Term {
    pub kind: String,
    pub cpus: f64,
    pub binds: bool,
}

#[derive(Debug, Deserialize)]
pub struct Demand {
    pub got: f64,
    pub waiting: f64,
    pub wanted: f64,
    #[serde(deserialize_with = "Option::deserialize")]
    pub wait_share: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub struct Group {
    pub origin: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub library: Option<String>,
    pub threads: usize,
    #[serde(deserialize_with = "Option::deserialize")]
    pub awake: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub got: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub waiting: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub wanted: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub waits: Option<Waits>,
}

#[derive(Debug, Deserialize)]
pub struct Waits {
    pub says: String,
    pub looked_at: usize,
    pub of: usize,
    pub counts: Vec<WaitCount>,
    pub unknown: usize,
    #[serde(deserialize_with = "Option::deserialize")]
    pub refused: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct WaitCount {
    pub threads: usize,
    pub doing: String,
    pub grade: String,
}

#[derive(Debug, Deserialize)]
pub struct Thread {
    pub pid: u32,
    pub tid: u32,
    pub comm: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub name: Option<String>,
    pub origin: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub library: Option<String>,
    pub because: String,
    pub confidence: String,
    pub state: String,
    #[serde(deserialize_with = "Option::deserialize")]
    pub got: Option<f64>,
    #[serde(deserialize_with = "Option::deserialize")]
    pub waiting: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub struct Gap {
    pub what: String,
    pub why: String,
}

#[derive(Debug, Deserialize)]
pub struct Cost {
    pub cpu_ms: f64,
    pub wall_ms: f64,
    pub bytes_read: u64,
}

/// `tftop report PID --json` with these further arguments.
pub fn command(pid: u32, arguments: &[&str]) -> Command {
    command_of(Path::new(env!("CARGO_BIN_EXE_tftop")), pid, arguments)
}

/// The same with another copy of the binary. Caches go under the build folder, not into the user's home.
pub fn command_of(binary: &Path, pid: u32, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.args(["report", &pid.to_string(), "--json"]).args(arguments);
    command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    command
}

/// Two seconds' look at a process; the exit code must be 0.
pub fn report(pid: u32) -> Report {
    report_with(pid, &["--for", "2s", "--interval", "0.5s"])
}

/// The same with other arguments.
pub fn report_with(pid: u32, arguments: &[&str]) -> Report {
    let output = command(pid, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    parse(&output)
}

/// The object on stdout.
pub fn parse(output: &Output) -> Report {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}\nstdout: {stdout}\nstderr: {stderr}"))
}

impl Report {
    /// Threads by origin.
    pub fn by_origin(&self) -> BTreeMap<&str, Vec<&Thread>> {
        let mut origins = BTreeMap::<_, Vec<_>>::new();
        for thread in &self.threads {
            origins.entry(thread.origin.as_str()).or_default().push(thread);
        }
        origins
    }

    /// How many threads have this origin, by the thread list; the group table must agree.
    pub fn count(&self, origin: &str) -> usize {
        let listed = self.threads.iter().filter(|thread| thread.origin == origin).count();
        let grouped: usize = self.groups.iter().filter(|group| group.origin == origin).map(|group| group.threads).sum();
        assert_eq!(listed, grouped, "threads and groups disagree on {origin}");
        listed
    }

    /// How many threads of this origin belong to this copy of a library.
    pub fn count_of(&self, origin: &str, library: &str) -> usize {
        let of = |group: &&Group| group.origin == origin && group.library.as_deref() == Some(library);
        self.groups.iter().filter(of).map(|group| group.threads).sum()
    }

    /// The thread with this id.
    pub fn thread(&self, tid: u32) -> &Thread {
        self.threads.iter().find(|thread| thread.tid == tid).unwrap_or_else(|| panic!("no thread {tid}: {self:#?}"))
    }

    /// Threads of one process.
    pub fn of(&self, pid: u32) -> Vec<&Thread> {
        self.threads.iter().filter(|thread| thread.pid == pid).collect()
    }
}
