//! Which processes are watched, and how one is read: found by name, its descendants, its memory and library files.

pub(crate) mod find;
pub(crate) mod known;
pub(crate) mod live_target;
pub(crate) mod ranks;
pub(crate) mod stuck;
pub(crate) mod tree;
