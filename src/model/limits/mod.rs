//! What limits each group, whether caps hold, and what is missing because the shim is.

pub(crate) mod cpu_bounds;
pub(crate) mod group_limits;
pub(crate) mod knobs;
mod library_settings;
pub(crate) mod private_pools;
pub(crate) mod program_settings;
pub(crate) mod shim_gaps;
pub(crate) mod verification;
