//! Which evidence of its origin each thread of one process carries: start routine, owner, name in the target.

use std::collections::HashMap;
use std::path::Path;

use crate::fact::{Entry, Gap, LibraryFact, Pid, PythonFact, TargetName, TensorFlowFact, Tid};

/// Reads the evidence of one process's threads out of its memory. Keeps descriptors and symbols between calls.
#[derive(Debug)]
pub struct Identifier {}

/// A thread whose evidence is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Newborn {
    /// The thread, as the kernel numbers it for us.
    pub tid: Tid,
    /// The same thread in the target's own pid namespace: what glibc stores in the target's memory.
    pub namespaced_tid: u32,
}

/// What was found out about the process and the wanted threads.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Start routine and name by thread; threads that could not be read are absent.
    pub threads: HashMap<Tid, (Option<Entry>, Option<TargetName>)>,
    /// Why the absent ones are absent, in words; none when nothing is absent.
    pub missing: Option<String>,
    /// What could not be read of the process as a whole.
    pub gaps: Vec<Gap>,
    /// Bytes read for this call.
    pub bytes_read: u64,
}

impl Identifier {
    /// Opens what is needed once. Never fails: what may not be read becomes a gap of each later answer.
    pub fn new(_proc_root: &Path, _pid: Pid) -> Self {
        Self {}
    }

    /// Reads the evidence of these threads. One walk of the target's thread lists however many are asked for.
    pub fn identify(&mut self, _wanted: &[Newborn]) -> Evidence {
        Evidence::default()
    }

    /// TensorFlow in this process's maps, with its version where its wheel's metadata can be read.
    pub fn tensorflow(&self) -> Option<TensorFlowFact> {
        None
    }

    /// CPython in this process's maps.
    pub fn python(&self) -> Option<PythonFact> {
        None
    }

    /// Mapped files with code.
    pub fn libraries(&self) -> Vec<LibraryFact> {
        Vec::new()
    }
}
