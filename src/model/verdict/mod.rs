//! TODO head

pub(crate) mod headline;
pub(crate) mod hysteresis;
pub(crate) mod levels;
