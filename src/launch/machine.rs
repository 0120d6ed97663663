//! The CPUs that caps are measured against.

use std::fs;
use std::io;

use rustix::thread::{CpuSet as RawSet, sched_getaffinity};

use crate::fact::CpuSet;

/// CPUs of this machine and those this process may run on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// CPUs online, whatever this process may use of them.
    pub online: CpuSet,
    /// CPUs this process may run on; a child inherits them.
    pub allowed: CpuSet,
}

impl Machine {
    /// Reads sched_getaffinity(2) and `/sys/devices/system/cpu/online`. Where the latter is hidden, the CPUs allowed are
    /// all that is known to be online. Fails on machines with more CPUs than the C library's `cpu_set_t` holds (1024).
    pub fn read() -> io::Result<Self> {
        let raw = sched_getaffinity(None)?;
        let allowed: CpuSet = (0..RawSet::MAX_CPU).filter(|&cpu| raw.is_set(cpu)).map(|cpu| cpu as u32).collect();
        let listed = fs::read_to_string("/sys/devices/system/cpu/online").ok();
        let online = listed.and_then(|list| list.parse::<CpuSet>().ok()).filter(|set| !set.is_empty());
        Ok(Self { online: online.unwrap_or_else(|| allowed.clone()), allowed })
    }
}
