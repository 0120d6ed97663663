//! Provisional.

use std::path::Path;

use crate::fact::Pid;

/// TensorFlow processes.
pub fn tensorflow_processes(_proc_root: &Path) -> Vec<Pid> {
    Vec::new()
}
