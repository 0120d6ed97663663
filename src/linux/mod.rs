//! What the kernel and file formats say, for anyone: /proc, cgroups, ELF, memory, foreign files, terminals, signals,
//! the scheduler. Knows nothing of what runs in a process.

pub(crate) mod access;
pub(crate) mod budget;
pub(crate) mod cgroup;
pub(crate) mod deadline;
pub(crate) mod elf;
pub(crate) mod files;
pub mod memory;
pub(crate) mod own_folder;
pub(crate) mod patience;
pub(crate) mod proc;
pub(crate) mod pty;
pub(crate) mod scheduler;
pub(crate) mod signals;
pub(crate) mod unanswered;
