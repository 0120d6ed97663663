//! A run that is kept: as text, and as Markdown that can be pasted into a pull request. What stands in a run's files may be
//! anybody's: it is cleaned where it is printed.

use crate::output::markdown::{self, code, escaped, folded, items, raw_table};
use crate::present::caps;
use crate::present::format::clean;
use crate::present::format::page::{Page, rows, section};
use crate::present::run_summary::{command, facts, groups, missing, numbers, settings, title};
use crate::present::section::indented;
use crate::runs::summary::RunSummary;

/// What a run's summary does not know: whether it still goes on, and where its files are.
#[derive(Clone, Copy, Debug)]
pub struct RunPlace<'a> {
    /// Whether it still goes on.
    pub goes_on: bool,
    /// Its folder.
    pub path: &'a str,
}

/// Everything about a run, section by section.
pub fn summary(summary: &RunSummary, place: RunPlace, page: Page) -> String {
    let outcome = &summary.outcome;
    let named = |(name, value): (&str, String)| format!("{name:<10} {}", clean(&value));
    let about = std::iter::once(clean(&command(&summary.run)))
        .chain(facts(summary).into_iter().chain([("files", place.path.to_owned())]).map(named));
    let mut measured = section("MEASURED", rows(indented(numbers(summary).into_iter().map(named), "  ")));
    let groups = groups(outcome);
    if !groups.is_empty() {
        measured.extend(rows(indented(groups.lines(), "  ")));
    }
    let cleaned = |lines: Vec<String>| rows(indented(lines.iter().map(|line| clean(line)), "  "));
    page.print([
        section(&title(summary, place.goes_on), rows(indented(about, "  "))),
        section("CAPS", rows(indented(caps::checks(&outcome.checks, 0).body(), "  "))),
        measured,
        section("SETTINGS", cleaned(settings(summary))),
        section("MISSING", cleaned(missing(summary))),
    ])
}

/// The same for GitHub: what matters in the open, the rest folded.
pub fn summary_markdown(summary: &RunSummary) -> String {
    let outcome = &summary.outcome;
    let mut rows: Vec<Vec<String>> = vec![
        vec!["run".to_owned(), escaped(&title(summary, false))],
        vec!["command".to_owned(), code(&command(&summary.run)).replace('|', "\\|")],
    ];
    let row = |(name, value): (&str, String)| vec![name.to_owned(), escaped(&value)];
    rows.extend(facts(summary).into_iter().chain(numbers(summary)).map(row));
    let mut blocks = vec!["#### tftop run".to_owned(), raw_table(vec![String::new(); 2], rows)];
    blocks.extend(markdown::titled("Caps", &caps::checks(&outcome.checks, 0)));
    blocks.extend(folded("Groups of threads", vec![markdown::table(&groups(outcome))]));
    blocks.extend(folded("Settings", items(settings(summary))));
    blocks.extend(folded("What is missing, and why", items(missing(summary))));
    blocks.join("\n\n") + "\n"
}
