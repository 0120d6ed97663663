//! `tftop compare`: what differs, figures side by side, and the verdict, as text, Markdown and JSON.

pub(crate) mod text;

use serde::Serialize;
pub use text::{markdown, text};

pub use crate::present::comparison::verdict;
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SideRuns {
    /// Its label.
    pub label: String,
    /// Names of its runs.
    pub runs: Vec<String>,
}

/// As one JSON object, without a newline at its end.
pub fn json(compared: &ComparedRuns) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Json<'a> {
        schema: &'static str,
        warmup: Warmup,
        runs: &'a [SideRuns],
        #[serde(flatten)]
        comparison: &'a Comparison,
    }
    let ComparedRuns { comparison, sides, warmup } = *compared;
    serde_json::to_string_pretty(&Json { schema: SCHEMA, warmup, runs: sides, comparison })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
