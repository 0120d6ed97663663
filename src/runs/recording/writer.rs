//! Writes a recording: one compressed line a sample. What was written up to some two seconds ago can be read, whatever ends the
//! writer. A long run stays below the size limit because ever fewer of its samples are written; its step marks all are.

use std::io;
use std::io::Write;
use std::mem::take;
use std::sync::Arc;

use crate::data::sample::{Sample, StepMarks, TakenStacks};
use crate::runs::recording::delta::SampleDelta;
use crate::runs::recording::format::{LONGEST_LINE, RecordingHeader, RecordingLine, RecordingStats};
use crate::runs::recording::member::MemberWriter;
use crate::runs::recording::size::fits;
use crate::runs::recording::stacks::StacksQueue;
use crate::runs::recording::taken_look::TakenLook;

/// How long what was written may stay in the compressor's memory before the next look is handed on with it: looks a second apart
/// are then written two by two, however late one comes.
const FLUSH_NS: u64 = 1_500_000_000;
/// Fewer samples than one of these are of no use to anybody.
const LARGEST_STRIDE: u32 = 1 << 10;
/// Durations that may wait for the next sample that is written.
const MOST_WAITING: usize = 100_000;

/// A recording that is being written.
#[derive(Debug)]
pub struct RecordingWriter<W: Write> {
    out: MemberWriter<W>,
    line: Vec<u8>,
    /// The sample that the next one is compared with.
    before: Arc<Sample>,
    flushed_ns: u64,
    limit: u64,
    /// From so many bytes on the stride is doubled.
    thins_at: u64,
    stride: u32,
    /// Left out since the last one written: the last of them, and the marks of all.
    skipped: Option<Arc<TakenLook>>,
    waiting: Vec<StepMarks>,
    stacks: StacksQueue,
    seen: u64,
    stats: RecordingStats,
}

impl<W: Write> RecordingWriter<W> {
    /// Begins a recording of at most about so many bytes.
    pub fn new(out: W, header: RecordingHeader, limit: u64) -> io::Result<Self> {
        let mut writer = Self {
            out: MemberWriter::new(out),
            line: Vec::new(),
            before: Arc::default(),
            flushed_ns: 0,
            limit,
            thins_at: limit / 2,
            stride: 1,
            skipped: None,
            waiting: Vec::new(),
            stacks: StacksQueue::new(limit),
            seen: 0,
            stats: RecordingStats::default(),
        };
        writer.put(&RecordingLine::Tape(header))?;
        writer.out.flush()?;
        Ok(writer)
    }

    /// What is on it so far.
    pub fn stats(&self) -> &RecordingStats {
        &self.stats
    }

    /// Bytes of it that left the compressor.
    pub fn bytes(&self) -> u64 {
        self.out.bytes()
    }

    /// Marks of samples that came to nothing before they reached the writer.
    pub fn add_marks(&mut self, mut marks: Vec<StepMarks>) {
        self.waiting.append(&mut marks);
    }

    /// Stacks that were taken: they go with the next look.
    pub fn add_stacks(&mut self, taken: &TakenStacks) {
        self.stacks.add(taken);
        self.stats.stacks_left_out = self.stacks.left_out;
    }

    /// One more sample, as the look after the one that was written last. After an error the recording is not to be written to any
    /// more.
    pub fn write(&mut self, sample: impl Into<Arc<Sample>>) -> io::Result<()> {
        self.write_taken(Arc::new(TakenLook::new(self.before.clone(), sample)))
    }

    /// The same of a look that others keep as well.
    pub fn write_taken(&mut self, look: Arc<TakenLook>) -> io::Result<()> {
        if self.stats.full {
            self.stats.lost += 1;
            return Ok(());
        }
        self.seen += 1;
        self.waiting.extend(look.sample.launch.iter().flat_map(|launch| launch.marks.iter().cloned()));
        let waiting: usize = self.waiting.iter().map(|marks| marks.durations_us.len()).sum();
        if !self.seen.is_multiple_of(u64::from(self.stride)) && waiting < MOST_WAITING {
            self.stats.thinned += 1;
            self.skipped = Some(look);
            return Ok(());
        }
        self.write_look(&look)?;
        self.thin()
    }

    /// Writes what still waits and the last line.
    pub fn finish(mut self) -> io::Result<RecordingStats> {
        if let Some(last) = self.skipped.take() {
            self.stats.thinned -= 1;
            self.write_look(&last)?;
        }
        self.put(&RecordingLine::End(self.stats.clone()))?;
        self.out.finish()?;
        Ok(self.stats)
    }

    fn write_look(&mut self, look: &TakenLook) -> io::Result<()> {
        self.skipped = None;
        let sample = &look.sample;
        let at_ns = sample.at_ns;
        let begins = self.out.is_long();
        let marks = if sample.launch.is_some() { take(&mut self.waiting) } else { Vec::new() };
        let stacks = self.stacks.next();
        let has_stacks = !stacks.is_empty();
        let is_plain = !begins && !has_stacks && sample.launch.as_ref().is_none_or(|launch| launch.marks == marks);
        let is_short = match if is_plain { look.delta_after(&self.before) } else { None } {
            Some(delta) => {
                let parts: [&[u8]; 3] = [br#"{"look":"#, delta, b"}\n"];
                self.line.clear();
                parts.iter().for_each(|part| self.line.extend_from_slice(part));
                self.line.len() <= LONGEST_LINE
            }
            None => {
                let empty = Sample::default();
                let delta = SampleDelta::between(if begins { &empty } else { &self.before }, sample);
                let before_ns = self.stacks.last_look_ns().filter(|_| begins);
                let delta = Box::new(delta.without_secrets().with_marks(marks).with_stacks(stacks, before_ns));
                self.serialize(&if begins { RecordingLine::Whole(delta) } else { RecordingLine::Look(delta) })?
            }
        };
        if !fits(sample) || !is_short {
            self.stats.lost += 1;
            return Ok(());
        }
        if begins {
            self.out.begin_next()?;
        }
        self.out.write_look(at_ns, &self.line)?;
        self.stats.looks += 1;
        self.before = sample.clone();
        if has_stacks {
            self.stacks.written(at_ns);
        }
        if begins || at_ns.saturating_sub(self.flushed_ns) >= FLUSH_NS {
            self.flushed_ns = at_ns;
            self.out.flush()?;
        }
        Ok(())
    }

    fn put(&mut self, line: &RecordingLine) -> io::Result<()> {
        match self.serialize(line)? {
            true => self.out.write(&self.line),
            false => Ok(()),
        }
    }

    /// Makes the line; whether it is short enough to be written.
    fn serialize(&mut self, line: &RecordingLine) -> io::Result<bool> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        Ok(self.line.len() <= LONGEST_LINE)
    }

    /// Half the limit takes every sample, half of what is left every other one, and so on.
    fn thin(&mut self) -> io::Result<()> {
        if self.bytes() < self.thins_at {
            return Ok(());
        }
        if self.stride >= LARGEST_STRIDE {
            self.stats.full = true;
            return Ok(());
        }
        self.stride *= 2;
        self.thins_at += (self.limit - self.thins_at.min(self.limit)) / 2;
        self.put(&RecordingLine::Thinned(self.stride))
    }
}
