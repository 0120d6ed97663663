//! Which step marks can be true: the script's process may say anything. A record has to fit into the time since the one
//! before: neither its durations nor its steps, nor those that got lost, can take longer than there was.

use std::collections::VecDeque;

use crate::data::sample::{StepMarks, StepSource};

/// Durations in one record (assets/shim/PROTOCOL.md).
pub(crate) const MOST_DURATIONS: usize = 512;
/// Streams that are remembered: each epoch of a Python loop is one of its own.
const MOST_STREAMS: usize = 256;
/// What clocks and rounding may be off by.
const SLACK_US: u64 = 10_000;

/// What was heard of each stream.
#[derive(Debug, Default)]
pub(crate) struct PlausibleMarks {
    /// No mark is older, in nanoseconds since boot.
    since_ns: u64,
    /// Oldest first.
    streams: VecDeque<Stream>,
}

#[derive(Debug)]
struct Stream {
    id: (u32, StepSource, u64),
    marks: u64,
    at_ns: u64,
}

impl PlausibleMarks {
    /// For marks that are made from this instant on.
    pub(crate) fn since(since_ns: u64) -> Self {
        Self { since_ns, streams: VecDeque::new() }
    }

    /// Whether a record can be true after those before it. One that can't is forgotten.
    pub(crate) fn take(&mut self, record: &StepMarks) -> bool {
        let id = (record.pid, record.source, record.stream);
        let place = self.streams.iter().position(|stream| stream.id == id);
        let before = place.and_then(|at| self.streams.get(at));
        let (from_ns, known) = before.map_or((self.since_ns, 0), |stream| (stream.at_ns, stream.marks));
        let marks = record.durations_us.len() as u64;
        // Durations are rounded; no step takes less than a microsecond, the shim's own work included.
        let room_us = record.at_ns.saturating_sub(from_ns) / 1000 + SLACK_US + marks;
        let taken_us: u64 = record.durations_us.iter().map(|&us| u64::from(us)).sum();
        // A stream that begins anew is another one of the same number.
        let lost = record.first.checked_sub(known).unwrap_or(record.first);
        let plausible = (1..=MOST_DURATIONS).contains(&record.durations_us.len())
            && record.at_ns.saturating_add(SLACK_US * 1000) >= from_ns
            && [taken_us, record.steps, lost].into_iter().all(|us| us <= room_us);
        if plausible {
            place.map(|at| self.streams.remove(at));
            if self.streams.len() >= MOST_STREAMS {
                self.streams.pop_front();
            }
            let at_ns = record.at_ns.max(from_ns);
            self.streams.push_back(Stream { id, marks: record.first.saturating_add(marks), at_ns });
        }
        plausible
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    fn record(first: u64, steps: u64, at_s: f64, durations_us: &[u32]) -> StepMarks {
        let at_ns = (at_s * 1e9) as u64;
        StepMarks {
            pid: 7,
            stream: 1,
            first,
            steps,
            at_ns,
            durations_us: durations_us.to_vec(),
            ..StepMarks::default()
        }
    }

    #[test]
    fn what_fits_into_its_time_is_taken() {
        let mut marks = PlausibleMarks::since(100 * SECOND_NS);
        assert!(marks.take(&record(0, 2, 101.0, &[400_000, 600_000])));
        assert!(marks.take(&record(2, 1_000, 101.5, &[500_000])), "several steps a mark");
        assert!(marks.take(&record(400, 2, 103.0, &[1, 2])), "397 marks got lost");
        assert!(marks.take(&record(0, 1, 104.0, &[900_000])), "the script begins anew under the same number");
    }

    #[test]
    fn what_can_not_be_is_refused() {
        let start = record(0, 1, 101.0, &[1_000]);
        for (why, absurd) in [
            ("no marks", record(1, 1, 102.0, &[])),
            ("too many marks", record(1, 1, 102.0, &[1; MOST_DURATIONS + 1])),
            ("durations longer than the time there was", record(1, 1, 102.0, &[900_000, 900_000])),
            ("millions of steps a second", record(1, 3_000_000, 102.0, &[1_000])),
            ("a count that jumps", record(1_000_000_000_000_000_000, 1, 102.0, &[1_000])),
            ("steps out of nowhere", record(1, u64::MAX, 102.0, &[1_000])),
            ("time that goes backwards", record(1, 1, 100.5, &[1_000])),
            ("no time at all", record(1, 100_000, 101.0, &[0])),
        ] {
            let mut marks = PlausibleMarks::since(100 * SECOND_NS);
            assert!(marks.take(&start));
            assert!(!marks.take(&absurd), "{why}");
            assert!(marks.take(&record(1, 1, 102.0, &[1_000])), "{why}: the next one counts");
        }
        assert!(!PlausibleMarks::since(100 * SECOND_NS).take(&record(0, 1, 100.5, &[900_000])), "before its start");
    }

    proptest! {
        #[test]
        fn no_stream_is_faster_than_a_step_a_microsecond(
            records in prop::collection::vec(
                (
                    0_u32..3,
                    prop_oneof![0_u64..2_000, any::<u64>()],
                    prop_oneof![0_u64..2_000, any::<u64>()],
                    prop_oneof![0..20 * SECOND_NS, any::<u64>()],
                    prop::collection::vec(prop_oneof![0_u32..100_000, any::<u32>()], 0..8),
                ),
                0..300,
            ),
        ) {
            let mut marks = PlausibleMarks::since(SECOND_NS);
            let mut taken = std::collections::BTreeMap::<u32, (u128, u128, u64)>::new();
            for (pid, first, steps, at_ns, durations_us) in records {
                let record = StepMarks { pid, first, steps, at_ns, durations_us, ..StepMarks::default() };
                if marks.take(&record) {
                    let (all, count, last_ns) = taken.entry(pid).or_default();
                    *all += u128::from(steps);
                    *count += 1;
                    *last_ns = (*last_ns).max(at_ns);
                    let most = u128::from(last_ns.saturating_sub(SECOND_NS) / 1000) + *count * u128::from(SLACK_US + 8);
                    prop_assert!(*all <= most, "{all} steps in {last_ns} ns");
                }
            }
        }
    }
}
