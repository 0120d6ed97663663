//! What threads used: from the kernel's counters to totals and from totals to demand.

use crate::data::ThreadKey;
use crate::data::sample::{CounterSource, Counters, HostFact, ThreadFact, ThreadState};
use crate::data::scene::Demand;
use crate::model::rates::window::Total;

const NS_PER_S: u64 = 1_000_000_000;

/// CPU time and runnable time, cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Nanoseconds on a CPU.
    pub run_ns: u64,
    /// Nanoseconds on a CPU or waiting for one. Without schedstat: nanoseconds in which the thread was seen in state R.
    pub runnable_ns: u64,
    /// Time slices.
    pub slices: u64,
}

impl Load {
    /// The thread's counters as read. Without schedstat only CPU time has a counter.
    pub fn read(fact: &ThreadFact, source: CounterSource, ticks: TickLength) -> Self {
        match source {
            CounterSource::Schedstat => Self::of(fact.counters),
            CounterSource::StatTicks => Self { run_ns: ticks.ns(fact.cpu_ticks), ..Self::default() },
        }
    }

    /// Counters of schedstat, or of an exit record.
    pub fn of(counters: Counters) -> Self {
        Self {
            run_ns: counters.run_ns,
            runnable_ns: counters.run_ns.saturating_add(counters.wait_ns),
            slices: counters.slices,
        }
    }

    /// The difference to an earlier reading; none when a counter went back, for then it is another counter.
    pub fn checked_since(self, earlier: Self) -> Option<Self> {
        Some(Self {
            run_ns: self.run_ns.checked_sub(earlier.run_ns)?,
            runnable_ns: self.runnable_ns.checked_sub(earlier.runnable_ns)?,
            slices: self.slices.checked_sub(earlier.slices)?,
        })
    }

    /// Without schedstat, a thread seen in state R is taken to have been runnable for the whole tick.
    pub fn with_state_seen(mut self, source: CounterSource, state: ThreadState, tick_ns: u64) -> Self {
        if source == CounterSource::StatTicks && state == ThreadState::Running {
            self.runnable_ns = tick_ns;
        }
        self
    }

    /// Adds what came in one tick.
    pub fn add(&mut self, more: Self) {
        self.run_ns = self.run_ns.saturating_add(more.run_ns);
        self.runnable_ns = self.runnable_ns.saturating_add(more.runnable_ns);
        self.slices = self.slices.saturating_add(more.slices);
    }

    /// Mean microseconds a slice; none without slices.
    pub fn slice_us(self) -> Option<f64> {
        (self.slices > 0).then(|| self.run_ns as f64 / 1e3 / self.slices as f64)
    }

    /// As CPUs over a span; none without a span.
    pub fn demand(self, span_ns: u64) -> Option<Demand> {
        let per_span = |ns: u64| ns as f64 / span_ns as f64;
        let waiting_ns = self.runnable_ns.saturating_sub(self.run_ns);
        (span_ns > 0).then(|| Demand::new(per_span(self.run_ns), per_span(waiting_ns)))
    }
}

impl Total for Load {
    fn since(self, earlier: Self) -> Self {
        Self {
            run_ns: self.run_ns.since(earlier.run_ns),
            runnable_ns: self.runnable_ns.since(earlier.runnable_ns),
            slices: self.slices.since(earlier.slices),
        }
    }
}

/// The length of a clock tick of this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TickLength {
    tick_ns: u64,
}

impl TickLength {
    /// As the machine says, or 10 ms, which all current kernels use.
    pub fn of(host: &HostFact) -> Self {
        let tick_ns = NS_PER_S.checked_div(host.ticks_per_second).filter(|&ns| ns > 0);
        Self { tick_ns: tick_ns.unwrap_or(NS_PER_S / 100) }
    }

    /// Ticks in nanoseconds.
    pub fn ns(self, ticks: u64) -> u64 {
        ticks.saturating_mul(self.tick_ns)
    }

    /// Whether something that started at these ticks after boot started after an instant, as far as ticks can tell.
    pub fn started_after(self, start_ticks: u64, instant_ns: u64) -> bool {
        self.ns(start_ticks.saturating_add(1)) > instant_ns
    }
}

/// Counters of a thread begin at its birth: one born since the instant before counts from zero, an older one that was
/// not seen before from what it says now.
pub(crate) fn first_reading(key: ThreadKey, read: Load, before_ns: Option<u64>, ticks: TickLength) -> Load {
    match before_ns {
        Some(before_ns) if ticks.started_after(key.start_ticks, before_ns) => Load::default(),
        _ => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_went_back_has_no_difference() {
        let load = |run_ns, slices| Load { run_ns, runnable_ns: run_ns, slices };
        assert_eq!(load(5, 2).checked_since(load(3, 1)), Some(load(2, 1)));
        assert_eq!(load(5, 2).checked_since(load(6, 1)), None);
        assert_eq!(load(5, 2).checked_since(load(5, 3)), None);
    }

    #[test]
    fn estimated_waiting_is_never_negative() {
        let busy_but_never_seen_running = Load { run_ns: 800, runnable_ns: 0, slices: 0 };
        let demand = busy_but_never_seen_running.demand(1000).unwrap();
        assert_eq!((demand.got, demand.waiting, demand.wanted), (0.8, 0.0, 0.8));
        assert_eq!(busy_but_never_seen_running.demand(0), None);
    }

    #[test]
    fn a_machine_that_does_not_say_its_tick_has_the_usual_one() {
        assert_eq!(TickLength::of(&HostFact::default()).ns(3), 30_000_000);
        assert_eq!(TickLength::of(&HostFact { ticks_per_second: u64::MAX, ..HostFact::default() }).ns(1), 10_000_000);
        assert_eq!(TickLength::of(&HostFact { ticks_per_second: 1000, ..HostFact::default() }).ns(3), 3_000_000);
    }
}
