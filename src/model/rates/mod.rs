//! From counters to rates: what threads, groups, processes and CPUs used over a window.

pub(crate) mod cpus;
pub(crate) mod gpus;
pub(crate) mod group_history;
pub(crate) mod groups;
pub(crate) mod history;
pub(crate) mod lanes;
pub(crate) mod load;
pub(crate) mod processes;
pub(crate) mod rows;
pub(crate) mod threads;
pub(crate) mod trace;
pub(crate) mod window;
