//! Provisional.

use std::path::Path;

use crate::fact::{ProcessKey, Text};

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which process.
    pub key: ProcessKey,
    /// The kernel's name for it.
    pub comm: Text,
    /// Its command line.
    pub command: Vec<Text>,
    /// Effective user id.
    pub uid: u32,
    /// The user's name on this host.
    pub user: Option<Text>,
    /// How many threads it has.
    pub threads: u64,
    /// True when its maps could not be read and only names suggest TensorFlow.
    pub guessed: bool,
    /// What it was recognised by.
    pub because: String,
}

/// What a look at every process found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// TensorFlow processes, the certain ones first, then by pid.
    pub candidates: Vec<Candidate>,
    /// Processes looked at.
    pub looked_at: usize,
    /// Those among them whose maps may not be read.
    pub unreadable: usize,
}

/// TensorFlow processes.
pub fn tensorflow_processes(_proc_root: &Path) -> Found {
    Found::default()
}

/// By name.
pub fn by_name(_proc_root: &Path, _name: &str) -> Vec<Candidate> {
    Vec::new()
}
