//! When the looks of a recording were taken, and how it ends: what has to be known before one of its moments can be found.

use std::io::Read;

use crate::runs::recording::format::RecordingHeader;
use crate::runs::recording::reader::{RecordingEnd, RecordingError, RecordingReader};

/// Looks that are found at most: a writer stops sooner, because its recording is full.
const MOST_LOOKS: usize = 1 << 22;

/// The outline of a recording that has one look at least.
#[derive(Clone, Debug)]
pub(crate) struct RecordingOutline {
    pub(crate) header: RecordingHeader,
    /// Nanoseconds since boot of each look, never falling.
    pub(crate) looks_ns: Vec<u64>,
    pub(crate) end: RecordingEnd,
}

impl RecordingOutline {
    /// Reads all of it once; of each look its time alone.
    ///
    /// # Errors
    /// That it is no recording, or one without a single look.
    pub(crate) fn read(tape: impl Read) -> Result<Self, RecordingError> {
        let mut reader = RecordingReader::open(tape)?;
        let header = reader.header().clone();
        let mut looks_ns: Vec<u64> = Vec::new();
        let end = loop {
            match reader.next_time() {
                Some(_) if looks_ns.len() >= MOST_LOOKS => {
                    break RecordingEnd::Broken("it holds more looks than any tftop writes".to_owned());
                }
                Some(at_ns) => looks_ns.push(looks_ns.last().map_or(at_ns, |&before| before.max(at_ns))),
                None => break reader.end().cloned().unwrap_or(RecordingEnd::Cut),
            }
        };
        if looks_ns.is_empty() {
            return Err(RecordingError::NoTape);
        }
        Ok(Self { header, looks_ns, end })
    }

    /// The last look at this instant or before it; the first one where there is none.
    pub(crate) fn look_at(&self, at_ns: u64) -> usize {
        self.looks_ns.partition_point(|&look| look <= at_ns).saturating_sub(1)
    }

    /// When a look was taken; a number behind the last one is the last one.
    pub(crate) fn time(&self, look: usize) -> u64 {
        self.looks_ns.get(look).or(self.looks_ns.last()).copied().unwrap_or_default()
    }

    /// Leaves out looks from this one on, which make no sense.
    pub(crate) fn ends_before(&mut self, look: usize, end: RecordingEnd) {
        self.looks_ns.truncate(look);
        self.end = end;
    }
}
