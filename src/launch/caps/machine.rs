//! The CPUs that caps are measured against.

use std::path::Path;
use std::{fs, io};

use rustix::process::{Pid, getppid};
use rustix::thread::{CpuSet as RawSet, sched_getaffinity};

use crate::data::CpuSet;
use crate::data::job::rank::Rank;
use crate::linux::cgroup::create::homes::OwnCgroups;
use crate::linux::proc::host::online_cpus;
use crate::linux::proc::stat::Stat;

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
    /// Which rank of a job this is; none where no launcher started it.
    pub rank: Option<Rank>,
    /// CPUs that its launcher may run on; none where there is none, or that can't be read.
    pub launchers: Option<CpuSet>,
}

impl MachineCpus {
    /// Reads sched_getaffinity(2) and `/sys/devices/system/cpu/online`. Where the latter is hidden, the CPUs allowed are
    /// all that is known to be online. Fails on machines with more CPUs than the C library's `cpu_set_t` holds (1024).
    pub fn read() -> io::Result<Self> {
        let allowed = cpus_of(&sched_getaffinity(None)?);
        let online = online_cpus().unwrap_or_else(|| allowed.clone());
        let (quota_cpus, rank) = (OwnCgroups::read().quota_cpus(), Rank::of_own_environment());
        let launchers = rank.as_ref().and_then(launchers_cpus);
        Ok(Self { cores: cores(&online), online, allowed, quota_cpus, rank, launchers })
    }
}

/// Ancestors that are looked at: shells and wrapper scripts between a launcher and its rank.
const MOST_ANCESTORS: usize = 16;

/// The mask of the nearest ancestor that is not this rank itself, as a shell between is: the launcher's.
fn launchers_cpus(rank: &Rank) -> Option<CpuSet> {
    let mut pid = getppid()?;
    for _ in 0..MOST_ANCESTORS {
        let folder = Path::new("/proc").join(pid.as_raw_nonzero().to_string());
        // That of another user, as slurmstepd is root's, can't be read, and is no shell of this rank.
        let environ = fs::read(folder.join("environ")).unwrap_or_default();
        if Rank::from_block(&environ).as_ref() != Some(rank) {
            return sched_getaffinity(Some(pid)).ok().map(|set| cpus_of(&set));
        }
        let stat = fs::read(folder.join("stat")).ok()?;
        pid = i32::try_from(Stat::parse(&stat)?.parent).ok().and_then(Pid::from_raw)?;
    }
    None
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
