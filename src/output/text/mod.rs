//! The reports for people: plain ASCII, one screen wide where the command line allows it.

pub(crate) mod explain;
pub(crate) mod report;
pub(crate) mod sections;
