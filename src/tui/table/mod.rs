//! The tables: columns, rows, their order, which row is selected.

pub(crate) mod cells;
pub(crate) mod column;
pub(crate) mod columns;
pub(crate) mod cursor;
pub(crate) mod opened;
pub(crate) mod placing;
pub mod row_key;
pub(crate) mod rows;
pub(crate) mod sort;
