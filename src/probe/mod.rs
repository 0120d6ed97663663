//! Reads a live target; never signals or changes it, and stops a thread only in `stack`, when a person allowed it.

pub(crate) mod backoff;
pub mod cpython;
#[cfg(test)]
pub(crate) mod fake;
pub mod gpu;
pub mod identify;
#[cfg(test)]
pub(crate) mod image;
pub mod live;
pub mod process;
pub mod reading;
pub(crate) mod restart;
pub(crate) mod stack;
pub(crate) mod target;
pub(crate) mod threads;
pub(crate) mod trace;
