//! Writes a recording: one compressed line a sample. What was written up to some two seconds ago can be read, whatever ends the
//! writer. A long run stays below the size limit because ever fewer of its samples are written; its step marks all are.

use std::io;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::data::sample::{LaunchSample, Sample, StepMarks};
use crate::runs::recording::delta::SampleDelta;
use crate::runs::recording::format::{LONGEST_LINE, RecordingHeader, RecordingLine, RecordingStats};
use crate::runs::recording::size::fits;

/// How long what was written may stay in the compressor's memory.
const FLUSH_NS: u64 = 2_000_000_000;
/// Fewer samples than one of these are of no use to anybody.
const LARGEST_STRIDE: u32 = 1 << 10;
/// Durations that may wait for the next sample that is written.
const MOST_WAITING: usize = 100_000;

/// A recording that is being written.
#[derive(Debug)]
pub struct RecordingWriter<W: Write> {
    out: GzEncoder<Counted<W>>,
    line: Vec<u8>,
    /// The sample that the next one is compared with.
    before: Sample,
    flushed_ns: u64,
    limit: u64,
    /// From so many bytes on the stride is doubled.
    thins_at: u64,
    stride: u32,
    /// Left out since the last one written: the last of them, and the marks of all.
    skipped: Option<Sample>,
    waiting: Vec<StepMarks>,
    seen: u64,
    stats: RecordingStats,
}

impl<W: Write> RecordingWriter<W> {
    /// Begins a recording of at most about so many bytes.
    pub fn new(out: W, header: RecordingHeader, limit: u64) -> io::Result<Self> {
        let out = GzEncoder::new(Counted { out, bytes: 0 }, Compression::fast());
        let mut writer = Self {
            out,
            line: Vec::new(),
            before: Sample::default(),
            flushed_ns: 0,
            limit,
            thins_at: limit / 2,
            stride: 1,
            skipped: None,
            waiting: Vec::new(),
            seen: 0,
            stats: RecordingStats::default(),
        };
        writer.put(&RecordingLine::Tape(header))?;
        writer.out.flush()?;
        Ok(writer)
    }

    /// One more sample. After an error the recording is not to be written to any more.
    pub fn write(&mut self, sample: Sample) -> io::Result<()> {
        if self.stats.full {
            self.stats.lost += 1;
            return Ok(());
        }
        self.seen += 1;
        let waiting: usize = self.waiting.iter().map(|marks| marks.durations_us.len()).sum();
        if !self.seen.is_multiple_of(u64::from(self.stride)) && waiting < MOST_WAITING {
            self.skip(sample);
            return Ok(());
        }
        self.write_look(sample)?;
        self.thin()
    }

    /// A sample that came to nothing before it reached the writer.
    pub fn lose(&mut self, looks: u64) {
        self.stats.lost = self.stats.lost.saturating_add(looks);
    }

    /// Writes what still waits and the last line.
    pub fn finish(mut self) -> io::Result<RecordingStats> {
        if let Some(last) = self.skipped.take() {
            self.stats.thinned -= 1;
            // Its marks wait already.
            let launch = last.launch.map(|launch| LaunchSample { marks: Vec::new(), ..launch });
            self.write_look(Sample { launch, ..last })?;
        }
        self.put(&RecordingLine::End(self.stats.clone()))?;
        self.out.try_finish()?;
        self.out.get_mut().flush()?;
        Ok(self.stats)
    }

    fn skip(&mut self, sample: Sample) {
        self.stats.thinned += 1;
        self.waiting.extend(sample.launch.iter().flat_map(|launch| launch.marks.iter().cloned()));
        self.skipped = Some(sample);
    }

    fn write_look(&mut self, mut sample: Sample) -> io::Result<()> {
        self.skipped = None;
        if let Some(launch) = sample.launch.as_mut().filter(|_| !self.waiting.is_empty()) {
            self.waiting.append(&mut launch.marks);
            launch.marks = std::mem::take(&mut self.waiting);
        }
        let at_ns = sample.at_ns;
        let look = RecordingLine::Look(Box::new(SampleDelta::between(&self.before, &sample)));
        if !fits(&sample) || !self.put(&look)? {
            self.stats.lost += 1;
            return Ok(());
        }
        self.stats.looks += 1;
        self.before = sample;
        if at_ns.saturating_sub(self.flushed_ns) >= FLUSH_NS {
            self.flushed_ns = at_ns;
            self.out.flush()?;
        }
        Ok(())
    }

    /// Whether the line is short enough; one that is too long is not written.
    fn put(&mut self, line: &RecordingLine) -> io::Result<bool> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        let fits = self.line.len() <= LONGEST_LINE;
        if fits {
            self.out.write_all(&self.line)?;
        }
        Ok(fits)
    }

    /// Half the limit takes every sample, half of what is left every other one, and so on.
    fn thin(&mut self) -> io::Result<()> {
        let bytes = self.out.get_ref().bytes;
        if bytes < self.thins_at {
            return Ok(());
        }
        if self.stride >= LARGEST_STRIDE {
            self.stats.full = true;
            return Ok(());
        }
        self.stride *= 2;
        self.thins_at += (self.limit - self.thins_at.min(self.limit)) / 2;
        self.put(&RecordingLine::Thinned(self.stride)).map(drop)
    }
}

/// Bytes that went out.
#[derive(Debug)]
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
