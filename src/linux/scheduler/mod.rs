//! What the kernel's scheduler tells of threads beside /proc: a record of every switch between them, and of every one that ends.

pub(crate) mod numbers;
pub(crate) mod perf;
pub(crate) mod taskstats;
