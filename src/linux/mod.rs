//! TODO head

pub(crate) mod access;
pub(crate) mod cgroup;
pub(crate) mod elf;
pub mod memory;
pub(crate) mod proc;
pub(crate) mod pty;
pub(crate) mod signals;
