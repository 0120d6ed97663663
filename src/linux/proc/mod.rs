//! Files of /proc: opened, read whole and parsed. Each format is parsed in one place, and nothing is trusted.

pub(crate) mod affinity;
pub(crate) mod host;
pub(crate) mod maps;
pub(crate) mod proc_dir;
pub(crate) mod process;
pub(crate) mod process_clock;
pub(crate) mod read_stable;
pub(crate) mod stat;
pub(crate) mod syscalls;
