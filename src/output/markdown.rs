//! The report as GitHub-flavoured Markdown, to be pasted into an issue or a pull request. What a target says of itself
//! can neither format anything nor mention anybody.

use std::fmt::Write as _;

use crate::data::scene::{Answer, Finding, RuleAnswer, Scene};
use crate::output::stack::profile::stop_line;
use crate::output::text::report::versions;
use crate::present::block::{gpus, trace};
use crate::present::causes::{tally, word};
use crate::present::format::page::Page;
use crate::present::format::{MISSING_ASCII, age, clean};
use crate::present::table::Table;
use crate::present::verdict::{
    HELD_TITLE, found, held, held_note, next_step, notes, pasteable, pasteable_advice, predictions, recorded, title,
};
use crate::present::{demand, limits, section, waits};

/// The whole report: verdict, causes, limits and demand in the open, the rest folded.
pub fn markdown(scene: &Scene) -> String {
    let mut blocks = vec![format!("### tftop: {}", title(&scene.headline)), sentences(scene)];
    blocks.extend(fences(&pasteable_advice(&scene.headline), ""));
    blocks.extend(scene.recorded.as_ref().map(|moment| escaped(&recorded(moment))));
    blocks.push(target(scene));
    if let Some(span) = scene.recorded.as_ref().and_then(|moment| moment.span.as_ref()) {
        blocks.extend(titled(HELD_TITLE, &held(span)));
        blocks.push(escaped(&held_note(span)));
    }
    let causes: Vec<String> = found(scene).map(|(code, finding)| cause(code, finding)).collect();
    if !causes.is_empty() {
        blocks.push("#### Causes found".to_owned());
        blocks.extend(causes);
    }
    blocks.extend(notes(scene).map(|note| format!("Note: {}", escaped(note))));
    blocks.extend(scene.past_predictions.as_ref().map(predictions));
    blocks.extend(titled("Limits", &limits::table(scene)));
    blocks.extend(folded("How each can be capped", items(limits::knobs(scene))));
    blocks.extend(titled("Demand", &demand(scene)));
    blocks.extend(titled(&gpus::title(scene), &gpus::table(scene)));
    blocks.extend(folded("Trace of the scheduler", items(trace::told(scene))));
    blocks.extend(folded("Last sample: what threads were doing", waits(scene)));
    blocks.extend(scene.stops.as_ref().map(stop_line));
    blocks.extend(folded("Causes that were not found", others(scene)));
    blocks.extend(folded("What is missing, and why", items(section::gaps(&scene.gaps))));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n") + "\n"
}

fn sentences(scene: &Scene) -> String {
    format!("{}\n{}", escaped(&scene.headline.message), next_step(scene)).trim().to_owned()
}

fn target(scene: &Scene) -> String {
    let target = &scene.target;
    let capacity = &scene.capacity;
    let binds = capacity.binding_term().map(|term| term.kind.word());
    let by = binds.map_or(String::new(), |kind| format!(", bound by {kind}"));
    let state = if target.ended { "ended after" } else { "up" };
    format!(
        "{}, pid {}, {}, {} {}; {} threads; {:.2} CPUs usable{by}; watched for {:.1} s",
        code(&target.command),
        target.pid,
        escaped(&versions(target).replace("  ", ", ")),
        state,
        age(target.uptime_s),
        scene.threads.len(),
        capacity.effective_cpus,
        scene.window_s,
    )
}

/// One cause as an item of a list, its evidence and remedy below it.
fn cause(rule: &str, finding: &Finding) -> String {
    let mut item =
        format!("- **{rule}** ({}, {}): {}", finding.level.word(), finding.grade.word(), escaped(&finding.message));
    for reading in &finding.evidence {
        let _ = write!(item, "\n  - {}: {}", escaped(&reading.what), escaped(&reading.value));
    }
    if !finding.remedy.text.is_empty() {
        let _ = write!(item, "\n  - Fix: {}", escaped(&finding.remedy.text));
    }
    for fence in fences(&pasteable(finding), "    ") {
        let _ = write!(item, "\n\n{fence}");
    }
    item
}

