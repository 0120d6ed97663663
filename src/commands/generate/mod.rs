//! What tftop writes about itself for shells, packages and programs: completions, man pages, schemas. Reads no target but for pids to complete.

pub(crate) mod candidates;
pub(crate) mod completions;
pub(crate) mod man;
pub(crate) mod schema;
