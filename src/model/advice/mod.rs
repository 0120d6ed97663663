//! What would fit: caps for the groups that want too much, as caps, as a shell line and as Python, and what they would do.

pub(crate) mod caps_fit;
pub(crate) mod culprits;
pub(crate) mod fit;
pub(crate) mod group_cap;
pub(crate) mod predict;
pub(crate) mod setters;
pub(crate) use caps_fit::{AdviceMemory, CapsFit};
pub(crate) use culprits::culprits;
pub(crate) use fit::advise;
pub(crate) use group_cap::{can_be_capped, cap_of, is_tensorflows_team, openmp_works};
pub(crate) use predict::of_demands;
pub use predict::{Prediction, predict};
pub(crate) use setters::knobs;
pub use setters::{export, python};
