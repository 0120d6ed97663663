//! Options of the commands that look at all processes of a machine, or of several.

pub(crate) mod ps;
pub(crate) mod serve;
