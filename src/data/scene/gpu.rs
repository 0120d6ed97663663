//! What each GPU did over the window, and what of it was the target's.

use crate::data::Text;

/// One GPU.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpuState {
    /// Its number in the driver's order.
    pub index: u32,
    /// What it is called.
    pub name: Text,
    /// Share of time in which it computed (0 to 1), a mean over the window; none where the driver does not tell.
    pub busy: Option<f64>,
    /// Bytes of its memory in use at the last look, by whomever.
    pub used_bytes: Option<u64>,
    /// Bytes of memory it has.
    pub total_bytes: Option<u64>,
    /// The target's part; none where the driver does not tell whose is whose.
    pub own: Option<OwnGpuUse>,
}

/// The target's part of a GPU; nothing of it where it does not use that GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnGpuUse {
    /// How many of its processes use the GPU.
    pub processes: u32,
    /// Share of time in which the GPU computed for it (0 to 1), a mean over the window.
    pub busy: Option<f64>,
    /// Bytes of the GPU's memory that it holds.
    pub used_bytes: Option<u64>,
}

impl GpuState {
    /// Whether a process of the target uses it. None where the driver does not tell.
    pub fn is_used(&self) -> Option<bool> {
        self.own.map(|own| own.processes > 0)
    }
}
