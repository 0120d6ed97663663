//! The subcommands about kept runs: `runs` and `compare`.

pub(crate) mod compare;
pub(crate) mod lookup;
pub(crate) mod runs;
