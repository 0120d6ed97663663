//! A GPU at one look, as its driver says.

use serde::{Deserialize, Serialize};

use crate::data::{Pid, Text};

/// One GPU. What the driver does not tell, or what can't be, is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GpuSample {
    /// Its number in the driver's order, which need not be CUDA's.
    pub index: u32,
    /// What it is called: "NVIDIA A100-SXM4-80GB".
    pub name: Text,
    /// Percent of the driver's last sampling period (a sixth of a second to a second) in which it computed; 0 to 100.
    pub busy_percent: Option<u8>,
    /// Bytes of its memory that are in use, by whomever.
    pub used_bytes: Option<u64>,
    /// Bytes of memory it has.
    pub total_bytes: Option<u64>,
    /// The target's processes on it; none where the driver does not tell whose are whose.
    pub own: Option<Vec<GpuProcess>>,
}

/// A process on a GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuProcess {
    /// Its number.
    pub pid: Pid,
    /// Percent of the driver's last sampling period in which the GPU computed for it; 0 to 100.
    pub busy_percent: Option<u8>,
    /// Bytes of the GPU's memory that it holds.
    pub used_bytes: Option<u64>,
}
