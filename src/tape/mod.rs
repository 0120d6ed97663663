//! Floor 1: recordings. Writes the samples of a target as they come, and reads them back as they were. Knows nothing of
//! what they mean, and never looks at a process or at a clock.

mod change;
mod header;
mod reader;
mod recorder;
mod steps;
mod weight;
mod writer;

pub use header::{Header, SCHEMA};
pub use reader::{End, Reader, Unreadable};
pub use recorder::{Files, Recorded, Recorder};
pub use steps::Steps;
pub use writer::{Tally, Writer};

use serde::{Deserialize, Serialize};

use change::Look;

/// Longest line of a tape, in bytes before compression: a look at 30,000 new threads fits.
const LONGEST_LINE: usize = 8 << 20;

/// One line of a tape.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first.
    Tape(Header),
    /// A sample, as what is different from the one before.
    Look(Box<Look>),
    /// From here on one look of so many is on the tape.
    Thinned(u32),
    /// The last; a tape without it was cut.
    End(Tally),
}

#[cfg(test)]
mod tests;
