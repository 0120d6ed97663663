//! From the caps that were asked for to a plan of the start: presets, CPUs and quota, and the environment that holds them.

pub(crate) mod environment;
mod local_part;
pub(crate) mod machine;
pub mod plan;
pub mod preset;
pub(crate) mod quota;
