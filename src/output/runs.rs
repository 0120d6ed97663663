//! `tftop runs`: the runs that are kept, one a line, as a table or as JSON.

use serde::Serialize;

use crate::data::run::{RunEnd, RunFact};
use crate::present::caps;
use crate::present::format::{MISSING_ASCII, age, clean, cpus_or_dash, instant, rounded};
use crate::present::run_summary::{command, ended};
use crate::present::table::{Align, Table};
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

/// Longest command of the table, in characters.
const LONGEST_COMMAND: usize = 60;

/// One row a run, in the order given. `now_unix_s` tells how long ago each began.
pub fn runs(runs: &[ListedRun], now_unix_s: u64) -> String {
    let mut table = Table::new(&[
        ("ID", Align::Left),
        ("AGO", Align::Right),
        ("LASTED", Align::Right),
        ("ENDED", Align::Left),
        ("STEPS/S", Align::Right),
        ("CAPS", Align::Left),
        ("HELD", Align::Left),
        ("COMMAND", Align::Left),
    ]);
    runs.iter().for_each(|run| table.row(run.cells(now_unix_s)));
    table.lines().join("\n") + "\n"
}

impl ListedRun {
    fn cells(&self, now_unix_s: u64) -> [String; 8] {
        let ago = now_unix_s.saturating_sub(self.fact.started_unix_ms / 1000);
        let steps = self.summary.as_ref().map(|summary| &summary.outcome.steps);
        [
            self.fact.id.to_string(),
            age(ago as f64),
            self.summary.as_ref().map_or_else(|| MISSING_ASCII.to_owned(), |summary| age(summary.seconds)),
            self.ended(),
            match steps {
                None => MISSING_ASCII.to_owned(),
                Some(None) => "no step marks".to_owned(),
                Some(Some(steps)) => cpus_or_dash(Some(steps.per_second)),
            },
            caps::asked(&self.fact),
            self.held().unwrap_or(MISSING_ASCII).to_owned(),
            shortened(&clean(&command(&self.fact))),
        ]
    }

    fn ended(&self) -> String {
        match (&self.summary, self.goes_on) {
            (_, true) if self.fact.watched.is_some() => "watched now".to_owned(),
            (_, true) => "goes on".to_owned(),
            (None, _) => "unfinished".to_owned(),
            (Some(summary), _) => match summary.ended {
                RunEnd::Exit(code) => format!("exit {code}"),
                RunEnd::Signal(number) => format!("signal {number}"),
                RunEnd::Unseen => "unfinished".to_owned(),
                RunEnd::Left | RunEnd::Gone => "watched".to_owned(),
            },
        }
    }

    fn held(&self) -> Option<&'static str> {
        Some(verdict(&self.summary.as_ref()?.outcome.checks)?.word())
    }
}

fn shortened(text: &str) -> String {
    match text.chars().count() > LONGEST_COMMAND {
        true => text.chars().take(LONGEST_COMMAND - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// The same as one JSON object, without a newline at its end.
pub fn runs_json(runs: &[ListedRun]) -> serde_json::Result<String> {
    let runs = runs.iter().map(RunJson::new).collect();
    serde_json::to_string_pretty(&RunsListing { schema: SCHEMA, runs })
}

#[derive(Serialize)]
struct RunsListing<'a> {
    schema: &'static str,
    runs: Vec<RunJson<'a>>,
}

#[derive(Serialize)]
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
