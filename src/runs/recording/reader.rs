//! Reads a recording back, sample by sample. A recording is foreign: whatever it holds, reading it takes bounded memory, never panics
//! and ends with a reason.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::Arc;
use std::{fmt, io};

use flate2::read::MultiGzDecoder;
use memchr::memmem;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::data::Text;
use crate::data::sample::Sample;
use crate::runs::recording::format::{LONGEST_LINE, READABLE, RecordingHeader, RecordingLine, RecordingStats};
use crate::runs::recording::stacks::StacksEntry;

/// Most bytes of a recording after decompression: what its writer puts into a full recording is a small part of that.
const MOST_BYTES: u64 = 64 << 30;

/// How lines begin that are looks.
const LOOKS: [&[u8]; 2] = [br#"{"look":"#, br#"{"whole":"#];
/// What stands in lines that have stacks.
const STACKS: &[u8] = br#""stacks"#;

/// The samples of a recording, as they were written.
#[derive(Debug)]
pub struct RecordingReader<R: Read> {
    lines: BufReader<MultiGzDecoder<R>>,
    pub(crate) line: Vec<u8>,
    header: RecordingHeader,
    before: Arc<Sample>,
    /// The number of the next look, counted from 0.
    next_look: usize,
    bytes: u64,
    end: Option<RecordingEnd>,
}

/// How far a recording was read; from there it can be read on.
#[derive(Clone, Debug)]
pub(crate) struct RecordingPosition {
    next_look: usize,
    before: Arc<Sample>,
}

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingEnd {
    /// Its writer finished it.
    Finished(RecordingStats),
    /// Its writer was ended before: what is missing is at most the last seconds.
    Cut,
    /// From here on it makes no sense.
    Broken(String),
}

impl RecordingEnd {
    /// Whether everything up to the target's end is there.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Finished(stats) if !stats.full)
    }
}

impl fmt::Display for RecordingEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished(stats) if stats.full => f.write_str("the tape was full before the end"),
            Self::Finished(_) => f.write_str("the tape is complete"),
            Self::Cut => f.write_str("the tape was cut: its writer was ended before it could finish it"),
            Self::Broken(why) => write!(f, "the tape is broken: {why}"),
        }
    }
}

/// Why a file is no recording that can be read.
#[derive(Debug)]
pub enum RecordingError {
    /// The file can't be read.
    Io(io::Error),
    /// Nothing of it is a recording.
    NoTape,
    /// A recording of another version of tftop, with the name of its format.
    OtherFormat(Text),
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::NoTape => f.write_str("this is no tape, or it was cut before its first look"),
            Self::OtherFormat(schema) => {
                write!(f, "its format is {schema}, and this version of tftop reads {}", READABLE.join(" and "))
            }
        }
    }
}

impl std::error::Error for RecordingError {}

impl<R: Read> RecordingReader<R> {
    /// Reads the header.
    pub fn open(tape: R) -> Result<Self, RecordingError> {
        let mut reader = Self::open_member(tape, RecordingHeader::new(0, 0), 0);
        match reader.line::<RecordingLine>() {
            Ok(RecordingLine::Tape(header)) if READABLE.contains(&&*header.schema) => reader.header = header,
            Ok(RecordingLine::Tape(header)) => return Err(RecordingError::OtherFormat(header.schema)),
            Err(Stop::Io(error)) => return Err(RecordingError::Io(error)),
            Ok(_) | Err(Stop::Cut | Stop::Broken(_)) => return Err(RecordingError::NoTape),
        }
        Ok(reader)
    }

    /// Begins with a member that is not the first, at its begin. `header` is what the first one says, `first_look` the number of
    /// its first look.
    pub(crate) fn open_member(tape: R, header: RecordingHeader, first_look: usize) -> Self {
        Self {
            lines: BufReader::new(MultiGzDecoder::new(tape)),
            line: Vec::new(),
            header,
            before: Arc::default(),
            next_look: first_look,
            bytes: 0,
            end: None,
        }
    }

    /// What it says of itself.
    pub fn header(&self) -> &RecordingHeader {
        &self.header
    }

    /// How it ended; none before the last sample was taken.
    pub fn end(&self) -> Option<&RecordingEnd> {
        self.end.as_ref()
    }

    /// How far it was read.
    pub(crate) fn position(&self) -> RecordingPosition {
        RecordingPosition { next_look: self.next_look, before: self.before.clone() }
    }

    /// Goes on to a place that it was read to before, without a look at what lies between.
    ///
    /// # Errors
    /// That it is not that long any more.
    pub(crate) fn go_to(&mut self, position: &RecordingPosition) -> Result<(), RecordingError> {
        while self.next_look < position.next_look {
            self.text().map_err(|_| RecordingError::NoTape)?;
            self.next_look += usize::from(LOOKS.iter().any(|begin| self.line.starts_with(begin)));
        }
        self.before.clone_from(&position.before);
        Ok(())
    }

