//! A live target as a stream of samples. A missing part is a gap, never a failure.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::fact::{Interest, Pid, Sample};

/// Reads one target again and again through kept descriptors.
#[derive(Debug)]
pub struct Live {}

/// How to watch.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// Where /proc is mounted.
    pub proc_root: PathBuf,
    /// Where cgroups are mounted.
    pub cgroup_root: PathBuf,
    /// Whether descendants belong to the target.
    pub children: bool,
    /// The interval that will be kept, for the record in each sample.
    pub interval: Duration,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            proc_root: PathBuf::from("/proc"),
            cgroup_root: PathBuf::from("/sys/fs/cgroup"),
            children: true,
            interval: Duration::from_secs(1),
        }
    }
}

/// Why a process can't be watched at all.
#[derive(Debug)]
pub enum AttachError {
    /// There is no such process.
    NotFound(Pid),
    /// /proc hides it (hidepid) or is not readable.
    NotReadable(Pid, std::io::Error),
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(pid) => write!(f, "no process {pid} here"),
            Self::NotReadable(pid, error) => write!(f, "process {pid} can't be read: {error}"),
        }
    }
}

impl std::error::Error for AttachError {}

impl Live {
    /// Opens the process. Fails only if it does not exist or nothing of it may be read.
    pub fn attach(pid: Pid, _options: LiveOptions) -> Result<Self, AttachError> {
        Err(AttachError::NotFound(pid))
    }

    /// Reads one sample now. `late` is how late the caller was called, for the record.
    pub fn next(&mut self, _interest: &Interest, _late: Duration) -> Sample {
        Sample::default()
    }
}
