//! The subcommands about kept runs: `runs`, `compare`, `replay`, `export`, and how a recording is named.

pub(crate) mod compare;
pub(crate) mod destination;
pub(crate) mod export;
pub(crate) mod lookup;
pub(crate) mod moments;
pub(crate) mod picture;
pub(crate) mod replay;
pub(crate) mod runs;
pub(crate) mod side;
pub(crate) mod tape;
