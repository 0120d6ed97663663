//! Commands that start a script again and again to measure caps.

mod race;
pub(crate) mod sweep;
mod trials;
pub(crate) mod tune;
mod turns;
