//! The course of a target, look by look: what a chart over time and a search in time need.

use std::sync::Arc;

use crate::data::Text;
use crate::data::scene::timeline_looks::TimelineLooks;

/// What is known of the looks at a target, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Milliseconds after 1970 at which the machine of the target was started: from here looks are counted.
    pub boot_unix_ms: u64,
    /// One entry for so many looks that follow each other; above 1 only after some ten thousand looks.
    pub looks_each: u32,
    /// By rising time.
    pub looks: TimelineLooks,
    /// By rising time; the newest where there were too many.
    pub marks: Arc<Vec<TimelineMark>>,
    /// Share of a recording that is known so far, 0 to 1; always 1 for a live target.
    pub known: f64,
}

/// Something that happened at a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineMark {
    /// Nanoseconds since boot of the look that showed it.
    pub at_ns: u64,
    /// What.
    pub kind: MarkKind,
    /// In words: "oversubscribed", "epoch 3", "12 threads of TF intra-op".
    pub text: Text,
}

/// What may happen, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// The verdict is another one.
    Verdict,
    /// It was started again.
    Rerun,
    /// The target ended.
    End,
    /// A fit came to its next epoch.
    Epoch,
    /// A group has its first threads.
    Pool,
}

impl MarkKind {
    /// One word for what is typed and shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Epoch => "epoch",
            Self::Rerun => "rerun",
            Self::Pool => "pool",
            Self::End => "end",
        }
    }

    /// One character on a time axis.
    pub fn letter(self) -> char {
        match self {
            Self::Verdict => 'v',
            Self::Rerun => 'r',
            Self::End => 'x',
            Self::Epoch => 'e',
            Self::Pool => 'p',
        }
    }
}

impl Timeline {
    /// The last look at this instant or before it; none before the first.
    pub fn look_at(&self, at_ns: u64) -> Option<usize> {
        self.looks.until(at_ns).checked_sub(1)
    }

    /// When an instant was, seconds after 1970.
    pub fn unix_s(&self, at_ns: u64) -> u64 {
        self.boot_unix_ms.saturating_add(at_ns / 1_000_000) / 1000
    }

    /// The marks of the instant next to this one, before it or after it.
    pub fn marks_beside(&self, at_ns: u64, after: bool) -> &[TimelineMark] {
        let beside = match after {
            true => self.marks.iter().find(|mark| mark.at_ns > at_ns),
            false => self.marks.iter().rfind(|mark| mark.at_ns < at_ns),
        };
        beside.map_or(&[], |mark| self.marks_at(mark.at_ns))
    }

    /// The marks of an instant.
    pub fn marks_at(&self, at_ns: u64) -> &[TimelineMark] {
        let first = self.marks.partition_point(|mark| mark.at_ns < at_ns);
        let end = self.marks.partition_point(|mark| mark.at_ns <= at_ns);
        self.marks.get(first..end).unwrap_or_default()
    }
}
