//! Floor 1: recordings. Writes the samples of a target as they come, and reads them back as they were. Knows nothing of
//! what they mean, and never looks at a process or at a clock.

pub(crate) mod delta;
pub mod format;
pub(crate) mod reader;
pub(crate) mod recorder;
pub(crate) mod steps;
pub(crate) mod weight;
pub mod writer;

use serde::{Deserialize, Serialize};

use crate::runs::recording::delta::SampleDelta;
use crate::runs::recording::format::TapeHeader;
use crate::runs::recording::writer::TapeStats;

/// Longest line of a tape, in bytes before compression: a look at 30,000 new threads fits.
const LONGEST_LINE: usize = 8 << 20;

/// One line of a tape.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TapeLine {
    /// The first.
    Tape(TapeHeader),
    /// A sample, as what is different from the one before.
    Look(Box<SampleDelta>),
    /// From here on one look of so many is on the tape.
    Thinned(u32),
    /// The last; a tape without it was cut.
    End(TapeStats),
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
