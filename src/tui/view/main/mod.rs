//! The main area: the table, its detail pane, or the command's output.

pub(crate) mod detail;
pub(crate) mod output;
pub(crate) mod table;
