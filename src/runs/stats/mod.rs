//! What a run came to once its warm-up is left out: step times, CPU time a step, demand of each group, what neighbours took.
//! Ranks nothing: that is `comparison`.

pub(crate) mod run_context;
pub(crate) mod run_stats;
pub(crate) mod spread;
pub(crate) mod stats_builder;
pub(crate) mod step_times;
pub(crate) mod steps;
pub(crate) mod usage;
pub(crate) mod warmup;
