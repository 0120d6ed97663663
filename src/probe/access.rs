//! Provisional.

use std::path::Path;

use crate::fact::Pid;

/// One thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readable {
    /// What.
    pub what: String,
    /// Whether.
    pub ok: bool,
    /// Why.
    pub why: String,
    /// Remedy.
    pub remedy: Option<String>,
}

/// All.
pub fn describe(_proc_root: &Path, _pid: Pid) -> Vec<Readable> {
    Vec::new()
}
