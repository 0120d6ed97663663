//! The newest looks at a live target, in bounded memory: segments of small looks, each with the model that saw its first one.
//! Beyond [`LIMIT`] bytes the oldest minutes go (`cargo bench --bench history` measures what an hour takes).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::data::sample::Sample;
use crate::model::build_scene::Model;
use crate::runs::history::segment::{Segment, SegmentWriter};
use crate::runs::recording::taken_look::TakenLook;

/// Most memory of all looks together, in bytes.
pub const LIMIT: usize = 24 << 20;
/// Looks of a segment: so many are judged again at most before one of them is shown.
pub(super) const LOOKS: usize = 128;
/// Bytes of a segment before compression: what was last written is kept as it is until it is compressed.
const RAW: usize = 8 << 20;
/// What a model and a sample take, about: without threads, and for each thread. Their texts are shared by all of them.
const MODEL: usize = 96 << 10;
const THREAD: usize = 640;
/// What a compressor takes.
const COMPRESSOR: usize = 512 << 10;

/// The looks that are in memory.
#[derive(Debug)]
pub struct LiveHistory {
    segments: VecDeque<Kept>,
    newest: Option<SegmentWriter>,
    /// Bytes of the newest one's checkpoint.
    checkpoint: usize,
    limit: usize,
    forgot: bool,
}

#[derive(Debug)]
struct Kept {
    segment: Segment,
    bytes: usize,
}

/// One history, for the thread that fills it and the one that shows it.
#[derive(Clone, Debug)]
pub struct SharedHistory(Arc<Mutex<LiveHistory>>);

impl SharedHistory {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "a history is of a target")]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(LiveHistory::new(LIMIT))))
    }

    #[cfg(test)]
    pub(super) fn of(history: LiveHistory) -> Self {
        Self(Arc::new(Mutex::new(history)))
    }

    /// For a moment: looks wait meanwhile, but not whoever takes them.
    pub fn lock(&self) -> MutexGuard<'_, LiveHistory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LiveHistory {
    pub(super) fn new(limit: usize) -> Self {
        Self { segments: VecDeque::new(), newest: None, checkpoint: 0, limit, forgot: false }
    }

    /// One more look. `model` is the one before it saw the look: with it a new segment begins. Without it the look stands in the newest
    /// segment, or is not kept where there is none.
    pub fn take(&mut self, look: &TakenLook, model: Option<Model>) {
        if let Some(model) = model {
            self.end_segment();
            self.checkpoint = MODEL + threads(&look.sample) * THREAD;
            self.newest = Some(SegmentWriter::new(model, look.before().clone()));
        }
        // A look that can't be written would make those behind it wrong.
        if self.newest.as_mut().is_some_and(|newest| newest.push(look).is_err()) {
            self.newest = None;
        }
        self.make_room();
    }

    /// Whether the next look should begin a new segment.
    pub fn is_full(&self) -> bool {
        let full =
            |newest: &SegmentWriter| newest.looks_ns().len() >= LOOKS || newest.raw() >= RAW.max(self.checkpoint);
        self.newest.as_ref().is_none_or(full)
    }

    /// Takes a sample in as a look after the newest one.
    #[cfg(test)]
    pub(crate) fn keep(&mut self, model: &Model, sample: &Arc<Sample>, learnt: bool) {
        let before = self.newest.as_ref().map(|newest| newest.last().clone()).unwrap_or_default();
        let look = TakenLook::new(before, sample.clone());
        let begins = learnt || self.is_full();
        self.take(&look, begins.then(|| model.clone()));
    }

    /// Bytes of memory it takes, about.
    pub fn bytes(&self) -> usize {
        let newest = self.newest.as_ref().map_or(0, |newest| newest.bytes() + COMPRESSOR + self.checkpoint);
        newest + self.segments.iter().map(|kept| kept.bytes).sum::<usize>()
    }

    /// Whether looks were forgotten.
    pub(super) fn forgot(&self) -> bool {
        self.forgot
    }

    /// Times of the looks in memory, nanoseconds since boot.
    pub fn looks_ns(&self) -> Vec<u64> {
        let kept = self.segments.iter().flat_map(|kept| kept.segment.looks_ns.iter());
        kept.chain(self.newest.iter().flat_map(SegmentWriter::looks_ns)).copied().collect()
    }

    /// The segment with the last look at this instant or before it; none where all are later.
    pub(super) fn segment_at(&mut self, at_ns: u64) -> Option<Segment> {
        let begins_before = |looks_ns: &[u64]| looks_ns.first().is_some_and(|&first| first <= at_ns);
        if let Some(newest) = self.newest.as_mut().filter(|newest| begins_before(newest.looks_ns())) {
            return newest.so_far().ok();
        }
        let kept = self.segments.iter().rev().find(|kept| begins_before(&kept.segment.looks_ns));
        kept.map(|kept| kept.segment.clone())
    }

    fn end_segment(&mut self) {
        let ended = self.newest.take().filter(|newest| !newest.looks_ns().is_empty()).map(SegmentWriter::finish);
        if let Some(Ok(segment)) = ended {
            let bytes = segment.bytes() + self.checkpoint;
            self.segments.push_back(Kept { segment, bytes });
        }
    }

    fn make_room(&mut self) {
        while self.bytes() > self.limit && self.segments.pop_front().is_some() {
            self.forgot = true;
        }
    }
}

fn threads(sample: &Sample) -> usize {
    sample.processes.iter().map(|process| process.threads.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::families::Families;
    use crate::runs::recorded::tests::watch;

    #[test]
    fn what_there_is_no_room_for_goes_oldest_first() {
        let mut history = LiveHistory::new(COMPRESSOR + 4 * (MODEL + 2 * THREAD) + (1 << 14));
        let mut model = Model::new(Families::builtin());
        let samples = watch(2_000);
        for sample in samples.iter().cloned().map(Arc::new) {
            history.keep(&model, &sample, false);
            model.next(sample);
            assert!(history.bytes() <= history.limit);
        }
        let looks = history.looks_ns();
        assert!(history.forgot() && looks.len() > 2 * LOOKS && looks.len() < samples.len(), "{}", looks.len());
        assert!(looks.iter().eq(samples[samples.len() - looks.len()..].iter().map(|sample| &sample.at_ns)));
        assert!(history.segment_at(looks[0] - 1).is_none());
        assert_eq!(history.segment_at(looks[0]).unwrap().looks_ns[0], looks[0]);
    }
}
