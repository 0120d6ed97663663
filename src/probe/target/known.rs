//! Which processes were looked at before and map the same libraries still: of those, maps are not read again. Whether that is so is
//! told by what the kernel answers without the process's memory. Reads no maps, and never says what a process runs.

use std::collections::HashMap;

use crate::data::Pid;
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat::{Stat, code_size};

/// Longest stat and status that are read.
const STAT_LIMIT: usize = 4096;
const STATUS_LIMIT: usize = 64 << 10;

/// What moves when a process runs another program or maps other libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramMark {
    start_ticks: u64,
    /// Where its command line lies, see [`Stat::command_address`].
    command_address: u64,
    /// None of a kernel thread, which maps nothing.
    code_kb: Option<u64>,
}

impl ProgramMark {
    /// Of a process now; none of one that ended, or where there is no folder of its main thread.
    pub fn of(pid: Pid, folder: &ProcDir, reader: &mut FileReader) -> Option<Self> {
        // The process's own line costs the kernel a walk through all its threads.
        let stat = Stat::parse(reader.read(folder, &format!("task/{pid}/stat"), STAT_LIMIT).ok()?)?;
        let (start_ticks, command_address) = (stat.start_ticks, stat.command_address);
        let code_kb = code_size(reader.read(folder, "status", STATUS_LIMIT).ok()?);
        Some(Self { start_ticks, command_address, code_kb })
    }
}

/// What was found of processes at the look before; who is not asked for at a look is forgotten after it.
#[derive(Debug)]
pub struct KnownProcesses<T> {
    before: HashMap<Pid, (ProgramMark, T)>,
    now: HashMap<Pid, (ProgramMark, T)>,
}

impl<T> Default for KnownProcesses<T> {
    fn default() -> Self {
        Self { before: HashMap::new(), now: HashMap::new() }
    }
}

impl<T: Clone> KnownProcesses<T> {
    /// A look begins.
    pub fn begin(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }

    /// What it was found to be, where its mark did not move since.
    pub fn find(&mut self, pid: Pid, mark: ProgramMark) -> Option<T> {
        let known = self.before.remove(&pid).filter(|(before, _)| *before == mark)?;
        let found = known.1.clone();
        self.now.insert(pid, known);
        Some(found)
    }

    /// Remembers what a process is that had this mark before it was looked at.
    pub fn keep(&mut self, pid: Pid, mark: ProgramMark, found: T) {
        self.now.insert(pid, (mark, found));
    }
}
