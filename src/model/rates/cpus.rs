//! Each CPU's time over the window: what the target used of it, and what something else did.

use crate::data::CpuSet;
use crate::data::sample::CpuTime;
use crate::data::scene::Cpu;
use crate::model::rates::load::TickLength;
use crate::model::rates::window::{Remembered, Total, Window};

/// Every CPU online, by number.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuRates {
    watched: Vec<WatchedCpu>,
    /// The target's CPU time by the CPU its threads last ran on.
    ours_ns: Vec<u64>,
}

#[derive(Clone, Debug)]
struct WatchedCpu {
    time: Remembered<CpuTime>,
    ours_ns: Remembered<u64>,
}

impl CpuRates {
    /// Counts a thread's time for the CPU it last ran on.
    pub fn count(&mut self, cpu: Option<u32>, run_ns: u64) {
        if let Some(cpu) = cpu.filter(|&cpu| run_ns > 0 && cpu < CpuSet::LARGEST) {
            let cpu = cpu as usize;
            if self.ours_ns.len() <= cpu {
                self.ours_ns.resize(cpu + 1, 0);
            }
            self.ours_ns[cpu] = self.ours_ns[cpu].saturating_add(run_ns);
        }
    }

    /// A tick ends: every thread was counted.
    pub fn end_tick(&mut self, times: &[CpuTime], window: &Window) {
        let mut before = std::mem::take(&mut self.watched);
        for time in times.iter().take(CpuSet::LARGEST as usize) {
            let ours_ns = self.ours_ns.get(time.cpu as usize).copied().unwrap_or(0);
            let mut cpu = match before.iter().position(|cpu| cpu.time.now.cpu == time.cpu) {
                Some(index) => before.swap_remove(index),
                None => WatchedCpu { time: Remembered::new(*time), ours_ns: Remembered::new(ours_ns) },
            };
            cpu.time.now = *time;
            cpu.ours_ns.now = ours_ns;
            cpu.time.mark(window);
            cpu.ours_ns.mark(window);
            self.watched.push(cpu);
        }
        self.watched.sort_by_key(|cpu| cpu.time.now.cpu);
    }

    /// The CPUs as they are shown. `allowed` is where the target may run; none where nothing is known of that.
    pub fn scene(&self, allowed: Option<&CpuSet>, window: &Window, ticks: TickLength) -> Vec<Cpu> {
        self.watched.iter().map(|cpu| cpu.scene(allowed, window, ticks)).collect()
    }
}

impl WatchedCpu {
    fn scene(&self, allowed: Option<&CpuSet>, window: &Window, ticks: TickLength) -> Cpu {
        let time = self.time.over(window);
        let used_ns = ticks.ns(time.busy_ticks.saturating_add(time.steal_ticks));
        let total_ns = used_ns.saturating_add(ticks.ns(time.idle_ticks));
        let share = |ns: u64, of: u64| if of == 0 { 0.0 } else { ns as f64 / of as f64 };
        let busy = share(ticks.ns(time.busy_ticks), total_ns);
        // A thread that ran on several CPUs is counted on one: that CPU was not ours for longer than it was busy.
        let ours = share(self.ours_ns.over(window), window.span_ns()).min(busy);
        let cpu = self.time.now.cpu;
        Cpu { cpu, allowed: allowed.is_none_or(|set| set.contains(cpu)), ours, others: share(used_ns, total_ns) - ours }
    }
}

impl Total for CpuTime {
    /// Idle time can go back a little (proc_stat(5) says so of iowait): that counts as none.
    fn since(self, earlier: Self) -> Self {
        Self {
            cpu: self.cpu,
            busy_ticks: self.busy_ticks.since(earlier.busy_ticks),
            idle_ticks: self.idle_ticks.since(earlier.idle_ticks),
            steal_ticks: self.steal_ticks.since(earlier.steal_ticks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::HostFact;

    const SECOND: u64 = 1_000_000_000;

    fn after(ours: &[(u32, u64)], times: [CpuTime; 2]) -> Vec<Cpu> {
        let (mut cpus, mut window) = (CpuRates::default(), Window::default());
        let zero = times.map(|time| CpuTime { cpu: time.cpu, ..CpuTime::default() });
        window.advance(SECOND);
        cpus.end_tick(&zero, &window);
        window.advance(3 * SECOND);
        ours.iter().for_each(|&(cpu, run_ns)| cpus.count(Some(cpu), run_ns));
        cpus.end_tick(&times, &window);
        cpus.scene(Some(&"1".parse().unwrap()), &window, TickLength::of(&HostFact::default()))
    }

    #[test]
    fn a_cpu_is_never_more_ours_than_it_was_busy() {
        let time = |cpu, busy_ticks, steal_ticks| CpuTime {
            cpu,
            busy_ticks,
            steal_ticks,
            idle_ticks: 200 - busy_ticks - steal_ticks,
        };
        let cpus = after(&[(0, SECOND), (1, 2 * SECOND), (9000, 1)], [time(1, 100, 20), time(0, 200, 0)]);
        assert_eq!(cpus[0], Cpu { cpu: 0, allowed: false, ours: 0.5, others: 0.5 });
        assert_eq!((cpus[1].cpu, cpus[1].allowed, cpus[1].ours), (1, true, 0.5));
        assert!((cpus[1].others - 0.1).abs() < 1e-9, "{:?}", cpus[1]);
    }
}
