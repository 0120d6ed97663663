//! TODO head

pub(crate) mod counters;
pub(crate) mod detail;
pub(crate) mod wait;
