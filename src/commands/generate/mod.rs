//! What tftop writes about itself for shells and packages: completions, man pages. Reads no target but for pids to complete.

pub(crate) mod candidates;
pub(crate) mod completions;
pub(crate) mod man;
