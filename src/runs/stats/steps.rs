//! Step marks in bounded memory. Streams of one loop that follow one another (an iterator for each epoch) are one line;
//! streams side by side are several. Of a long line, neighbouring marks are merged: sums stay exact, and of the single
//! durations a fair sample stays.

use crate::data::Text;
use crate::data::sample::{StepMarks, StepSource};

/// Lines side by side: marks of more are counted, no more.
const MOST_LINES: usize = 16;
/// Entries of one line; a power of two.
const MOST_ENTRIES: usize = 8192;
/// Streams of a line that a late record is still found by.
const MOST_RECENT: usize = 8;

/// All marks.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepLog {
    lines: Vec<StepSequence>,
    /// Marks for which there was no line.
    dropped: u64,
}

/// Streams that follow one another.
#[derive(Clone, Debug)]
pub(crate) struct StepSequence {
    pid: u32,
    pub source: StepSource,
    /// The loop, where it is known: a loop for validation is another line than the one for training.
    at: Option<Text>,
    name: Option<Text>,
    /// Within the calls, of a tf.function.
    inside_us: u64,
    recent: Vec<u64>,
    pub streams: u32,
    pub marks: u64,
    pub steps: u64,
    pub entries: Vec<StepMark>,
    /// Marks that an entry holds once it is full.
    marks_an_entry: u32,
}

/// One mark, or several neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StepMark {
    /// When the last of them came.
    pub end_ns: u64,
    pub marks: u32,
    pub steps: u64,
    pub sum_us: u64,
    pub least_us: u32,
    pub most_us: u32,
    /// One of them, each with the same chance.
    pub one_us: u32,
}

impl StepLog {
    /// One record. Marks can't have come later than `now_ns`, whatever they say.
    pub fn add(&mut self, record: &StepMarks, now_ns: u64) {
        let marks = record.durations_us.len() as u64;
        if marks == 0 {
            return;
        }
        let end_ns = record.at_ns.min(now_ns);
        let sum_ns: u64 = record.durations_us.iter().map(|&us| u64::from(us) * 1000).sum();
        match self.line(record, end_ns.saturating_sub(sum_ns)) {
            Some(line) => line.add(record, end_ns, sum_ns),
            None => self.dropped = self.dropped.saturating_add(marks),
        }
    }

    /// The line to measure by: Keras's where there is one, for a fit may mark its iterators too; calls of a tf.function where
    /// there is nothing else, of several the one in which most time was spent; else the one with most steps.
    pub fn best(&self) -> Option<&StepSequence> {
        self.lines.iter().max_by_key(|line| (line.source.rank(), line.inside_us, line.steps))
    }

    /// Marks that are not on the best line.
    pub fn left_out(&self) -> u64 {
        let all: u64 = self.lines.iter().map(|line| line.marks).sum();
        all.saturating_add(self.dropped) - self.best().map_or(0, |line| line.marks)
    }

    fn line(&mut self, record: &StepMarks, begin_ns: u64) -> Option<&mut StepSequence> {
        let of = (record.pid, record.source, &record.at, &record.name);
        let same = |line: &StepSequence| (line.pid, line.source, &line.at, &line.name) == of;
        let known = self.lines.iter().position(|line| same(line) && line.recent.contains(&record.stream));
        let follows = |line: &StepSequence| same(line) && line.end_ns() <= begin_ns;
        let place = known.or_else(|| self.lines.iter().position(follows)).or_else(|| {
            (self.lines.len() < MOST_LINES).then(|| {
                self.lines.push(StepSequence::new(record));
                self.lines.len() - 1
            })
        })?;
        self.lines.get_mut(place)
    }
}

impl StepSequence {
    fn new(record: &StepMarks) -> Self {
        Self {
            pid: record.pid,
            source: record.source,
            at: record.at.clone(),
            name: record.name.clone(),
            inside_us: 0,
            recent: Vec::new(),
            streams: 0,
            marks: 0,
            steps: 0,
            entries: Vec::new(),
            marks_an_entry: 1,
        }
    }

    fn end_ns(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.end_ns)
    }

    fn add(&mut self, record: &StepMarks, end_ns: u64, sum_ns: u64) {
        if !self.recent.contains(&record.stream) {
            self.streams += 1;
            if self.recent.len() == MOST_RECENT {
                self.recent.remove(0);
            }
            self.recent.push(record.stream);
        }
        self.inside_us = self.inside_us.saturating_add(record.inside_us.unwrap_or(0).min(sum_ns / 1000));
        let marks = record.durations_us.len() as u64;
        let (mut at_ns, mut steps_before) = (end_ns.saturating_sub(sum_ns), 0);
        for (index, &us) in record.durations_us.iter().enumerate() {
            at_ns = at_ns.saturating_add(u64::from(us) * 1000).min(end_ns);
            // A mark may stand for several steps; 1 where the record says too few.
            let steps_now = (u128::from(record.steps.max(marks)) * (index as u128 + 1) / u128::from(marks)) as u64;
            let at_ns = at_ns.max(self.end_ns());
            self.push(StepMark::mark(at_ns, us, steps_now.saturating_sub(steps_before)));
            steps_before = steps_now;
        }
    }

    fn push(&mut self, mark: StepMark) {
        self.marks += 1;
        self.steps = self.steps.saturating_add(mark.steps);
        let chance = mixed(self.marks);
        match self.entries.last_mut().filter(|entry| entry.marks < self.marks_an_entry) {
            Some(entry) => *entry = entry.merged(&mark, chance),
            None => self.entries.push(mark),
        }
        if self.entries.len() == MOST_ENTRIES && self.entries.last().is_some_and(|e| e.marks == self.marks_an_entry) {
            let merged = self.entries.chunks_exact(2).enumerate();
            self.entries = merged.map(|(at, pair)| pair[0].merged(&pair[1], mixed(chance ^ at as u64))).collect();
            self.marks_an_entry = self.marks_an_entry.saturating_mul(2);
        }
    }
}

