//! What threads did at the last look, in JSON.

use serde::Serialize;

use crate::data::scene::{Group, GroupKey, ThreadActivity, WaitCount, Waits};

/// The threads of a group.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WaitsJson<'a> {
    /// "3 wait for work (futex), 1 reads train.tfrecord".
    says: String,
    /// Threads looked at: at most 64 of a group.
    looked_at: u32,
    /// Threads of the group.
    of: u32,
    counts: Vec<CountJson<'a>>,
    /// Of those looked at, how many say nothing.
    unknown: u32,
    /// Why system calls may not be read and what would help; null where they may.
    refused: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CountJson<'a> {
    threads: u32,
    /// What each of them did.
    doing: &'a str,
    /// "measured" where the system call says it, "inferred" where it is concluded.
    grade: &'static str,
}

impl<'a> WaitsJson<'a> {
    pub(crate) fn new(waits: &'a Waits) -> Self {
        let count = |count: &'a WaitCount| CountJson {
            threads: count.threads,
            doing: &count.phrase.one,
            grade: count.grade.word(),
        };
        Self {
            says: waits.text(),
            looked_at: waits.sampled,
            of: waits.of,
            counts: waits.counts.iter().map(count).collect(),
            unknown: waits.unknown,
            refused: waits.refused.as_deref(),
        }
    }
}

/// A group by its origin, with what its threads did: for documents that hold nothing else of groups.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GroupWaitsJson<'a> {
    #[serde(flatten)]
    key: &'a GroupKey,
    #[serde(flatten)]
    waits: WaitsJson<'a>,
}

impl<'a> GroupWaitsJson<'a> {
    pub(crate) fn of(groups: &'a [Group]) -> Vec<Self> {
        let one = |group: &'a Group| {
            let waits = WaitsJson::new(group.waits.as_ref()?);
            Some(Self { key: &group.key, waits })
        };
        groups.iter().filter_map(one).collect()
    }
}

/// What one thread did.
pub(crate) fn doing(doing: Option<&ThreadActivity>) -> Option<&str> {
    doing.map(|doing| doing.phrase.one.as_str())
}
