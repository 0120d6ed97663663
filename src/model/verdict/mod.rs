//! The verdict: its levels with their thresholds, its window and hysteresis, its sentence.

pub(crate) mod headline;
pub(crate) mod hysteresis;
pub(crate) mod levels;
pub(crate) mod slower;
pub(crate) mod stopped;
