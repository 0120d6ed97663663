//! A scene as JSON. What stands in the contract as the scene has it serializes itself (findings, gaps, keys of groups); the
//! types here are what the contract names or rounds in its own way.

pub(crate) mod accounting;
pub(crate) mod explain;
pub(crate) mod gpu;
pub(crate) mod group;
pub(crate) mod judged;
pub(crate) mod limit;
pub(crate) mod parts;
pub(crate) mod report;
pub(crate) mod trace;
pub(crate) mod waits;
