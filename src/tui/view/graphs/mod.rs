//! Numbers over time, and CPUs side by side.

pub(crate) mod chart;
pub(crate) mod course;
pub(crate) mod cpus;
