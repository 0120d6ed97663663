//! Cgroups: those that limit a process, and those made for a command.

pub(crate) mod create;
pub(crate) mod mounts;
pub(crate) mod read;
