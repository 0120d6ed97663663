//! Some looks that follow each other, small: the first as it stands in the model that saw it, the others as what is different
//! from the one before, compressed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use crate::data::sample::Sample;
use crate::model::build_scene::Model;
use crate::runs::recording::delta::SampleDelta;
use crate::runs::recording::taken_look;
use crate::runs::recording::taken_look::TakenLook;

/// What it takes to go on from a look.
#[derive(Debug)]
pub(super) struct Checkpoint {
    /// The model before the first look of the segment.
    pub(super) model: Model,
    /// The sample before it.
    before: Arc<Sample>,
}

/// A segment that grows.
#[derive(Debug)]
pub(super) struct SegmentWriter {
    checkpoint: Arc<Checkpoint>,
    looks_ns: Vec<u64>,
    lines: DeflateEncoder<Vec<u8>>,
    /// Bytes before compression.
    raw: usize,
    last: Arc<Sample>,
}

/// A segment as it is kept, or as it was when it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) checkpoint: Arc<Checkpoint>,
    pub(super) looks_ns: Arc<[u64]>,
    lines: Arc<[u8]>,
}

impl SegmentWriter {
    /// Begins before a look: `before` is the sample before it.
    pub(super) fn new(model: Model, before: Arc<Sample>) -> Self {
        let last = before.clone();
        let lines = DeflateEncoder::new(Vec::new(), Compression::fast());
        Self { checkpoint: Arc::new(Checkpoint { model, before }), looks_ns: Vec::new(), lines, raw: 0, last }
    }

    /// One more look.
    ///
    /// # Errors
    /// That it can't be written; then nothing of it is kept.
    pub(super) fn push(&mut self, look: &TakenLook) -> std::io::Result<()> {
        let unshared;
        let line = match look.delta_after(&self.last) {
            Some(line) => line,
            None => {
                unshared = taken_look::json(&self.last, &look.sample).ok_or(std::io::ErrorKind::InvalidData)?;
                &unshared
            }
        };
        self.lines.write_all(line)?;
        self.lines.write_all(b"\n")?;
        self.raw += line.len() + 1;
        self.looks_ns.push(look.sample.at_ns);
        self.last = look.sample.clone();
        Ok(())
    }

    /// Times of its looks.
    pub(super) fn looks_ns(&self) -> &[u64] {
        &self.looks_ns
    }

    /// Bytes of its looks before compression.
    pub(super) fn raw(&self) -> usize {
        self.raw
    }

    /// Bytes of its looks as they are kept; those that the compressor still holds are not among them.
    pub(super) fn bytes(&self) -> usize {
        self.lines.get_ref().len()
    }

    /// The newest look.
    #[cfg(test)]
    pub(super) fn last(&self) -> &Arc<Sample> {
        &self.last
    }

    /// What is in it now.
    pub(super) fn so_far(&mut self) -> std::io::Result<Segment> {
        self.lines.flush()?;
        Ok(self.segment(self.lines.get_ref().as_slice().into()))
    }

    /// Ends it.
    pub(super) fn finish(mut self) -> std::io::Result<Segment> {
        self.lines.try_finish()?;
        let lines = std::mem::take(self.lines.get_mut());
        Ok(self.segment(lines.into()))
    }

    fn segment(&self, lines: Arc<[u8]>) -> Segment {
        Segment { checkpoint: self.checkpoint.clone(), looks_ns: self.looks_ns.as_slice().into(), lines }
    }
}

impl Segment {
    /// Bytes of its looks.
    pub(super) fn bytes(&self) -> usize {
        self.lines.len() + self.looks_ns.len() * size_of::<u64>()
    }

    /// Its samples, from the first one on.
    pub(super) fn reader(&self) -> SegmentReader {
        let lines = BufReader::new(DeflateDecoder::new(SharedBytes { bytes: self.lines.clone(), read: 0 }));
        SegmentReader { lines, line: Vec::new(), before: (*self.checkpoint.before).clone(), next: 0 }
    }
}

/// Reads a segment.
#[derive(Debug)]
pub(super) struct SegmentReader {
    lines: BufReader<DeflateDecoder<SharedBytes>>,
    line: Vec<u8>,
    before: Sample,
    /// The look that comes next.
    pub(super) next: usize,
}

impl SegmentReader {
    /// The same place in a segment that has grown meanwhile.
    pub(super) fn go_on_in(self, segment: &Segment) -> Option<Self> {
        let mut reader = segment.reader();
        for _ in 0..self.next {
            reader.line()?;
        }
        Some(Self { before: self.before, next: self.next, ..reader })
    }

    /// The next sample; none at the end.
    pub(super) fn next(&mut self) -> Option<Sample> {
        self.line()?;
        let delta: SampleDelta = serde_json::from_slice(&self.line).ok()?;
        self.before = delta.upon(&self.before).ok()?;
        self.next += 1;
        Some(self.before.clone())
    }

    fn line(&mut self) -> Option<()> {
        self.line.clear();
        self.lines.read_until(b'\n', &mut self.line).ok()?;
        (self.line.pop() == Some(b'\n')).then_some(())
    }
}

#[derive(Debug)]
struct SharedBytes {
    bytes: Arc<[u8]>,
    read: usize,
}

impl std::io::Read for SharedBytes {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.bytes.get(self.read..).unwrap_or_default().read(into)?;
        self.read += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::families::Families;
    use crate::runs::recorded::tests::watch;

    #[test]
    fn a_segment_gives_its_samples_back_while_it_grows_and_after() {
        let samples = watch(30);
        let mut writer = SegmentWriter::new(Model::new(Families::builtin()), Arc::default());
        let push = |writer: &mut SegmentWriter, sample: &Sample| {
            let look = TakenLook::new(writer.last().clone(), sample.clone());
            writer.push(&look).unwrap();
        };
        samples[..10].iter().for_each(|sample| push(&mut writer, sample));
        let mut reader = writer.so_far().unwrap().reader();
        let first: Vec<Sample> = std::iter::from_fn(|| reader.next()).collect();
        assert_eq!(first, samples[..10]);
        assert!(reader.next().is_none());
        samples[10..].iter().for_each(|sample| push(&mut writer, sample));
        assert_eq!((writer.looks_ns().len(), &**writer.last()), (31, &samples[30]));
        let grown = writer.so_far().unwrap();
        let mut reader = reader.go_on_in(&grown).unwrap();
        let rest: Vec<Sample> = std::iter::from_fn(|| reader.next()).collect();
        assert_eq!(rest, samples[10..]);
        let raw = writer.raw();
        let whole = writer.finish().unwrap();
        assert_eq!(whole.looks_ns.len(), 31);
        assert!(whole.bytes() < raw, "{} of {raw}", whole.bytes());
        let mut reader = whole.reader();
        assert_eq!(std::iter::from_fn(|| reader.next()).collect::<Vec<_>>(), samples);
    }
}
