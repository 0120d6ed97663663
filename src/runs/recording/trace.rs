//! What a trace saw, as it stands in a recording: small numbers instead of names and times. Knows nothing of what they mean.

use serde::{Deserialize, Serialize};

use crate::data::sample::{SchedulerChange, SchedulerEvent, TraceSample, TraceState};
use crate::data::{Pid, Tid};
use crate::runs::recording::size::SizeBudget;
use crate::runs::recording::thread_delta::is_default;

/// What an event takes in memory.
const EVENT_BYTES: usize = size_of::<SchedulerEvent>();
/// Changes that are no CPU's number; below the last one stands who made the thread.
const BLOCKS: i64 = -1;
const PREEMPTED: i64 = -2;
const EXITS: i64 = -3;
const BORN: i64 = -4;

/// A [`TraceSample`].
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct TraceEntry {
    #[serde(default, skip_serializing_if = "is_default")]
    state: TraceState,
    began_ns: u64,
    from_ns: u64,
    until_ns: u64,
    /// Pid and tid of the threads that events are of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    threads: Vec<(u32, u32)>,
    /// Nanoseconds since the event before (since boot for the first), index of the thread, and the change: the number of the
    /// CPU that the thread begins to run on, -1 it blocks, -2 it is preempted, -3 it exits, -4 and less: born of thread -4 - n.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<(u64, u32, i64)>,
    #[serde(default, skip_serializing_if = "is_default")]
    lost: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    cpu_ns: u64,
}

impl TraceEntry {
    /// As it is written.
    pub(super) fn of(trace: &TraceSample) -> Self {
        let mut threads: Vec<(u32, u32)> = trace.events.iter().map(|event| (event.pid.0, event.tid.0)).collect();
        threads.sort_unstable();
        threads.dedup();
        let mut before_ns = 0;
        let mut entry = |event: &SchedulerEvent| {
            let since_ns = event.at_ns.saturating_sub(std::mem::replace(&mut before_ns, event.at_ns));
            let thread = threads.binary_search(&(event.pid.0, event.tid.0)).unwrap_or_default();
            let change = match event.change {
                SchedulerChange::Runs { cpu } => i64::from(cpu),
                SchedulerChange::Blocks => BLOCKS,
                SchedulerChange::Preempted => PREEMPTED,
                SchedulerChange::Exits => EXITS,
                SchedulerChange::Born { by } => BORN - i64::from(by.0),
            };
            (since_ns, u32::try_from(thread).unwrap_or(u32::MAX), change)
        };
        let events = trace.events.iter().map(&mut entry).collect();
        let TraceSample { ref state, began_ns, from_ns, until_ns, lost, cpu_ns, .. } = *trace;
        Self { state: state.clone(), began_ns, from_ns, until_ns, threads, events, lost, cpu_ns }
    }

    /// As it was seen; says what is wrong with it.
    pub(super) fn whole(self, room: &mut SizeBudget) -> Result<TraceSample, String> {
        room.take(self.events.len().saturating_mul(EVENT_BYTES))?;
        let mut at_ns = 0_u64;
        let mut event = |&(since_ns, thread, change): &(u64, u32, i64)| {
            at_ns = at_ns.saturating_add(since_ns);
            let &(pid, tid) = usize::try_from(thread).ok().and_then(|at| self.threads.get(at))?;
            let change = match change {
                BLOCKS => SchedulerChange::Blocks,
                PREEMPTED => SchedulerChange::Preempted,
                EXITS => SchedulerChange::Exits,
                change if change <= BORN => SchedulerChange::Born { by: Tid(number(BORN.checked_sub(change)?)?) },
                cpu => SchedulerChange::Runs { cpu: number(cpu)? },
            };
            Some(SchedulerEvent { at_ns, pid: Pid(pid), tid: Tid(tid), change })
        };
        let events = self.events.iter().map(&mut event).collect::<Option<Vec<_>>>();
        let events = events.ok_or("an event of a thread that it does not name")?.into();
        let Self { state, began_ns, from_ns, until_ns, lost, cpu_ns, .. } = self;
        Ok(TraceSample { state, began_ns, from_ns, until_ns, events, lost, cpu_ns })
    }
}

fn number(value: i64) -> Option<u32> {
    u32::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_read_back() {
        let event = |at_ns, tid, change| SchedulerEvent { at_ns, pid: Pid(7), tid: Tid(tid), change };
        let events = [
            event(1_000, 9, SchedulerChange::Runs { cpu: 3 }),
            event(1_500, 9, SchedulerChange::Preempted),
            event(1_600, 12, SchedulerChange::Born { by: Tid(9) }),
            event(1_700, 12, SchedulerChange::Blocks),
            event(1_800, 12, SchedulerChange::Exits),
        ];
        let trace = TraceSample {
            state: TraceState::Stopped("too dear".to_owned()),
            began_ns: 500,
            from_ns: 900,
            until_ns: 2_000,
            events: events.into(),
            lost: 3,
            cpu_ns: 40,
        };
        let written = serde_json::to_string(&TraceEntry::of(&trace)).unwrap();
        let read: TraceEntry = serde_json::from_str(&written).unwrap();
        assert_eq!(read.whole(&mut SizeBudget::default()), Ok(trace));
    }

    #[test]
    fn events_of_nobody_are_refused() {
        for (thread, change) in [(1, 0), (0, i64::MIN), (0, i64::MAX)] {
            let entry =
                TraceEntry { threads: vec![(7, 9)], events: vec![(1, thread, change)], ..TraceEntry::default() };
            assert!(entry.whole(&mut SizeBudget::default()).is_err());
        }
    }
}
