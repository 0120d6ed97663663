//! TODO head

pub(crate) mod find;
pub(crate) mod live_target;
pub(crate) mod tree;
