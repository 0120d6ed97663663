//! What threads did when they were sampled, in words: for one thread, and counted for a group.

use crate::data::Text;
use crate::data::limits::Grade;

/// Kinds of doing that a sentence names; the rest are counted together.
const MOST_KINDS: usize = 4;

/// What a thread does, as words for one and for several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Phrase {
    /// "reads train.tfrecord".
    pub one: String,
    /// "read train.tfrecord".
    pub many: String,
    /// Few letters for a cell: "read train.tfrecord", "futex".
    pub short: String,
}

impl Phrase {
    pub(crate) fn new(one: String, many: String, short: String) -> Self {
        Self { one, many, short }
    }

    pub(crate) fn same(words: &str) -> Self {
        Self::new(words.to_owned(), words.to_owned(), words.to_owned())
    }
}

/// What one thread did when it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadActivity {
    /// In words.
    pub phrase: Phrase,
    /// Whether it ran or could have: it waited for nothing but a CPU.
    pub activity: Blocked,
    /// How it is known: measured where the system call says it.
    pub grade: Grade,
}

/// Whether a thread waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blocked {
    /// On a CPU or waiting for one.
    Runs,
    /// Blocked.
    #[default]
    Waits,
}

/// What the threads of a group did when they were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// Threads looked at.
    pub sampled: u32,
    /// Threads of the group.
    pub of: u32,
    /// How many did what, the most frequent first.
    pub counts: Vec<WaitCount>,
    /// Of those looked at, how many say nothing.
    pub unknown: u32,
    /// Why system calls may not be read, and the one step that helps; the words then come from the wait channel.
    pub refused: Option<Text>,
}

/// Threads that do the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitCount {
    /// How many.
    pub threads: u32,
    /// What.
    pub phrase: Phrase,
    /// How it is known.
    pub grade: Grade,
}

impl WaitCount {
    /// "3 wait for work (futex)", "1 reads train.tfrecord".
    pub fn text(&self) -> String {
        let words = if self.threads == 1 { &self.phrase.one } else { &self.phrase.many };
        format!("{} {words}", self.threads)
    }
}

impl Waits {
    /// "3 wait for work (futex), 1 reads train.tfrecord, 2 running; 64 of 200 looked at".
    pub fn text(&self) -> String {
        let shown = if self.counts.len() > MOST_KINDS { MOST_KINDS - 1 } else { self.counts.len() };
        let mut parts: Vec<String> = self.counts[..shown].iter().map(WaitCount::text).collect();
        let others: u32 = self.counts[shown..].iter().map(|count| count.threads).sum();
        if others > 0 {
            parts.push(format!("{others} in {} other ways", self.counts.len() - shown));
        }
        if self.unknown > 0 {
            parts.push(format!("{} not known", self.unknown));
        }
        let cut =
            if self.sampled < self.of { format!("; {} of {} looked at", self.sampled, self.of) } else { String::new() };
        parts.join(", ") + &cut
    }
}

impl Waits {
    pub(crate) fn count(&mut self, doing: &ThreadActivity) {
        let same = |count: &&mut WaitCount| count.phrase == doing.phrase && count.grade == doing.grade;
        match self.counts.iter_mut().find(same) {
            Some(count) => count.threads += 1,
            None => {
                self.counts.push(WaitCount { threads: 1, phrase: doing.phrase.clone(), grade: doing.grade });
            }
        }
    }
}

/// How often and for how long threads were stopped while stacks were sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopTotals {
    /// Stops of single threads.
    pub count: u64,
    /// All of them together, in nanoseconds.
    pub total_ns: u64,
    /// Of those that gave a stack, in nanoseconds; none where none did.
    pub median_ns: Option<u64>,
    /// The longest, in nanoseconds.
    pub longest_ns: u64,
    /// Time that was sampled, in seconds.
    pub sampled_s: f64,
}
