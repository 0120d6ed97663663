//! A /proc built in a temporary folder, for tests.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::probe::live::LiveOptions;

/// A /proc of one's own making.
pub struct FakeProc(TempDir);

/// What a fake stat line says.
#[derive(Clone, Copy)]
pub struct StatLine<'a> {
    pub comm: &'a str,
    pub state: char,
    pub parent: u32,
    pub cpu_ticks: u64,
    pub threads: u64,
    pub start_ticks: u64,
    pub command_address: u64,
}

impl Default for StatLine<'_> {
    fn default() -> Self {
        Self { comm: "python", state: 'S', parent: 1, cpu_ticks: 0, threads: 1, start_ticks: 100, command_address: 0 }
    }
}

impl FakeProc {
    pub fn new() -> Self {
        let fake = Self(tempfile::tempdir().unwrap());
        fake.write("stat", "cpu  1 1 1 1\ncpu0 10 0 10 80 0 0 0 0 0 0\nintr 0\nbtime 1700000000\n");
        fake
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn options(&self) -> LiveOptions {
        let cgroup_root = PathBuf::from(self.root()).join("cgroup");
        LiveOptions { proc_root: self.root().to_owned(), cgroup_root, ..LiveOptions::default() }
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove(&self, path: &str) {
        fs::remove_dir_all(self.root().join(path)).unwrap();
    }

    /// A process with its main thread.
    pub fn process(&self, pid: u32, line: StatLine<'_>) {
        self.write(&format!("{pid}/stat"), &text(pid, line));
        self.write(&format!("{pid}/status"), &format!("Tgid:\t{pid}\nUid:\t0\t0\t0\t0\nCpus_allowed_list:\t0-3\n"));
        self.write(&format!("{pid}/cmdline"), "python\0train.py\0");
        self.thread(pid, pid, line, Some("1000 200 3\n"));
    }

    /// A thread; without schedstat where none is given.
    pub fn thread(&self, pid: u32, tid: u32, line: StatLine<'_>, schedstat: Option<&str>) {
        self.write(&format!("{pid}/task/{tid}/stat"), &text(tid, line));
        self.write(&format!("{pid}/task/{tid}/status"), "Cpus_allowed_list:\t0-3\n");
        if let Some(schedstat) = schedstat {
            self.write(&format!("{pid}/task/{tid}/schedstat"), schedstat);
        }
    }
}

fn text(number: u32, line: StatLine<'_>) -> String {
    let StatLine { comm, state, parent, cpu_ticks, threads, start_ticks, command_address } = line;
    format!(
        "{number} ({comm}) {state} {parent} 0 0 0 0 0 0 0 0 0 {cpu_ticks} 0 0 0 0 0 {threads} 0 {start_ticks} \
         0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0 0 {command_address} 0 0 0 0\n"
    )
}
