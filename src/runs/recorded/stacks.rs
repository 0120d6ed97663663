//! The stacks of a recording: those that were taken at a moment or before it, the newest first. Read member by member, and no
//! further back than somebody asks for.

use std::collections::VecDeque;

use crate::data::sample::TakenStacks;
use crate::runs::recorded::Recorded;
use crate::runs::recording::reader::RecordingError;

/// Entries of one member that are kept while it is read: the newest.
const MOST_ENTRIES: usize = 64;
/// Members that are read at most.
const MOST_MEMBERS: usize = 256;

/// Goes back through the stacks of a recording.
#[derive(Debug)]
pub struct StacksBefore<'a> {
    recorded: &'a Recorded,
    /// The instant in nanoseconds since boot.
    at_ns: u64,
    /// The oldest first.
    found: VecDeque<TakenStacks>,
    /// The last look that was not read yet and may have stacks.
    next: Option<usize>,
    members: usize,
    trouble: Option<String>,
}

impl Recorded {
    /// Stacks that were taken at an instant or before it, in nanoseconds since boot.
    pub fn stacks_before(&self, at_ns: u64) -> StacksBefore<'_> {
        let next = Some(self.outline.look_at(at_ns));
        StacksBefore { recorded: self, at_ns, found: VecDeque::new(), next, members: 0, trouble: None }
    }
}

impl StacksBefore<'_> {
    /// Why some may be missing.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Reads the member of a look up to that look. The last look before that member that has stacks.
    fn read_member(&mut self, last: usize) -> Result<Option<usize>, RecordingError> {
        let outline = &self.recorded.outline;
        let (first, mut reader) = self.recorded.reader_before(last)?;
        let mut before_ns = None;
        while let Some(look) = reader.next_stacks(last + 1) {
            before_ns = before_ns.or(look.stacks_before_ns);
            for entry in look.stacks.into_iter().filter(|entry| entry.at_ns <= self.at_ns) {
                match entry.into_taken() {
                    Ok(taken) => self.found.push_back(taken),
                    Err(why) => self.trouble = Some(why),
                }
            }
            self.found.drain(..self.found.len().saturating_sub(MOST_ENTRIES));
        }
        self.members += 1;
        // A look of this member again, or a later one, is what no tftop writes.
        Ok(before_ns.map(|before_ns| outline.look_at(before_ns)).filter(|&before| before < first))
    }
}

impl Iterator for StacksBefore<'_> {
    type Item = TakenStacks;

    fn next(&mut self) -> Option<TakenStacks> {
        loop {
            if let Some(taken) = self.found.pop_back() {
                return Some(taken);
            }
            let last = self.next.take().filter(|_| self.members < MOST_MEMBERS)?;
            match self.read_member(last) {
                Ok(before) => self.next = before,
                Err(why) => self.trouble = Some(why.to_string()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::recorded::tests::{opened, watch};
    use crate::runs::recording::format::RecordingHeader;
    use crate::runs::recording::stacks::tests::taken;
    use crate::runs::recording::writer::RecordingWriter;

    const SECOND: u64 = 1_000_000_000;
    /// [`watch`] begins there.
    const BEGIN: u64 = 100 * SECOND;

    /// Stacks of thread 7 half a second before the looks of these seconds.
    fn tape(seconds: u64, with_stacks: &[u64]) -> Vec<u8> {
        let mut tape = Vec::new();
        let mut writer = RecordingWriter::new(&mut tape, RecordingHeader::new(0, BEGIN), u64::MAX).unwrap();
        for (second, sample) in (0..).zip(watch(seconds)) {
            if with_stacks.contains(&second) {
                writer.add_stacks(&taken(BEGIN + second * SECOND - SECOND / 2, [7]));
            }
            writer.write(sample).unwrap();
        }
        writer.finish().unwrap();
        tape
    }

    /// The seconds of the looks behind those found.
    fn found(tape: &[u8], second: u64) -> Vec<u64> {
        let recorded = opened(tape).unwrap();
        let found: Vec<TakenStacks> = recorded.stacks_before(BEGIN + second * SECOND).collect();
        assert!(found.iter().all(|found| found.stacks == taken(0, [7]).stacks));
        found.iter().map(|found| (found.at_ns - BEGIN).div_ceil(SECOND)).collect()
    }

    #[test]
    fn stacks_are_found_from_any_moment_behind_them_across_members() {
        let tape = tape(2_000, &[3, 4, 700, 1_500]);
        for (second, expected) in [
            (2_000, &[1_500, 700, 4, 3][..]),
            (1_500, &[1_500, 700, 4, 3]),
            (1_499, &[700, 4, 3]),
            (700, &[700, 4, 3]),
            (300, &[4, 3]),
            (3, &[3]),
            (2, &[]),
        ] {
            assert_eq!(found(&tape, second), expected, "{second}");
        }
        let recorded = opened(&tape).unwrap();
        let mut going = recorded.stacks_before(u64::MAX);
        assert!(going.next().is_some() && going.members <= 2, "only what is asked for is read: {}", going.members);
    }

    #[test]
    fn who_does_not_know_stacks_reads_the_same_looks() {
        let (with, without) = (tape(300, &[3, 200]), tape(300, &[]));
        let samples = |tape: &[u8]| opened(tape).unwrap().reader().unwrap().collect::<Vec<_>>();
        assert_eq!(samples(&with), samples(&without));
        assert!(found(&without, 300).is_empty());
    }

    #[test]
    fn cut_or_damaged_it_gives_what_is_left() {
        let tape = tape(600, &[3, 200, 590]);
        let mut random = fastrand::Rng::with_seed(11);
        let mut some = 0;
        for _ in 0..60 {
            let mut bytes = tape.clone();
            match random.bool() {
                true => bytes.truncate(random.usize(..tape.len())),
                false => (0..3).for_each(|_| bytes[random.usize(..tape.len())] ^= 1 << random.u32(..8)),
            }
            let Ok(recorded) = opened(&bytes) else { continue };
            some += recorded.stacks_before(u64::MAX).take(9).count();
        }
        assert!(some > 20, "only {some} were found: nothing was tried");
    }

    #[test]
    fn thinned_looks_keep_their_stacks_for_the_next_one() {
        let mut tape = Vec::new();
        let mut writer = RecordingWriter::new(&mut tape, RecordingHeader::new(0, BEGIN), 40_000).unwrap();
        for (second, sample) in (0..).zip(watch(3_000)) {
            if second == 2_501 {
                writer.add_stacks(&taken(BEGIN + second * SECOND, [7]));
            }
            writer.write(sample).unwrap();
        }
        let stats = writer.finish().unwrap();
        assert!(stats.thinned > 100 && !stats.full, "{stats:?}");
        assert_eq!(found(&tape, 3_000), [2_501]);
    }
}
