//! What outputs have in common: how numbers and texts are written, and the tables that more than one of them shows.

pub mod format;
pub(crate) mod lines;
pub(crate) mod table;
