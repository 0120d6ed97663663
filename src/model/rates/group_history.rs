//! What a group did second by second: looks that don't overlap, for trends and for what rises and falls together.

use std::collections::VecDeque;

use crate::data::{Pid, ProcessKey};
use crate::model::rates::load::Load;

/// Looks that are remembered, about a second apart: one more than the seconds a trend needs.
pub(crate) const SAMPLES_KEPT: usize = 61;

/// How a group's number of threads went within a minute, in one process that was there all the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// The process.
    pub pid: Pid,
    /// Threads at the first look.
    pub before: u32,
    /// Threads now.
    pub now: u32,
    /// The fewest threads in each quarter of the time, oldest first.
    pub lows: [u32; 4],
}

/// One group's last minute.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupHistory {
    total: Load,
    wanted: VecDeque<f32>,
    /// Threads in each process at each look.
    threads: VecDeque<Vec<(ProcessKey, u32)>>,
}

impl GroupHistory {
    /// Adds a look, `span_ns` after the one before; 0 at the first, which has a count but no rate.
    pub fn add(&mut self, total: Load, span_ns: u64, threads: Vec<(ProcessKey, u32)>) {
        use crate::model::rates::window::Total;
        if let Some(demand) = total.since(self.total).demand(span_ns) {
            push(&mut self.wanted, demand.wanted as f32);
        }
        self.total = total;
        push(&mut self.threads, threads);
    }

    /// CPUs wanted from look to look, oldest first.
    pub fn wanted(&self) -> Vec<f32> {
        self.wanted.iter().copied().collect()
    }

    /// How the number of threads went in each of these processes.
    pub fn growth(&self, stayed: &[ProcessKey]) -> Vec<Growth> {
        stayed.iter().map(|key| self.growth_in(*key)).collect()
    }

    fn growth_in(&self, process: ProcessKey) -> Growth {
        let count = |look: &Vec<(ProcessKey, u32)>| {
            look.iter().find(|(key, _)| *key == process).map_or(0, |(_, threads)| *threads)
        };
        let counts: Vec<u32> = self.threads.iter().map(count).collect();
        let quarter = counts.len().div_ceil(4).max(1);
        let mut lows = [0; 4];
        for (low, part) in lows.iter_mut().zip(counts.chunks(quarter)) {
            *low = part.iter().copied().min().unwrap_or(0);
        }
        let (before, now) = (counts.first().copied().unwrap_or(0), counts.last().copied().unwrap_or(0));
        Growth { pid: process.pid, before, now, lows }
    }
}

fn push<T>(values: &mut VecDeque<T>, value: T) {
    if values.len() == SAMPLES_KEPT {
        values.pop_front();
    }
    values.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: ProcessKey = ProcessKey { pid: Pid(1), start_ticks: 0 };
    const NEW: ProcessKey = ProcessKey { pid: Pid(2), start_ticks: 0 };

    #[test]
    fn each_process_that_stayed_is_counted_by_itself() {
        let mut looks = GroupHistory::default();
        for look in 0..100 {
            let mut threads = vec![(OLD, 4)];
            threads.extend((look > 50).then_some((NEW, look)));
            looks.add(Load::default(), 1_000_000_000, threads);
        }
        assert_eq!(looks.growth(&[OLD]), [Growth { pid: Pid(1), before: 4, now: 4, lows: [4; 4] }]);
        let now: Vec<u32> = looks.growth(&[OLD, NEW]).iter().map(|growth| growth.now).collect();
        assert_eq!(now, [4, 99], "each process by itself");
        assert_eq!(looks.wanted().len(), SAMPLES_KEPT);
    }

    #[test]
    fn looks_do_not_overlap() {
        let mut looks = GroupHistory::default();
        for (run_ns, span_ns) in [(5_000, 0), (6_000, 1_000), (9_000, 1_000)] {
            looks.add(Load { run_ns, runnable_ns: run_ns, slices: 0 }, span_ns, Vec::new());
        }
        assert_eq!(looks.wanted(), [1.0, 3.0]);
    }
}
