//! The last seconds of a trace, thread by thread. Bounded: where threads switch very often, fewer seconds are kept.

use std::collections::{HashMap, VecDeque};

use crate::data::scene::{Lane, LaneSpan, LaneState, Lanes};
use crate::data::{Pid, Tid};

/// Seconds that are kept.
const KEPT_NS: u64 = 10_000_000_000;
/// Changes of state that are kept, all threads together.
const MOST_SPANS: usize = 300_000;

/// Lanes that grow with a trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaneRates {
    from_ns: u64,
    threads: HashMap<Tid, GrowingLane>,
    spans: usize,
}

#[derive(Clone, Debug, Default)]
struct GrowingLane {
    pid: Pid,
    /// Label of the group that made it, where that was seen.
    made_by: Option<String>,
    spans: VecDeque<LaneSpan>,
}

impl LaneRates {
    /// A thread was born, of a thread of this group where that is known.
    pub fn born(&mut self, tid: Tid, made_by: Option<String>) {
        self.threads.entry(tid).or_default().made_by = made_by;
    }

    /// A thread of a process is in another state from an instant on.
    pub fn change(&mut self, (pid, tid): (Pid, Tid), from_ns: u64, state: LaneState) {
        let lane = self.threads.entry(tid).or_default();
        lane.pid = pid;
        self.spans += usize::from(lane.change(from_ns, state));
    }

    /// From an instant on nothing is known of anyone.
    pub fn forget(&mut self, from_ns: u64) {
        self.spans +=
            self.threads.values_mut().map(|lane| usize::from(lane.change(from_ns, LaneState::Unknown))).sum::<usize>();
    }

    /// Drops what is too old.
    pub fn end_tick(&mut self, began_ns: u64, now_ns: u64) {
        let oldest_ns = now_ns.saturating_sub(KEPT_NS).max(began_ns);
        self.from_ns = self.from_ns.max(oldest_ns);
        self.drop_older();
        while self.spans > MOST_SPANS && self.from_ns < now_ns {
            self.from_ns += (now_ns - self.from_ns).div_ceil(4);
            self.drop_older();
        }
    }

    fn drop_older(&mut self) {
        let (from_ns, spans) = (self.from_ns, &mut self.spans);
        self.threads.retain(|_, lane| {
            // The span that the time begins with stays.
            while lane.spans.get(1).is_some_and(|next| next.from_ns <= from_ns) {
                lane.spans.pop_front();
                *spans -= 1;
            }
            let is_over = lane.spans.len() == 1 && lane.spans.front().is_some_and(|last| last.state == LaneState::Gone);
            if is_over {
                *spans -= 1;
            }
            !is_over
        });
    }

    /// As they are shown. `shown` knows the group and the name of threads that the newest look saw.
    pub fn scene(&self, to_ns: u64, shown: impl Fn(Tid) -> Option<(usize, String)>) -> Lanes {
        let ran = |lane: &GrowingLane| {
            lane.spans.iter().any(|span| matches!(span.state, LaneState::Running | LaneState::Preempted))
        };
        let lane = |(&tid, lane): (&Tid, &GrowingLane)| {
            let (group, name) = shown(tid).map_or_else(
                || (None, lane.made_by.as_ref().map_or_else(String::new, |by| format!("made by {by}"))),
                |(group, name)| (Some(group), name),
            );
            Lane { pid: lane.pid, tid, group, name, spans: lane.spans.iter().copied().collect() }
        };
        let mut threads: Vec<Lane> = self.threads.iter().filter(|(_, lane)| ran(lane)).map(lane).collect();
        threads.sort_by_key(|lane| (lane.group.unwrap_or(usize::MAX), lane.pid, lane.tid));
        Lanes { from_ns: self.from_ns, to_ns, threads }
    }
}

impl GrowingLane {
    /// Whether that is another state than before.
    fn change(&mut self, from_ns: u64, state: LaneState) -> bool {
        let is_other = self.spans.back().is_none_or(|last| last.state != state);
        if is_other {
            self.spans.push_back(LaneSpan { from_ns, state });
        }
        is_other
    }
}
