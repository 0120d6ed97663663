//! Floor 1: eyes. Reads a live target; never signals or changes it, and stops a thread only in `stack`, when told to.

pub(crate) mod backoff;
pub mod cpython;
#[cfg(test)]
pub(crate) mod fake;
pub mod identify;
pub mod image;
pub mod live;
pub mod process;
pub(crate) mod restart;
pub(crate) mod stack;
pub(crate) mod target;
pub(crate) mod threads;
