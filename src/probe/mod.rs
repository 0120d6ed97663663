//! Floor 1: eyes. Reads a live target; never stops, signals or changes it.

pub mod access;
mod affinity;
mod cgroup;
mod counters;
mod detail;
#[cfg(test)]
mod fake;
pub mod find;
mod folder;
mod host;
pub mod identify;
pub mod live;
pub mod memory;
mod process;
mod program;
mod stat;
mod tree;

pub use identify::{Evidence, Identifier, Newborn};
pub use live::{AttachError, Live, LiveOptions};
