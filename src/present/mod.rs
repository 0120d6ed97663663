//! TODO head

pub(crate) mod figure;
pub(crate) mod lines;
pub(crate) mod table;
