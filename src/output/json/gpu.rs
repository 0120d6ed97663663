//! A GPU, as the report's JSON has it.

use serde::Serialize;

use crate::data::scene::{GpuState, OwnGpuUse};
use crate::present::format::rounded;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GpuJson<'a> {
    /// In the driver's order.
    index: u32,
    name: &'a str,
    /// Share of time in which it computed, for whomever, over the report's `window_s`; null where the driver does not tell.
    busy: Option<f64>,
    /// Bytes of its memory in use at the last look, by whomever.
    used_bytes: Option<u64>,
    total_bytes: Option<u64>,
    /// The target's part; null where the driver does not tell whose is whose.
    own: Option<OwnGpuJson>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct OwnGpuJson {
    /// Processes of the target that use it.
    processes: u32,
    /// Share of time in which it computed for them.
    busy: Option<f64>,
    /// Bytes of its memory that they hold.
    used_bytes: Option<u64>,
}

impl<'a> GpuJson<'a> {
    pub(crate) fn new(gpu: &'a GpuState) -> Self {
        let own = |own: OwnGpuUse| OwnGpuJson {
            processes: own.processes,
            busy: own.busy.map(rounded),
            used_bytes: own.used_bytes,
        };
        Self {
            index: gpu.index,
            name: &gpu.name,
            busy: gpu.busy.map(rounded),
            used_bytes: gpu.used_bytes,
            total_bytes: gpu.total_bytes,
            own: gpu.own.map(own),
        }
    }
}
