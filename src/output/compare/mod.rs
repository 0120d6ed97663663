//! `tftop compare`: what differs, figures side by side, and the verdict, as text, Markdown and JSON.

pub(crate) mod text;

use serde::Serialize;
pub use text::{markdown, text};

pub use crate::present::comparison::answer;
use crate::present::format::rounded;
use crate::runs::comparison::types::Comparison;
use crate::runs::stats::warmup::Warmup;

/// Name and version of the contract of `--json`.
pub const SCHEMA: &str = "tftop.compare/1";

/// A comparison, and which runs it is of.
#[derive(Clone, Copy, Debug)]
pub struct ComparedRuns<'a> {
    /// The comparison.
    pub comparison: &'a Comparison,
    /// The runs of each side, in the same order.
    pub sides: &'a [SideRuns],
    /// What was left out of each run.
    pub warmup: Warmup,
}

/// The runs of one side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SideRuns {
    /// Its label.
    pub label: String,
    /// Its runs or recordings, each with its span where it is only a part.
    pub runs: Vec<String>,
    /// Which part of each it is, in the same order; none, in JSON null: all of it.
    pub spans: Vec<Option<ComparedSpan>>,
}

/// A part of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ComparedSpan {
    /// Seconds from its first look to the begin of the part.
    pub from_s: f64,
    /// The same to its end.
    pub to_s: f64,
}

impl ComparedSpan {
    /// Of both, in seconds.
    pub fn new((from_s, to_s): (f64, f64)) -> Self {
        Self { from_s: rounded(from_s), to_s: rounded(to_s) }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ComparisonJson<'a> {
    schema: &'static str,
    warmup: Warmup,
    runs: &'a [SideRuns],
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// As one JSON object, without a newline at its end.
pub fn json(compared: &ComparedRuns) -> serde_json::Result<String> {
    let ComparedRuns { comparison, sides, warmup } = *compared;
    serde_json::to_string_pretty(&ComparisonJson { schema: SCHEMA, warmup, runs: sides, comparison })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
