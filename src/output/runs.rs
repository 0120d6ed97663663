//! `tftop runs`: the runs that are kept, one a line, as a table or as JSON.

use serde::Serialize;

use crate::data::run::{RunEnd, RunFact};
use crate::present::caps;
use crate::present::format::page::Page;
use crate::present::format::{MISSING_ASCII, age, clean, cpus_or_dash, instant, rounded};
use crate::present::run_summary::{command, ended};
use crate::present::table::{Align, LastColumn, Table};
use crate::runs::summary::{RunSummary, verdict};

/// Name and version of the JSON contract.
pub const SCHEMA: &str = "tftop.runs/1";

/// One run of the list.
#[derive(Clone, Debug)]
pub struct ListedRun {
    /// What was started.
    pub fact: RunFact,
    /// Whether it still goes on.
    pub goes_on: bool,
    /// Its summary; none before its end, or where it can't be read.
    pub summary: Option<RunSummary>,
}

/// Columns from which on caps are shown.
const CAPS_FROM: u16 = 100;

/// One row a run, in the order given. `now_unix_s` tells how long ago each began.
pub fn runs(runs: &[ListedRun], now_unix_s: u64, page: Page) -> String {
    let mut columns = vec![
        ("ID", Align::Left),
        ("AGE", Align::Right),
        ("LASTED", Align::Right),
        ("EXIT", Align::Right),
        ("STEPS/S", Align::Right),
        ("COMMAND", Align::Left),
    ];
    let caps = page.width.is_none_or(|columns| columns >= CAPS_FROM);
    if caps {
        columns.splice(5..5, [("CAPS", Align::Left), ("HELD", Align::Left)]);
    }
    let mut table = Table::new(&columns);
    runs.iter().for_each(|run| table.row(run.cells(now_unix_s, caps)));
    page.print([table.fitted(page, LastColumn::IsCommand)])
}

impl ListedRun {
    fn cells(&self, now_unix_s: u64, caps: bool) -> Vec<String> {
        let ago = now_unix_s.saturating_sub(self.fact.started_unix_ms / 1000);
        let steps = self.summary.as_ref().map(|summary| &summary.outcome.steps);
        let mut cells = vec![
            self.fact.id.to_string(),
            age(ago as f64),
            self.summary.as_ref().map_or_else(|| MISSING_ASCII.to_owned(), |summary| age(summary.seconds)),
            self.exit(),
            cpus_or_dash(steps.and_then(|steps| Some(steps.as_ref()?.per_second))),
            clean(&command(&self.fact)),
        ];
        if caps {
            let held = self.held().unwrap_or(MISSING_ASCII).to_owned();
            cells.splice(5..5, [caps::asked(&self.fact), held]);
        }
        cells
    }

    /// The exit code, or why there is none.
    fn exit(&self) -> String {
        match (&self.summary, self.goes_on) {
            (_, true) if self.fact.watched.is_some() => "watching".to_owned(),
            (_, true) => "running".to_owned(),
            (None, _) => "unknown".to_owned(),
            (Some(summary), _) => match summary.ended {
                RunEnd::Exit(code) => code.to_string(),
                RunEnd::Signal(number) => format!("signal {number}"),
                RunEnd::Unseen => "unknown".to_owned(),
                RunEnd::Left | RunEnd::Gone => "watched".to_owned(),
            },
        }
    }

    fn held(&self) -> Option<&'static str> {
        Some(verdict(&self.summary.as_ref()?.outcome.checks)?.word())
    }
}

/// The same as one JSON object, without a newline at its end.
pub fn runs_json(runs: &[ListedRun]) -> serde_json::Result<String> {
    let runs = runs.iter().map(RunJson::new).collect();
    serde_json::to_string_pretty(&RunsListing { schema: SCHEMA, runs })
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RunsListing<'a> {
    schema: &'static str,
    runs: Vec<RunJson<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RunJson<'a> {
    id: &'a str,
    started: String,
    command: String,
    caps: String,
    goes_on: bool,
    /// Whether it was only watched: tftop did not start it.
    watched: bool,
    /// "ended with exit code 0"; null before.
    ended: Option<String>,
    seconds: Option<f64>,
    /// Null without step marks.
    steps_per_s: Option<f64>,
    median_step_ms: Option<f64>,
    /// "held", "exceeded", "unverified": the worst of all caps; null without caps.
    held: Option<&'static str>,
}

impl<'a> RunJson<'a> {
    fn new(run: &'a ListedRun) -> Self {
        let summary = run.summary.as_ref();
        let steps = summary.and_then(|summary| summary.outcome.steps.as_ref());
        Self {
            id: &run.fact.id,
            started: instant(run.fact.started_unix_ms / 1000),
            command: clean(&command(&run.fact)),
            caps: caps::asked(&run.fact),
            goes_on: run.goes_on,
            watched: run.fact.watched.is_some(),
            ended: summary.map(|summary| ended(summary.ended)),
            seconds: summary.map(|summary| rounded(summary.seconds)),
            steps_per_s: steps.map(|steps| rounded(steps.per_second)),
            median_step_ms: steps.map(|steps| rounded(steps.median_ms)),
            held: run.held(),
        }
    }
}
