//! What the kernel and file formats hold, for anyone: /proc, cgroups, memory, ELF files, terminals, signals. Knows nothing of
//! the programs that are watched.

pub(crate) mod access;
pub(crate) mod cgroup;
pub(crate) mod elf;
pub mod memory;
pub(crate) mod proc;
pub(crate) mod pty;
pub(crate) mod signals;
