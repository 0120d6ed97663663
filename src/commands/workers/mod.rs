//! What answers the dashboard in the background: it never waits for a process or a disk.

pub(crate) mod past_stacks;
pub(crate) mod rerun;
pub(crate) mod runs;
pub(crate) mod stacks;
pub(crate) mod worker;
