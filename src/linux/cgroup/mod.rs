//! TODO head

pub(crate) mod create;
pub(crate) mod read;
