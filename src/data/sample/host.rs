//! The machine under the target.

use serde::{Deserialize, Serialize};

use crate::data::{CpuSet, Text};

/// What does not change while tftop runs, or hardly ever.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HostFact {
    /// Its name.
    pub name: Option<Text>,
    /// The CPU's model name.
    pub cpu_model: Option<Text>,
    /// CPUs online.
    pub online: CpuSet,
    /// Physical cores.
    pub cores: Option<u32>,
    /// Kernel release.
    pub kernel: Option<Text>,
    /// Seconds after 1970 at which the machine booted (btime of /proc/stat).
    pub boot_unix_s: u64,
    /// Clock ticks a second in stat files (sysconf(_SC_CLK_TCK)); 100 on all current kernels.
    pub ticks_per_second: u64,
}

/// One cpuN line of /proc/stat (proc_stat(5)), cumulative, in clock ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuTime {
    /// Which CPU.
    pub cpu: u32,
    /// Everything that is not idle, iowait or steal (guest time is inside user time).
    pub busy_ticks: u64,
    /// Idle and iowait.
    pub idle_ticks: u64,
    /// Time a hypervisor gave to other guests.
    pub steal_ticks: u64,
}