/// Each line in a fence of its own: GitHub puts a copy button on it.
fn fences(lines: &[(&'static str, String)], indent: &str) -> Vec<String> {
    let fence = |(language, line): &(&'static str, String)| {
        let language = language.to_lowercase();
        format!("{indent}```{language}\n{indent}{}\n{indent}```", clean(line).replace("```", "` ` `"))
    };
    lines.iter().map(fence).collect()
}

fn waits(scene: &Scene) -> Vec<String> {
    let rows = waits::rows(scene).into_iter().map(|(label, words)| format!("{label}: {words}"));
    items(rows.chain(waits::notes(scene)))
}

fn demand(scene: &Scene) -> Table {
    let mut table = demand::groups(scene, Page::default());
    if scene.demand.is_some() {
        let own = ["all".to_owned(), scene.threads.len().to_string(), MISSING_ASCII.to_owned()];
        table.total(own.into_iter().chain(demand::cells(scene.demand)));
    }
    table
}

/// A list.
pub(crate) fn items(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    lines.into_iter().map(|line| format!("- {}", escaped(&line))).collect()
}

/// A titled table; nothing without rows.
pub(crate) fn titled(title: &str, table: &Table) -> Vec<String> {
    if table.is_empty() { Vec::new() } else { vec![format!("#### {title}"), self::table(table)] }
}

/// A table of which no cell can format anything; what sums up the others is bold.
pub(crate) fn table(table: &Table) -> String {
    let cells = |cells: &Vec<String>| cells.iter().map(|cell| escaped(cell)).collect();
    let mut rows: Vec<Vec<String>> = table.rows().iter().map(cells).collect();
    if let Some(label) = rows.last_mut().filter(|_| table.has_total()).and_then(|row| row.first_mut()) {
        *label = format!("**{label}**");
    }
    raw_table(table.titles().map(escaped).collect(), rows)
}

/// A table of cells that are escaped already.
pub(crate) fn raw_table(titles: Vec<String>, rows: Vec<Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let rule = format!("|{}", " --- |".repeat(titles.len()));
    [line(titles), rule].into_iter().chain(rows.into_iter().map(line)).collect::<Vec<_>>().join("\n")
}

fn others(scene: &Scene) -> Vec<String> {
    let item = |judgement: &RuleAnswer| {
        let needs = if matches!(judgement.answer, Answer::TooSoon { .. }) { ", needs" } else { "" };
        let because = escaped(judgement.message());
        judgement
            .finding()
            .is_none()
            .then(|| format!("- {}: {}{needs}: {because}", judgement.code, word(&judgement.answer)))
    };
    let items: Vec<String> = scene.judgements.iter().filter_map(item).collect();
    let tally = tally(scene).filter(|_| !items.is_empty()).map(|tally| escaped(&tally) + "\n");
    tally.into_iter().chain(items).collect()
}

/// A list behind a fold; nothing when it is empty.
pub(crate) fn folded(title: &str, items: Vec<String>) -> Vec<String> {
    if items.is_empty() {
        return Vec::new();
    }
    vec![format!("<details><summary>{title}</summary>\n\n{}\n\n</details>", items.join("\n"))]
}

/// Text that formats nothing, and where `@name` and `#1` stay words.
pub(crate) fn escaped(text: &str) -> String {
    let text = clean(text);
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        match character {
            // Within a word it is only a letter, and TF_NUM_INTRAOP_THREADS stays readable as it is pasted.
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => escaped.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' => escaped.extend(['\\', character]),
            '&' => escaped.push_str("&amp;"),
            // An empty comment ends a mention or a reference before it begins.
            '@' | '#' => {
                escaped.push(character);
                escaped.push_str("<!-- -->");
            }
            other => escaped.push(other),
        }
        before = character;
    }
    escaped
}

/// A code span, whatever the text holds.
pub(crate) fn code(text: &str) -> String {
    let text = clean(text);
    let runs = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(runs + 1);
    let space = if text.contains('`') { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}
