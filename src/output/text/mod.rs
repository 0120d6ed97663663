//! The reports for people, as wide as their page.

pub(crate) mod brief;
pub(crate) mod explain;
pub(crate) mod report;
pub(crate) mod sections;
