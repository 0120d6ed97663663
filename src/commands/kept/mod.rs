//! The subcommands about kept runs: `runs`, `compare`, `replay`, and how a recording is named.

pub(crate) mod compare;
pub(crate) mod lookup;
pub(crate) mod replay;
pub(crate) mod runs;
pub(crate) mod tape;
