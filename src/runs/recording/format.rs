//! The lines of a recording, `samples.tape`.
#![doc = include_str!("FORMAT.md")]

use serde::{Deserialize, Serialize};

use crate::data::Text;
use crate::runs::recording::delta::SampleDelta;
use crate::runs::recording::thread_delta::is_default;

/// Name and version of the format that is written.
pub const SCHEMA: &str = "tftop.tape/2";
/// Every version that is read.
pub(crate) const READABLE: [&str; 2] = ["tftop.tape/1", SCHEMA];

/// The first line of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingHeader {
    /// [`SCHEMA`], or an older one.
    pub schema: Text,
    /// Who wrote it: tftop's version.
    #[serde(default)]
    pub tftop: Text,
    /// When it was begun, milliseconds after 1970.
    #[serde(default)]
    pub started_unix_ms: u64,
    /// The same instant in nanoseconds since boot, as [`Sample::at_ns`](crate::data::sample::Sample::at_ns).
    #[serde(default)]
    pub started_ns: u64,
}

impl RecordingHeader {
    /// A recording of this version of tftop, begun at this instant.
    pub fn new(started_unix_ms: u64, started_ns: u64) -> Self {
        Self { schema: SCHEMA.into(), tftop: env!("CARGO_PKG_VERSION").into(), started_unix_ms, started_ns }
    }
}

/// Longest line of a recording, in bytes before compression: a sample of 30,000 new threads fits.
pub(crate) const LONGEST_LINE: usize = 8 << 20;

/// One line of a recording.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecordingLine {
    /// The first.
    Tape(RecordingHeader),
    /// A sample, as what is different from the one before.
    Look(Box<SampleDelta>),
    /// The first sample of a member that is not the first: as what is different from the empty sample.
    Whole(Box<SampleDelta>),
    /// From here on one sample of so many is in the recording.
    Thinned(u32),
    /// The last; a recording without it was cut.
    End(RecordingStats),
}

/// What is in a recording, and what is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingStats {
    /// Looks on it.
    #[serde(default)]
    pub looks: u64,
    /// Looks left out to keep it small.
    #[serde(default)]
    pub thinned: u64,
    /// Looks left out because they were too large, or came while the disk kept the writer waiting.
    #[serde(default)]
    pub lost: u64,
    /// Times that stacks were taken that it had no room for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stacks_left_out: u64,
    /// Whether it ends before its target, because it is full.
    #[serde(default)]
    pub full: bool,
}
