//! The options of the commands that measure: `tftop sweep` and `tftop tune`.

pub(crate) mod sweep;
pub(crate) mod tune;
