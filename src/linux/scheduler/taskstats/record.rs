//! What the kernel says of a task that ended (`struct taskstats`, include/uapi/linux/taskstats.h): which it was, what it ran and
//! what it waited for a CPU. Newer versions add fields at the end, but for version 15, which put some in between.

use crate::data::sample::Counters;
use crate::data::{Pid, Tid};
use crate::linux::scheduler::numbers::{number_u16, number_u32, number_u64};
use crate::linux::scheduler::taskstats::netlink::{Message, attributes};

/// TASKSTATS_TYPE_AGGR_PID: what belongs to one task; TASKSTATS_TYPE_STATS within it.
const OF_ONE_TASK: u16 = 4;
const STATS: u16 = 3;
/// The first version that says which process a task was of (Linux 5.19).
pub const OLDEST_VERSION: u16 = 12;

/// One record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExitRecord {
    /// The thread, as the first pid namespace numbers it.
    pub tid: Tid,
    /// Its process, in the same numbers.
    pub process: Pid,
    /// The same counters as those of schedstat (`delayacct_add_tsk`, kernel/delayacct.c): as of the scheduler's last look at the
    /// thread, so that `run_ns` lacks what it ran since then, up to one of the scheduler's ticks (1 to 10 ms). Measured: of 300
    /// threads that ran 3 ms each and read their own clocks 99 %, of 4,000 that ran 0.05 ms each nothing.
    pub counters: Counters,
}

/// Where the fields of a record stand, in bytes from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLayout {
    run: usize,
    tid: usize,
    process: usize,
}

/// cpu_count and cpu_delay_total stand at the same place in all versions.
const SLICES: usize = 16;
const WAIT: usize = 24;

impl RecordLayout {
    /// Versions 12 to 14, and 16 on.
    pub const USUAL: Self = Self { run: 72, tid: 128, process: 368 };
    /// Version 15 (Linux 6.14 and 6.15): the largest and the smallest of each delay stand behind its sum.
    const VERSION_15: Self = Self { run: 72 + 48, tid: 128 + 48, process: 368 + 96 };

    /// The layout of a record that is known to be of this thread of this process; none where it is none of those known.
    pub fn of(record: &[u8], tid: Tid, process: Pid) -> Option<Self> {
        let fits = |layout: &Self| {
            number_u32(record, layout.tid) == Some(tid.0) && number_u32(record, layout.process) == Some(process.0)
        };
        [Self::USUAL, Self::VERSION_15].into_iter().find(fits)
    }

    /// What a record says; none where it is too short.
    pub fn read(self, record: &[u8]) -> Option<ExitRecord> {
        Some(ExitRecord {
            tid: Tid(number_u32(record, self.tid)?),
            process: Pid(number_u32(record, self.process)?),
            counters: Counters {
                run_ns: number_u64(record, self.run)?,
                wait_ns: number_u64(record, WAIT)?,
                slices: number_u64(record, SLICES)?,
            },
        })
    }
}

/// The version of a record.
pub fn version(record: &[u8]) -> Option<u16> {
    number_u16(record, 0)
}

/// The record of a task in a message of the family; none where it holds none. The last thread of a process comes with a record of
/// the whole process beside it, which is left out.
pub fn of_task<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    let (_, of_task) = message.attributes().find(|(number, _)| *number == OF_ONE_TASK)?;
    attributes(of_task).find(|(number, _)| *number == STATS).map(|(_, record)| record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::scheduler::taskstats::netlink::messages;

    /// Linux 6.18, records of version 16: thread 31667 of process 31561 ran 3 ms; then the last thread ended, its main one.
    const THREAD: &[u8] = include_bytes!("../../../../tests/data/taskstats/thread.bin");
    const LAST_THREAD: &[u8] = include_bytes!("../../../../tests/data/taskstats/last-thread.bin");

    fn record(datagram: &[u8]) -> Option<&[u8]> {
        messages(datagram).next().as_ref().and_then(of_task)
    }

    #[test]
    fn a_recorded_exit_says_who_ran_and_waited_how_long() {
        let bytes = record(THREAD).unwrap();
        let (tid, process) = (Tid(0x7bb3), Pid(0x7bb2));
        let layout = RecordLayout::of(bytes, tid, process).unwrap();
        assert_eq!((layout, version(bytes)), (RecordLayout::USUAL, Some(16)));
        let counters = Counters { run_ns: 0x2d_c721, wait_ns: 0x24c6, slices: 1 };
        assert_eq!(layout.read(bytes), Some(ExitRecord { tid, process, counters }));
    }

    #[test]
    fn the_last_thread_of_a_process_has_one_record_of_its_own() {
        let bytes = record(LAST_THREAD).unwrap();
        let last = RecordLayout::USUAL.read(bytes).unwrap();
        assert_eq!((last.tid.0, LAST_THREAD.len()), (last.process.0, 1172));
        assert!(last.counters.run_ns < 10_000_000, "the process's other threads are not in it: {last:?}");
    }

    #[test]
    fn fields_in_between_are_found_by_what_is_known_of_the_thread() {
        let usual = record(THREAD).unwrap();
        // Version 15: cpu, blkio and swapin have two fields more each, then freepages, thrashing and compact.
        let mut bytes = usual.to_vec();
        for end in [368, 344, 328, 64, 48, 32] {
            bytes.splice(end..end, [0xff; 16]);
        }
        bytes[0] = 15;
        let (tid, process) = (Tid(0x7bb3), Pid(0x7bb2));
        let layout = RecordLayout::of(&bytes, tid, process).unwrap();
        assert_eq!(layout, RecordLayout::VERSION_15);
        assert_eq!(layout.read(&bytes), RecordLayout::USUAL.read(usual));
        assert_eq!(RecordLayout::of(&bytes, tid, Pid(1)), None);
    }

    #[test]
    fn a_record_that_is_too_short_says_nothing() {
        let bytes = record(THREAD).unwrap();
        assert!((0..372).all(|length| RecordLayout::USUAL.read(&bytes[..length]).is_none()));
        assert!((0..372).all(|length| RecordLayout::of(&bytes[..length], Tid(0x7bb3), Pid(0x7bb2)).is_none()));
    }
}
