//! What the trace of the scheduler shows: how many threads could run at once, and when each one did.

use std::sync::Arc;

use crate::data::sample::TraceState;
use crate::data::{Pid, Tid};

/// A trace that somebody asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Whether it goes on.
    pub state: TraceState,
    /// Seconds that it has gone on.
    pub seconds: f64,
    /// Seconds that the numbers below cover; parts in which records were lost are not among them.
    pub window_s: f64,
    /// Context switches a second.
    pub switches_per_s: f64,
    /// Share of one CPU that reading took.
    pub own_cpu: f64,
    /// What the records cost the target, as a share of one CPU: an estimate, by the number of switches.
    pub target_cpu: f64,
    /// Threads born, threads that exited, and records lost since the trace began.
    pub births: u64,
    pub exits: u64,
    pub lost: u64,
    /// All threads of the target together.
    pub all: Concurrency,
    /// Each group that had a thread that could run, in the order of the scene's groups.
    pub groups: Vec<GroupConcurrency>,
    /// Pairs of groups that had threads which could run at the same time, the longest time first.
    pub together: Vec<Together>,
    /// Threads that no look saw, by the group of the thread that made them, most first.
    pub short_lived: Vec<ShortLived>,
    /// The last seconds, thread by thread.
    pub lanes: Arc<Lanes>,
}

/// How many threads could run at once: they ran, or had been preempted and waited for a CPU. A thread that was just woken and
/// waits for its first moment on a CPU is not among them: the events do not tell when it was woken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Concurrency {
    /// Share of the time for which no, one, two … threads could run; sums to 1, empty before there is any time.
    pub shares: Vec<f64>,
    /// Mean number of threads that ran.
    pub running: f64,
    /// Mean number of threads that had been preempted.
    pub preempted: f64,
}

/// [`Concurrency`] of one group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupConcurrency {
    /// Index into the scene's `groups`.
    pub group: usize,
    /// How many of its threads.
    pub concurrency: Concurrency,
}

/// Two groups that had threads which could run at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Together {
    /// Indices into the scene's `groups`, the smaller first.
    pub groups: (usize, usize),
    /// Share of the time in which both had some.
    pub share: f64,
    /// Share of the time in which both had some, and all together were more than the CPUs that the target may use.
    pub crowded: f64,
}

/// Threads that were born and exited between two looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShortLived {
    /// The group of the thread that made them, by its label.
    pub made_by: String,
    /// How many, since the trace began.
    pub threads: u64,
    /// What they ran, in seconds.
    pub run_s: f64,
}

/// When threads ran, for the last seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lanes {
    /// Nanoseconds since boot at which they begin.
    pub from_ns: u64,
    /// Nanoseconds since boot until which they are complete.
    pub to_ns: u64,
    /// A lane a thread that ran in that time; those of one group together, in the order of the scene's groups, then by tid.
    pub threads: Vec<Lane>,
}

/// One thread's last seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// Its process.
    pub pid: Pid,
    /// The thread.
    pub tid: Tid,
    /// Index into the scene's `groups`; none for one that no look saw, or whose group is not shown.
    pub group: Option<usize>,
    /// Its best name; for one that no look saw, who made it.
    pub name: String,
    /// From when on it was in which state, nanoseconds since boot, by rising time; each lasts until the next.
    pub spans: Vec<LaneSpan>,
}

/// A change of a thread's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneSpan {
    /// From when on, nanoseconds since boot.
    pub from_ns: u64,
    /// In which state.
    pub state: LaneState,
}

/// What a thread does, as far as a trace of switches tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LaneState {
    /// Not known: before its first event, or after records were lost.
    #[default]
    Unknown,
    /// It runs on a CPU.
    Running,
    /// It was preempted and waits for a CPU.
    Preempted,
    /// It waits for something; the last moments of that it may have waited for a CPU.
    Blocked,
    /// It does not exist.
    Gone,
}

impl Concurrency {
    /// Share of the time in which more than so many threads could run.
    pub fn beyond(&self, threads: usize) -> f64 {
        self.shares.iter().skip(threads.saturating_add(1)).sum()
    }

    /// The number of threads that could run at once which was not exceeded for this share of the time.
    pub fn quantile(&self, share: f64) -> usize {
        let mut sum = 0.0;
        let reached = |&of: &f64| {
            sum += of;
            sum >= share - 1e-9
        };
        self.shares.iter().position(reached).unwrap_or(self.shares.len().saturating_sub(1))
    }
}

impl Lane {
    /// Its state at an instant; gone or unknown before its first span.
    pub fn at(&self, at_ns: u64) -> LaneState {
        let after = self.spans.partition_point(|span| span.from_ns <= at_ns);
        after.checked_sub(1).and_then(|index| self.spans.get(index)).map_or(LaneState::Unknown, |span| span.state)
    }

    /// Nanoseconds of each state between two instants: running, preempted, blocked.
    pub fn times(&self, from_ns: u64, to_ns: u64) -> [u64; 3] {
        let first = self.spans.partition_point(|span| span.from_ns <= from_ns).saturating_sub(1);
        let mut times = [0; 3];
        for (index, span) in self.spans.iter().enumerate().skip(first) {
            if span.from_ns >= to_ns {
                break;
            }
            let until_ns = self.spans.get(index + 1).map_or(to_ns, |next| next.from_ns.min(to_ns));
            let lasted_ns = until_ns.saturating_sub(span.from_ns.max(from_ns));
            match span.state {
                LaneState::Running => times[0] += lasted_ns,
                LaneState::Preempted => times[1] += lasted_ns,
                LaneState::Blocked => times[2] += lasted_ns,
                LaneState::Unknown | LaneState::Gone => {}
            }
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_tails_are_of_time() {
        let all = Concurrency { shares: vec![0.5, 0.25, 0.15, 0.1], ..Concurrency::default() };
        assert_eq!([0.5, 0.75, 0.76, 0.99, 1.0].map(|share| all.quantile(share)), [0, 1, 2, 3, 3]);
        assert!((all.beyond(1) - 0.25).abs() < 1e-9);
        assert_eq!((Concurrency::default().quantile(0.9), Concurrency::default().beyond(0)), (0, 0.0));
    }

    #[test]
    fn a_lane_tells_its_state_at_any_instant() {
        let span = |from_ns, state| LaneSpan { from_ns, state };
        let spans = vec![span(100, LaneState::Running), span(250, LaneState::Preempted), span(300, LaneState::Blocked)];
        let lane = Lane { spans, ..Lane::default() };
        assert_eq!(
            [50, 100, 249, 300, 900].map(|at| lane.at(at)),
            [LaneState::Unknown, LaneState::Running, LaneState::Running, LaneState::Blocked, LaneState::Blocked]
        );
        assert_eq!(lane.times(0, 1_000), [150, 50, 700]);
        assert_eq!(lane.times(200, 260), [50, 10, 0]);
    }
}
