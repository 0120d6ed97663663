//! What is read of threads: counters at every tick, and on demand what one waits for.

pub(crate) mod counters;
pub(crate) mod detail;
pub(crate) mod exit_records;
pub(crate) mod kept;
pub(crate) mod unread;
pub(crate) mod wait;
