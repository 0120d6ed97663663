//! What goes in and out of the dashboard: scenes, questions to workers and their results, effects.

pub mod effect;
pub mod feed;
pub mod replay;
pub mod rerun;
pub mod restart;
pub mod runs;
pub mod stacks;
