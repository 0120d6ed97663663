//! Records of perf_event_open(2) as events of threads. Reads bytes, opens nothing.

use crate::data::sample::{SchedulerChange, SchedulerEvent};
use crate::data::{Pid, Tid};
use crate::linux::scheduler::numbers::{number_u32, number_u64};

/// PERF_RECORD_LOST, _EXIT, _FORK and _SWITCH (include/uapi/linux/perf_event.h).
const LOST: u32 = 2;
const EXIT: u32 = 4;
const FORK: u32 = 7;
const SWITCH: u32 = 14;
/// PERF_RECORD_MISC_SWITCH_OUT and _SWITCH_OUT_PREEMPT.
const SWITCH_OUT: u16 = 1 << 13;
const PREEMPTED: u16 = 1 << 14;
/// The longest of the records above, with what [`trailer`] reads.
pub const LONGEST: usize = 64;

/// What one record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Something happened to a thread.
    Event(SchedulerEvent),
    /// So many records found no room in the ring buffer.
    Lost(u64),
}

/// Reads one record: its type, its flags and what follows the header. The events were opened with `sample_id_all` and samples
/// of TID, TIME and CPU, so each ends with pid, tid, time and CPU. None for records of other kinds and for garbage.
pub fn parse(kind: u32, flags: u16, body: &[u8]) -> Option<Record> {
    let (pid, tid, at_ns, cpu) = trailer(body)?;
    let event = |pid, tid, change| Some(Record::Event(SchedulerEvent { at_ns, pid: Pid(pid), tid: Tid(tid), change }));
    match kind {
        SWITCH if flags & SWITCH_OUT == 0 => event(pid, tid, SchedulerChange::Runs { cpu }),
        SWITCH if flags & PREEMPTED != 0 => event(pid, tid, SchedulerChange::Preempted),
        SWITCH => event(pid, tid, SchedulerChange::Blocks),
        // struct { u32 pid, ppid; u32 tid, ptid; u64 time; }
        FORK => {
            event(number_u32(body, 0)?, number_u32(body, 8)?, SchedulerChange::Born { by: Tid(number_u32(body, 12)?) })
        }
        EXIT => event(number_u32(body, 0)?, number_u32(body, 8)?, SchedulerChange::Exits),
        // struct { u64 id; u64 lost; }
        LOST => Some(Record::Lost(number_u64(body, 8)?)),
        _ => None,
    }
}

/// `struct { u32 pid, tid; u64 time; u32 cpu, res; }` at the end of every record.
fn trailer(body: &[u8]) -> Option<(u32, u32, u64, u32)> {
    let at = body.len().checked_sub(24)?;
    Some((number_u32(body, at)?, number_u32(body, at + 4)?, number_u64(body, at + 8)?, number_u32(body, at + 16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(own: &[u32]) -> Vec<u8> {
        let mut bytes: Vec<u8> = own.iter().flat_map(|word| word.to_ne_bytes()).collect();
        bytes.extend(7_u32.to_ne_bytes());
        bytes.extend(9_u32.to_ne_bytes());
        bytes.extend(1_000_u64.to_ne_bytes());
        bytes.extend(3_u32.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    fn event(tid: u32, change: SchedulerChange) -> Option<Record> {
        Some(Record::Event(SchedulerEvent { at_ns: 1_000, pid: Pid(7), tid: Tid(tid), change }))
    }

    #[test]
    fn switches_say_who_when_where_and_why() {
        assert_eq!(parse(SWITCH, 0, &body(&[])), event(9, SchedulerChange::Runs { cpu: 3 }));
        assert_eq!(parse(SWITCH, SWITCH_OUT, &body(&[])), event(9, SchedulerChange::Blocks));
        assert_eq!(parse(SWITCH, SWITCH_OUT | PREEMPTED, &body(&[])), event(9, SchedulerChange::Preempted));
    }

    #[test]
    fn births_and_exits_are_of_the_thread_in_the_record() {
        let own = [7, 1, 12, 9, 0, 0];
        assert_eq!(parse(FORK, 0, &body(&own)), event(12, SchedulerChange::Born { by: Tid(9) }));
        assert_eq!(parse(EXIT, 0, &body(&own)), event(12, SchedulerChange::Exits));
    }

    #[test]
    fn loss_is_counted() {
        let lost: Vec<u32> = [5_u64, 40].iter().flat_map(|long| [*long as u32, (*long >> 32) as u32]).collect();
        assert_eq!(parse(LOST, 0, &body(&lost)), Some(Record::Lost(40)));
    }

    proptest::proptest! {
        #[test]
        fn garbage_is_no_event_or_an_event_and_never_a_panic(
            kind in 0_u32..20, flags: u16, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..LONGEST),
        ) {
            let read = parse(kind, flags, &bytes);
            proptest::prop_assert!(read.is_none() || bytes.len() >= 24);
        }
    }
}