impl StepMark {
    fn mark(end_ns: u64, us: u32, steps: u64) -> Self {
        Self { end_ns, marks: 1, steps, sum_us: u64::from(us), least_us: us, most_us: us, one_us: us }
    }

    fn merged(&self, next: &Self, chance: u64) -> Self {
        let marks = self.marks.saturating_add(next.marks);
        let of_next = chance % u64::from(marks) < u64::from(next.marks);
        Self {
            end_ns: next.end_ns,
            marks,
            steps: self.steps.saturating_add(next.steps),
            sum_us: self.sum_us.saturating_add(next.sum_us),
            least_us: self.least_us.min(next.least_us),
            most_us: self.most_us.max(next.most_us),
            one_us: if of_next { next.one_us } else { self.one_us },
        }
    }

    /// Training steps a mark.
    pub fn steps_a_mark(&self) -> f64 {
        self.steps.max(1) as f64 / f64::from(self.marks.max(1))
    }
}

/// Scrambles a number (the finaliser of splitmix64), so that what stays of merged marks follows no pattern of theirs.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn record(source: StepSource, stream: u64, at_s: u64, durations_us: Vec<u32>) -> StepMarks {
        let steps = durations_us.len() as u64;
        StepMarks {
            pid: 7,
            source,
            stream,
            first: 0,
            steps,
            at_ns: at_s * SECOND,
            durations_us,
            ..StepMarks::default()
        }
    }

    #[test]
    fn iterators_that_follow_one_another_are_one_line_and_those_side_by_side_are_not() {
        let mut steps = StepLog::default();
        steps.add(&record(StepSource::Iterator, 1, 2, vec![400_000; 2]), 100 * SECOND);
        steps.add(&record(StepSource::Iterator, 2, 4, vec![500_000; 3]), 100 * SECOND);
        steps.add(&record(StepSource::Iterator, 3, 4, vec![500_000; 2]), 100 * SECOND);
        let validation =
            StepMarks { at: Some("train.py:9".into()), ..record(StepSource::Iterator, 4, 5, vec![100_000; 4]) };
        steps.add(&validation, 100 * SECOND);
        let best = steps.best().unwrap();
        assert_eq!((best.streams, best.steps, steps.left_out()), (2, 5, 6));
    }

    #[test]
    fn keras_is_preferred_even_with_fewer_steps() {
        let mut steps = StepLog::default();
        steps.add(&record(StepSource::Iterator, 1, 3, vec![1000; 9]), 100 * SECOND);
        steps.add(&record(StepSource::Keras, 1, 3, vec![9000; 2]), 100 * SECOND);
        assert_eq!(steps.best().unwrap().source, StepSource::Keras);
    }

    #[test]
    fn calls_of_a_function_count_where_nothing_else_does_and_the_one_with_most_time_within() {
        let call = |name: &str, steps, inside_us| StepMarks {
            name: Some(name.into()),
            inside_us: Some(inside_us),
            ..record(StepSource::Function, 1, 3, vec![1000; steps])
        };
        let mut steps = StepLog::default();
        steps.add(&call("normalize", 90, 100), 100 * SECOND);
        steps.add(&StepMarks { stream: 2, ..call("train", 30, 20_000) }, 100 * SECOND);
        assert_eq!(steps.best().unwrap().name.as_deref(), Some("train"));
        steps.add(&record(StepSource::Iterator, 3, 3, vec![9000; 2]), 100 * SECOND);
        assert_eq!(steps.best().unwrap().source, StepSource::Iterator);
    }

    #[test]
    fn a_long_line_stays_short_and_its_sums_stay_exact() {
        let mut steps = StepLog::default();
        let (records, marks) = (500_u64, 100_u64);
        for second in 1..=records {
            let durations_us = (0..marks).map(|mark| if mark % 2 == 0 { 1000 } else { 3000 }).collect();
            steps.add(&record(StepSource::Keras, 1, second, durations_us), 1000 * SECOND);
        }
        let line = steps.best().unwrap();
        assert!(line.entries.len() <= MOST_ENTRIES);
        let total: u64 = line.entries.iter().map(|entry| entry.sum_us).sum();
        assert_eq!((line.steps, total), (records * marks, records * marks * 2000));
        let slow = line.entries.iter().filter(|entry| entry.one_us == 3000).count();
        let share = slow as f64 / line.entries.len() as f64;
        assert!((0.47..0.53).contains(&share), "a sample that follows the pattern: {share}");
        assert!(line.entries.iter().all(|entry| (entry.least_us, entry.most_us) == (1000, 3000)));
    }

    #[test]
    fn garbage_has_bounds() {
        let mut steps = StepLog::default();
        for stream in 0..100 {
            let bad =
                StepMarks { steps: u64::MAX, at_ns: u64::MAX, ..record(StepSource::Keras, stream, 0, vec![u32::MAX]) };
            steps.add(&bad, SECOND);
        }
        assert!(steps.lines.len() <= MOST_LINES);
        assert!(steps.best().unwrap().entries.iter().all(|entry| entry.end_ns <= SECOND));
        steps.add(&record(StepSource::Keras, 1, 5, Vec::new()), 9 * SECOND);
    }
}
