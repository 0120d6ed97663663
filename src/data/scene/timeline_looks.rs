//! A look of a course, and many of them in a row that grow at their end: a copy of these shares all but the newest.

use std::sync::Arc;

use crate::data::scene::{Demand, Verdict};

/// Looks that are shared together.
const CHUNK: usize = 256;

/// One look, or some that follow each other: then the one that wanted most, with the worst that is true of any of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TimelineLook {
    /// Nanoseconds since boot of the first of them.
    pub at_ns: u64,
    /// What the whole target got and wanted; none until there were two samples.
    pub demand: Option<(f32, f32)>,
    /// CPUs it could use.
    pub cpus: f32,
    /// The verdict.
    pub verdict: Verdict,
    /// Whether a group had more threads than its limit, or a cap was exceeded.
    pub over_limit: bool,
}

/// Looks by rising time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimelineLooks {
    /// Each of [`CHUNK`] looks.
    chunks: Arc<Vec<Arc<[TimelineLook]>>>,
    /// Fewer than that.
    newest: Vec<TimelineLook>,
}

impl TimelineLook {
    /// The look of a scene without the time before its second sample.
    pub fn new(at_ns: u64, demand: Option<Demand>, cpus: f64) -> Self {
        let demand = demand.map(|demand| (demand.got as f32, demand.wanted as f32));
        Self { at_ns, demand, cpus: cpus as f32, verdict: Verdict::default(), over_limit: false }
    }

    /// Both as one.
    #[must_use]
    pub fn with(self, next: Self) -> Self {
        let wanted = |look: &Self| look.demand.map_or(-1.0, |(_, wanted)| wanted);
        let most = if wanted(&next) > wanted(&self) { next } else { self };
        let worst = self.verdict.level().max(next.verdict.level());
        let verdict = if self.verdict.level() == worst { self.verdict } else { next.verdict };
        Self { at_ns: self.at_ns, verdict, over_limit: self.over_limit || next.over_limit, ..most }
    }
}

impl TimelineLooks {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.chunks.len() * CHUNK + self.newest.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The look with this number, counted from 0.
    pub fn get(&self, at: usize) -> Option<&TimelineLook> {
        match self.chunks.get(at / CHUNK) {
            Some(chunk) => chunk.get(at % CHUNK),
            None => self.newest.get(at.checked_sub(self.chunks.len() * CHUNK)?),
        }
    }

    /// The first.
    pub fn first(&self) -> Option<&TimelineLook> {
        self.get(0)
    }

    /// The last.
    pub fn last(&self) -> Option<&TimelineLook> {
        self.get(self.len().checked_sub(1)?)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &TimelineLook> + Clone {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).chain(&self.newest)
    }

    /// How many are at this instant or before it, nanoseconds since boot.
    pub fn until(&self, at_ns: u64) -> usize {
        let chunks = self.chunks.partition_point(|chunk| chunk.first().is_some_and(|look| look.at_ns <= at_ns));
        let (before, last) = match chunks.checked_sub(1) {
            Some(before) if self.newest.first().is_none_or(|look| look.at_ns > at_ns) => {
                (before, self.chunks.get(before).map(|chunk| &**chunk))
            }
            _ => (chunks, Some(self.newest.as_slice())),
        };
        before * CHUNK + last.map_or(0, |looks| looks.partition_point(|look| look.at_ns <= at_ns))
    }

    /// One more behind them.
    pub fn push(&mut self, look: TimelineLook) {
        self.newest.push(look);
        if self.newest.len() == CHUNK {
            let chunk = std::mem::take(&mut self.newest).into();
            Arc::make_mut(&mut self.chunks).push(chunk);
        }
    }

    /// Puts the last one and this one together; alone it is the first.
    pub fn add_to_last(&mut self, look: TimelineLook) {
        if self.newest.is_empty()
            && let Some(chunk) = Arc::make_mut(&mut self.chunks).pop()
        {
            self.newest = chunk.to_vec();
        }
        match self.newest.pop() {
            Some(last) => self.push(last.with(look)),
            None => self.push(look),
        }
    }
}

impl FromIterator<TimelineLook> for TimelineLooks {
    fn from_iter<I: IntoIterator<Item = TimelineLook>>(looks: I) -> Self {
        let mut all = Self::default();
        looks.into_iter().for_each(|look| all.push(look));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(at: usize) -> TimelineLook {
        TimelineLook { at_ns: 10 * at as u64, ..TimelineLook::default() }
    }

    #[test]
    fn whatever_their_number_they_are_found_as_in_a_row() {
        for count in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7] {
            let row: Vec<TimelineLook> = (0..count).map(look).collect();
            let looks: TimelineLooks = row.iter().copied().collect();
            assert_eq!((looks.len(), looks.is_empty()), (count, count == 0));
            assert!(looks.iter().eq(&row) && (looks.first(), looks.last()) == (row.first(), row.last()), "{count}");
            for at in 0..count + 2 {
                assert_eq!(looks.get(at), row.get(at), "{at} of {count}");
                for at_ns in [10 * at as u64, (10 * at as u64).saturating_sub(1), 10 * at as u64 + 1] {
                    let until = row.partition_point(|look| look.at_ns <= at_ns);
                    assert_eq!(looks.until(at_ns), until, "{at_ns} of {count}");
                }
            }
        }
    }

    #[test]
    fn a_copy_stays_as_it_was_and_shares_what_is_old() {
        let mut looks: TimelineLooks = (0..2 * CHUNK).map(look).collect();
        let copy = looks.clone();
        looks.add_to_last(look(9_999));
        looks.push(look(10_000));
        assert_eq!((copy.len(), copy.last()), (2 * CHUNK, Some(&look(2 * CHUNK - 1))));
        assert_eq!((looks.len(), looks.last()), (2 * CHUNK + 1, Some(&look(10_000))));
        assert!(Arc::ptr_eq(&copy.chunks[0], &looks.chunks[0]));
        let mut one = TimelineLooks::default();
        one.add_to_last(look(3));
        one.add_to_last(look(4));
        assert_eq!((one.len(), one.last()), (1, Some(&look(3))), "together they begin where the first did");
    }
}
