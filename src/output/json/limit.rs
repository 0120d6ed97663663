//! The limits of a group, in JSON.

use serde::Serialize;

use crate::data::limits::{AppliesTo, Limit, Limits, ProcessLimit};

/// The limit that counts.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct EffectiveJson<'a> {
    /// Threads.
    value: u32,
    source: &'a str,
    #[serde(rename = "where")]
    place: &'a str,
}

impl<'a> EffectiveJson<'a> {
    pub(crate) fn new(limit: &'a Limit) -> Self {
        Self { value: limit.value, source: limit.source.text(), place: &limit.place }
    }
}

/// One source that names a number.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LimitJson<'a> {
    #[serde(flatten)]
    limit: EffectiveJson<'a>,
    applies_to: AppliesTo,
    /// Whether it is the one that counts.
    effective: bool,
    /// Why it does not count.
    overruled: Option<&'a str>,
    grade: &'static str,
}

impl<'a> LimitJson<'a> {
    pub(crate) fn of(limits: &'a Limits) -> Vec<Self> {
        let one = |(at, limit): (usize, &'a Limit)| Self {
            limit: EffectiveJson::new(limit),
            applies_to: limit.applies_to,
            effective: limits.effective == Some(at),
            overruled: limit.overruled.as_deref(),
            grade: limit.grade.word(),
        };
        limits.all.iter().enumerate().map(one).collect()
    }
}

/// A group in one process: pools are made per process.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct InProcessJson<'a> {
    pid: u32,
    /// Threads of the group in it.
    threads: u32,
    /// The limit that counts in it.
    limit: Option<EffectiveJson<'a>>,
    exceeded_by: u32,
}

impl<'a> InProcessJson<'a> {
    pub(crate) fn new(process: &'a ProcessLimit) -> Self {
        Self {
            pid: process.pid.0,
            threads: process.threads,
            limit: process.limit.as_ref().map(EffectiveJson::new),
            exceeded_by: process.exceeded_by,
        }
    }
}
