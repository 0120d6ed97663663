//! Recordings: writes the samples of a target as they come, and reads them back as they were. Knows nothing of what they
//! mean, and never reads a process or a clock.

pub(crate) mod delta;
pub mod format;
pub(crate) mod member;
pub(crate) mod outline;
pub mod reader;
pub(crate) mod recorder;
pub(crate) mod size;
pub(crate) mod stacks;
pub(crate) mod steps;
pub mod taken_look;
pub(crate) mod thread_delta;
pub(crate) mod trace;
pub mod writer;

#[cfg(test)]
mod index_tests;
#[cfg(test)]
mod tests;
