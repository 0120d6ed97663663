//! Provisional.

use std::path::Path;

use crate::fact::Pid;

/// One thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readable {
    /// What.
    pub what: &'static str,
    /// Whether.
    pub ok: bool,
    /// Why.
    pub why: String,
    /// Remedy.
    pub remedy: Option<String>,
}

/// Why memory may not be read.
pub fn memory_refusal(_proc_root: &Path, _pid: Pid) -> Option<String> {
    None
}

/// All.
pub fn describe(_proc_root: &Path, _pid: Option<Pid>) -> Vec<Readable> {
    Vec::new()
}
