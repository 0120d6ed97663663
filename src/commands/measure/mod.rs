//! Commands that start a script again and again to measure caps.

mod candidate;
mod race;
mod rounds;
pub(crate) mod sweep;
mod trials;
pub(crate) mod tune;
mod turns;