    /// When the next look was taken, nanoseconds since boot, without the look itself: far cheaper. No sample can be taken
    /// afterwards, because each rests on the one before.
    pub(super) fn next_time(&mut self) -> Option<u64> {
        if self.end.is_some() {
            return None;
        }
        loop {
            let end = match self.line() {
                Ok(LineOutline::Look(look) | LineOutline::Whole(look)) => return Some(look.at_ns),
                Ok(LineOutline::Thinned(_)) => continue,
                Ok(LineOutline::End(stats)) => RecordingEnd::Finished(stats),
                Ok(LineOutline::Tape(_)) => begins_again(),
                Err(stop) => stop.into(),
            };
            self.end = Some(end);
            return None;
        }
    }

    /// The stacks of the next look that has some, without the look itself; none at the end. Looks from `end_look` on are not read. No
    /// sample can be taken afterwards.
    pub(crate) fn next_stacks(&mut self, end_look: usize) -> Option<LookStacks> {
        while self.end.is_none() && self.next_look < end_look {
            let line = self.text().map(|()| stacks_of(&self.line));
            self.next_look += usize::from(LOOKS.iter().any(|begin| self.line.starts_with(begin)));
            match line {
                Ok(Ok(None)) => {}
                Ok(Ok(Some(found))) => return Some(found),
                Ok(Err(why)) => self.end = Some(RecordingEnd::Broken(why)),
                Err(stop) => self.end = Some(stop.into()),
            }
        }
        None
    }

    /// The next sample, which the one after it rests on; none at the end.
    pub(crate) fn next_shared(&mut self) -> Option<Arc<Sample>> {
        if self.end.is_some() {
            return None;
        }
        self.look().map_err(|end| self.end = Some(end)).ok()
    }

    fn look(&mut self) -> Result<Arc<Sample>, RecordingEnd> {
        loop {
            let sample = match self.line()? {
                RecordingLine::Look(look) => look.upon(&self.before),
                RecordingLine::Whole(look) => look.upon(&Sample::default()),
                RecordingLine::Thinned(_) => continue,
                RecordingLine::End(stats) => return Err(RecordingEnd::Finished(stats)),
                RecordingLine::Tape(_) => return Err(begins_again()),
            };
            self.before = Arc::new(sample.map_err(RecordingEnd::Broken)?);
            self.next_look += 1;
            return Ok(self.before.clone());
        }
    }

    fn line<L: DeserializeOwned>(&mut self) -> Result<L, Stop> {
        self.text()?;
        serde_json::from_slice(&self.line).map_err(|error| Stop::Broken(format!("a line is no look: {error}")))
    }

    /// The text of the next line.
    fn text(&mut self) -> Result<(), Stop> {
        self.line.clear();
        let mut limited = (&mut self.lines).take(LONGEST_LINE as u64 + 1);
        limited.read_until(b'\n', &mut self.line).map_err(Stop::of)?;
        self.bytes += self.line.len() as u64;
        if self.line.len() > LONGEST_LINE || self.bytes > MOST_BYTES {
            return Err(Stop::Broken("it holds more than any tftop writes".to_owned()));
        }
        if self.line.pop() != Some(b'\n') {
            return Err(Stop::Cut);
        }
        Ok(())
    }
}

/// What a look has of stacks.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct LookStacks {
    /// Taken since the look before.
    #[serde(default)]
    pub(crate) stacks: Vec<StacksEntry>,
    /// The last look before its member that has some, nanoseconds since boot.
    #[serde(default)]
    pub(crate) stacks_before_ns: Option<u64>,
}

/// What a line has of stacks; none where it has nothing.
fn stacks_of(line: &[u8]) -> Result<Option<LookStacks>, String> {
    #[derive(Deserialize)]
    struct AnyLine {
        #[serde(alias = "whole")]
        look: Option<LookStacks>,
    }
    if memmem::find(line, STACKS).is_none() {
        return Ok(None);
    }
    let line: AnyLine = serde_json::from_slice(line).map_err(|error| format!("a line is no look: {error}"))?;
    Ok(line.look.filter(|look| !look.stacks.is_empty() || look.stacks_before_ns.is_some()))
}

/// A line of a recording, of a look its time alone.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum LineOutline {
    Tape(IgnoredAny),
    Look(LookOutline),
    Whole(LookOutline),
    Thinned(IgnoredAny),
    End(RecordingStats),
}

#[derive(Deserialize)]
struct LookOutline {
    at_ns: u64,
}

fn begins_again() -> RecordingEnd {
    RecordingEnd::Broken("it begins a second time".to_owned())
}

impl<R: Read> Iterator for RecordingReader<R> {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        self.next_shared().map(Arc::unwrap_or_clone)
    }
}

/// Why there is no next line.
enum Stop {
    Cut,
    Broken(String),
    Io(io::Error),
}

impl From<Stop> for RecordingEnd {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Cut => Self::Cut,
            Stop::Broken(why) => Self::Broken(why),
            Stop::Io(error) => Self::Broken(format!("it can't be read on: {error}")),
        }
    }
}

impl Stop {
    fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Cut,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Self::Broken(error.to_string()),
            _ => Self::Io(error),
        }
    }
}
