//! The two lines at the bottom.

pub(crate) mod footer;
pub(crate) mod status;
