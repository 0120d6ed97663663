//! What outputs have in common: how numbers and texts are written, and the tables and sentences that more than one of them
//! shows. Knows neither a screen nor Markdown.

pub mod block;
pub mod format;
pub mod line;

pub(crate) mod caps;
pub(crate) mod causes;
pub(crate) mod comparison;
pub(crate) mod demand;
pub(crate) mod limits;
pub(crate) mod replaced;
pub(crate) mod run_summary;
pub(crate) mod section;
pub(crate) mod table;
pub(crate) mod verdict;
pub(crate) mod waits;
