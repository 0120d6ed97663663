//! TODO head

pub(crate) mod cli;
pub(crate) mod rerun;
pub(crate) mod run;
pub(crate) mod span;
pub(crate) mod sweep;
