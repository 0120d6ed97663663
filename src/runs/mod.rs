//! TODO head

pub(crate) mod comparison;
pub(crate) mod grid;
pub mod recording;
pub(crate) mod stats;
pub(crate) mod store;
pub(crate) mod summary;
pub(crate) mod sweep_record;
