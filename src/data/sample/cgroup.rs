//! A cgroup as it was read: its quota, its cpuset and how often it was throttled.

use serde::{Deserialize, Serialize};

use crate::data::Text;

/// Which interface a cgroup was read through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CgroupVersion {
    /// cpu.cfs_quota_us, cpu.cfs_period_us.
    V1,
    /// cpu.max.
    V2,
}

/// A cgroup that limits CPU time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CgroupFact {
    /// Its path below the mount of its hierarchy.
    pub path: Text,
    /// Which interface.
    pub version: CgroupVersion,
    /// Its CPU quota.
    pub quota: Quota,
}

/// CPU time a cgroup may use: `quota_us` in every `period_us`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quota {
    /// Microseconds of CPU time per period.
    pub quota_us: u64,
    /// Microseconds in a period; never 0.
    pub period_us: u64,
}

impl Quota {
    /// The quota in CPUs.
    pub fn cpus(self) -> f64 {
        self.quota_us as f64 / self.period_us.max(1) as f64
    }
}

/// cpu.stat of one cgroup: cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// Periods in which the cgroup had something to run.
    pub periods: u64,
    /// Periods in which it ran out of quota.
    pub throttled_periods: u64,
    /// Nanoseconds its CPUs were throttled, summed over CPUs.
    pub throttled_ns: u64,
}
