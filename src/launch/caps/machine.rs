//! The CPUs that caps are measured against.

use std::{fs, io};

use rustix::process::getppid;
use rustix::thread::{CpuSet as RawSet, sched_getaffinity};

use crate::data::CpuSet;
use crate::data::job::rank::Rank;
use crate::linux::cgroup::create::homes::OwnCgroups;

/// CPUs of this machine and those this process may run on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MachineCpus {
    /// CPUs online, whatever this process may use of them.
    pub online: CpuSet,
    /// CPUs this process may run on; a child inherits them.
    pub allowed: CpuSet,
    /// CPUs of each physical core; none where the machine does not tell.
    pub cores: Vec<CpuSet>,
    /// The smallest CPU quota over this process, in CPUs; a child inherits it.
    pub quota_cpus: Option<f64>,
    /// CPUs that the process which started tftop may run on; none where that can't be read.
    pub parents: Option<CpuSet>,
    /// Which rank of a job this is; none where no launcher started it.
    pub rank: Option<Rank>,
}

impl MachineCpus {
    /// Reads sched_getaffinity(2) and `/sys/devices/system/cpu/online`. Where the latter is hidden, the CPUs allowed are
    /// all that is known to be online. Fails on machines with more CPUs than the C library's `cpu_set_t` holds (1024).
    pub fn read() -> io::Result<Self> {
        let allowed = cpus_of(&sched_getaffinity(None)?);
        let listed = fs::read_to_string("/sys/devices/system/cpu/online").ok();
        let online = listed.and_then(|list| list.parse::<CpuSet>().ok()).filter(|set| !set.is_empty());
        let online = online.unwrap_or_else(|| allowed.clone());
        let parents = getppid().and_then(|parent| sched_getaffinity(Some(parent)).ok()).map(|set| cpus_of(&set));
        let quota_cpus = OwnCgroups::read().quota_cpus();
        Ok(Self { cores: cores(&online), online, allowed, quota_cpus, parents, rank: Rank::of_own_environment() })
    }
}

/// `topology/thread_siblings_list` of each CPU (Documentation/admin-guide/cputopology.rst), each core once.
fn cores(online: &CpuSet) -> Vec<CpuSet> {
    let mut cores: Vec<CpuSet> = Vec::new();
    for cpu in online.iter() {
        let list = fs::read_to_string(format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list"));
        let Some(core) = list.ok().and_then(|list| list.parse::<CpuSet>().ok()) else { continue };
        // A core's CPUs are told by each of them.
        if core.iter().next() == Some(cpu) || !cores.iter().any(|known| known.contains(cpu)) {
            cores.push(core);
        }
    }
    cores
}

/// A mask as the C library has it.
pub fn cpus_of(raw: &RawSet) -> CpuSet {
    (0..RawSet::MAX_CPU).filter(|&cpu| raw.is_set(cpu)).map(|cpu| cpu as u32).collect()
}

/// The same the other way; CPUs that `cpu_set_t` can't hold are left out.
pub fn kernel_set(cpus: &CpuSet) -> RawSet {
    let mut raw = RawSet::new();
    cpus.iter().filter(|&cpu| (cpu as usize) < RawSet::MAX_CPU).for_each(|cpu| raw.set(cpu as usize));
    raw
}
