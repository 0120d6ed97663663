//! Runs that are kept and measured: their folders, recordings and figures, their comparison, sweeps. Starts nothing.

pub(crate) mod comparison;
pub mod history;
pub mod player;
pub(crate) mod predictions;
pub mod recorded;
pub mod recording;
pub(crate) mod run_dir;
pub(crate) mod run_record;
pub(crate) mod stats;
pub(crate) mod store;
pub(crate) mod summary;
pub(crate) mod sweep_grid;
pub(crate) mod sweep_record;
