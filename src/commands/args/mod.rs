//! The command line as clap reads it. Types only: nothing is looked up or started here.

pub(crate) mod caps;
pub(crate) mod choices;
pub(crate) mod cli;
pub(crate) mod export;
pub(crate) mod generate;
pub(crate) mod global;
pub(crate) mod inspect;
pub(crate) mod kept;
pub(crate) mod machine;
pub(crate) mod measure;
pub(crate) mod rerun;
pub(crate) mod run;
pub(crate) mod span;
pub(crate) mod target;
