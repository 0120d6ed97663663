//! The machine: its CPUs and how busy each is, its name and model, its users. The only place that uses sysinfo.

use std::collections::HashMap;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use sysinfo::{CpuRefreshKind, RefreshKind, System, User, Users};

use crate::data::sample::{CpuTime, HostFact};
use crate::data::{CpuSet, Text};
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat::{number, words};

/// /proc/stat lists every interrupt of the machine; large machines have some hundred kilobytes of them.
const STAT_LIMIT: usize = 4 << 20;

/// The CPUs that are online (/sys/devices/system/cpu/online); none where that is hidden.
pub fn online_cpus() -> Option<CpuSet> {
    let listed = fs::read_to_string("/sys/devices/system/cpu/online").ok()?;
    listed.parse::<CpuSet>().ok().filter(|set| !set.is_empty())
}

/// What is kept of the machine.
#[derive(Debug)]
pub struct HostReader {
    stat: Option<OwnedFd>,
    fact: Arc<HostFact>,
}

impl HostReader {
    /// Reads what hardly ever changes.
    pub fn new(proc_root: &ProcDir, reader: &mut FileReader) -> Self {
        let stat = proc_root.file("stat").ok();
        let text = stat.as_ref().and_then(|file| reader.reread(file, STAT_LIMIT).ok()).unwrap_or_default();
        let boot_unix_s = field(text, b"btime").unwrap_or(0);
        let online = cpu_times(text).iter().map(|time| time.cpu).collect();
        let fact = HostFact {
            name: System::host_name().ok().map(Text::from),
            cpu_model: cpu_model(),
            online,
            cores: System::physical_core_count().ok().and_then(|cores| u32::try_from(cores).ok()),
            kernel: System::kernel_version().ok().map(Text::from),
            boot_unix_s,
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1),
        };
        Self { stat, fact: Arc::new(fact) }
    }

    /// Busy time of each CPU now, and the facts, with the CPUs that are online now.
    pub fn sample(&mut self, reader: &mut FileReader) -> (Arc<HostFact>, Vec<CpuTime>) {
        let Some(file) = &self.stat else { return (Arc::clone(&self.fact), Vec::new()) };
        let text = reader.read_while(file, STAT_LIMIT, |text| memchr::memmem::find(text, b"\nintr").is_none());
        let times = cpu_times(text.unwrap_or_default());
        let online = times.iter().map(|time| time.cpu).collect();
        if !times.is_empty() && self.fact.online != online {
            Arc::make_mut(&mut self.fact).online = online;
        }
        (Arc::clone(&self.fact), times)
    }
}

/// Memory that new processes could have without swapping, in bytes (MemAvailable of /proc/meminfo); none where it is not said.
pub fn available_bytes() -> Option<u64> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    Some(system.available_memory()).filter(|&bytes| bytes > 0)
}

/// This machine; fields that can't be read are missing.
pub fn this_machine() -> HostFact {
    let host = ProcDir::open(Path::new("/proc")).map(|root| HostReader::new(&root, &mut FileReader::default()).fact);
    host.map(Arc::unwrap_or_clone).unwrap_or_default()
}

fn cpu_model() -> Option<Text> {
    let system = System::new_with_specifics(RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing())).ok()?;
    system.cpus().first().map(|cpu| Text::from(cpu.brand())).filter(|brand| !brand.is_empty())
}

/// The cpuN lines at the beginning of /proc/stat (proc_stat(5)). User time includes guest time, so guest is left out.
fn cpu_times(text: &[u8]) -> Vec<CpuTime> {
    let lines = text.split(|&byte| byte == b'\n').take_while(|line| line.starts_with(b"cpu"));
    lines.filter_map(cpu_time).collect()
}

fn cpu_time(line: &[u8]) -> Option<CpuTime> {
    let mut fields = words(line);
    let cpu = u32::try_from(number(fields.next()?.strip_prefix(b"cpu")?)?).ok()?;
    let mut ticks = [0u64; 8];
    for slot in &mut ticks {
        *slot = fields.next().and_then(number).unwrap_or(0);
    }
    let [user, nice, system, idle, iowait, irq, softirq, steal] = ticks;
    let busy_ticks = [user, nice, system, irq, softirq].into_iter().fold(0u64, u64::saturating_add);
    Some(CpuTime { cpu, busy_ticks, idle_ticks: idle.saturating_add(iowait), steal_ticks: steal })
}

fn field(text: &[u8], name: &[u8]) -> Option<u64> {
    text.split(|&byte| byte == b'\n').find_map(|line| {
        let mut parts = words(line);
        (parts.next()? == name).then(|| number(parts.next()?))?
    })
}

/// Names of this host's users, read when the first one is asked for.
#[derive(Debug, Default)]
pub struct UserNames {
    known: Option<HashMap<u32, Text>>,
}

impl UserNames {
    /// The name of a user; the number where this host does not know it.
    pub fn of(&mut self, uid: u32) -> Text {
        let name = |user: &User| (**user.id(), Text::from(user.name()));
        let list = || Users::new_with_refreshed_list().iter().flatten().map(name).collect();
        self.known.get_or_insert_with(list).get(&uid).cloned().unwrap_or_else(|| Text::from(uid.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const STAT: &[u8] =
        b"cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 10 1 5 100 7 2 3 4 6 0\ncpu3 1 0 0 2\nintr 5 1\nbtime 1700000000\n";

    #[test]
    fn guest_time_is_not_counted_twice_and_steal_is_apart() {
        let times = cpu_times(STAT);
        assert_eq!(times[0], CpuTime { cpu: 0, busy_ticks: 21, idle_ticks: 107, steal_ticks: 4 });
        assert_eq!(times[1], CpuTime { cpu: 3, busy_ticks: 1, idle_ticks: 2, steal_ticks: 0 });
        assert_eq!(times.len(), 2);
        assert_eq!(field(STAT, b"btime"), Some(1_700_000_000));
    }

    #[test]
    fn a_cpu_that_goes_offline_leaves_the_fact() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("stat"), STAT).unwrap();
        let mut reader = FileReader::default();
        let mut host = HostReader::new(&ProcDir::open(dir.path()).unwrap(), &mut reader);
        assert_eq!(host.sample(&mut reader).0.online.to_string(), "0,3");
        std::fs::write(dir.path().join("stat"), b"cpu 1\ncpu0 1 1 1 1\nintr 1\n").unwrap();
        let (fact, times) = host.sample(&mut reader);
        assert_eq!((fact.online.to_string().as_str(), times.len()), ("0", 1));
        assert_eq!(fact.boot_unix_s, 1_700_000_000);
    }

    #[test]
    fn this_machine_is_described() {
        let mut reader = FileReader::default();
        let host = HostReader::new(&ProcDir::open(Path::new("/proc")).unwrap(), &mut reader);
        assert!(host.fact.online.count() >= 1 && host.fact.boot_unix_s > 1_500_000_000);
        assert!(host.fact.kernel.is_some());
    }

    #[test]
    fn root_has_a_name_and_an_unknown_user_a_number() {
        let mut users = UserNames::default();
        assert_eq!(users.of(0).as_str(), "root");
        assert_eq!(users.of(4_294_000_000).as_str(), "4294000000");
    }
}
