//! Commands that start a script again and again to measure caps.

pub(crate) mod sweep;
mod trials;
pub(crate) mod tune;
