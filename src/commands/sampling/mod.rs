//! From a pid to scenes and stacks, live: what every subcommand that watches a process is built on.

pub(crate) mod appear;
pub(crate) mod attach;
pub(crate) mod course;
pub(crate) mod history;
pub(crate) mod jobs;
pub(crate) mod process_scan;
pub(crate) mod replayer;
pub(crate) mod sampler;
pub(crate) mod shared_interval;
pub(crate) mod stack_sampling;
pub(crate) mod stop_budget;
pub(crate) mod target;
pub(crate) mod thread_selection;
pub(crate) mod timed_watch;
