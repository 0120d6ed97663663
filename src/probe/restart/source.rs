//! The files in /proc of a process that is to be started again, and why it can't be.

use std::fmt;
use std::path::Path;

use rustix::io::Errno;

use crate::data::Pid;
use crate::linux::access;
use crate::linux::proc::proc_dir::{FileReader, ProcDir, is_gone};

/// The kernel's limit of arguments and environment together is 6 MiB (execve(2)); a page more means a lie.
pub(super) const BLOCK_LIMIT: usize = (6 << 20) + 4096;
/// Limit for stat, status and other short files.
pub(super) const LIMIT: usize = 64 << 10;

/// Why a process can't be started again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestartError {
    /// There is no such process.
    Gone(Pid),
    /// It may not be read; the words name the step that would help.
    NotReadable(String),
    /// What it was started with is not there any more, or would not do; the words say what to do instead.
    Impossible(String),
}

impl fmt::Display for RestartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(pid) => write!(f, "there is no process {pid} any more"),
            Self::NotReadable(why) | Self::Impossible(why) => f.write_str(why),
        }
    }
}

/// A process's folder in /proc, and what is asked of it.
pub(crate) struct ProcessSource<'a> {
    pub(super) proc_root: &'a Path,
    pub(super) pid: Pid,
    pub(super) folder: ProcDir,
    pub(super) reader: FileReader,
}

impl ProcessSource<'_> {
    /// A file, whole.
    pub(super) fn read(&mut self, name: &str, limit: usize) -> Result<Vec<u8>, RestartError> {
        match self.reader.read(&self.folder, name, limit) {
            Ok(bytes) => Ok(bytes.to_vec()),
            Err(error) => Err(self.refusal(name, error)),
        }
    }

    /// Where a link leads.
    pub(super) fn link(&self, name: &str) -> Result<Vec<u8>, RestartError> {
        self.folder.link(name).map_err(|error| {
            let raw = error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
            self.refusal(name, raw)
        })
    }

    fn refusal(&self, name: &str, error: Errno) -> RestartError {
        let pid = self.pid;
        match error {
            gone if is_gone(gone) => RestartError::Gone(pid),
            Errno::ACCESS | Errno::PERM => {
                let why = access::memory_refusal(self.proc_root, pid);
                let why = why.unwrap_or_else(|| "the kernel forbids it; run tftop with sudo".to_owned());
                RestartError::NotReadable(format!("{name} of process {pid} may not be read: {why}"))
            }
            other => RestartError::Impossible(format!("{name} of process {pid} can't be read: {other}")),
        }
    }
}
