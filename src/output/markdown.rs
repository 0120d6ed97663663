//! The report as GitHub-flavoured Markdown, to be pasted into an issue or a pull request. What a target says of itself
//! can neither format anything nor mention anybody.

use std::fmt::Write as _;

use crate::data::scene::{Answer, Finding, Group, RuleAnswer, Scene};
use crate::output::causes::tally;
use crate::output::verdict::{found, next_step, pasteable, pasteable_advice, title};
use crate::output::{limits, text, waits};
use crate::present::format::{MISSING_ASCII, age, clean, cpus_or_dash, percent_or_dash};

/// The whole report: verdict, causes, limits and demand in the open, the rest folded.
pub fn markdown(scene: &Scene) -> String {
    let mut blocks = vec![format!("### tftop: {}", title(&scene.headline)), sentences(scene)];
    blocks.extend(fences(&pasteable_advice(&scene.headline), ""));
    blocks.push(target(scene));
    let causes: Vec<String> = found(scene).map(|(code, finding)| cause(code, finding)).collect();
    if !causes.is_empty() {
        blocks.push("#### Causes found".to_owned());
        blocks.extend(causes);
    }
    blocks.extend(limit_table(scene));
    blocks.extend(demand_table(scene));
    blocks.extend(folded("What the threads did at the last look", waits(scene)));
    blocks.extend(folded("Causes that were looked for and not found", others(scene)));
    let gaps = scene.gaps.iter().map(|gap| format!("- {}: {}", escaped(&gap.what), escaped(&gap.why)));
    blocks.extend(folded("What is missing, and why", gaps.collect()));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n") + "\n"
}

fn sentences(scene: &Scene) -> String {
    format!("{}\n{}", escaped(&scene.headline.message), next_step(scene)).trim().to_owned()
}

fn target(scene: &Scene) -> String {
    let target = &scene.target;
    let capacity = &scene.capacity;
    let binds = capacity.binding.and_then(|at| capacity.terms.get(at)).map(|term| term.kind.word());
    let by = binds.map_or(String::new(), |kind| format!(", bound by {kind}"));
    let state = if target.ended { "ended after" } else { "up" };
    format!(
        "{}, pid {}, {}, {} {}; {} threads; {:.2} CPUs to use{by}; watched for {:.1} s",
        code(&target.command),
        target.pid,
        escaped(&text::versions(target).replace("  ", ", ")),
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
        let _ = write!(item, "\n  - What helps: {}", escaped(&finding.remedy.text));
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
    let rows =
        waits::rows(scene).into_iter().map(|(label, words)| format!("- {}: {}", escaped(&label), escaped(&words)));
    let notes: Vec<String> = waits::notes(scene).iter().map(|note| format!("- {}", escaped(note))).collect();
    rows.chain(notes).collect()
}

fn limit_table(scene: &Scene) -> Vec<String> {
    let rows: Vec<Vec<String>> =
        limits::rows(scene).iter().map(|row| row.iter().map(|cell| escaped(cell)).collect()).collect();
    let knobs =
        limits::knobs(scene).into_iter().map(|(labels, knob)| format!("- {}: {}", escaped(&labels), escaped(&knob)));
    let titles = limits::COLUMNS.map(|(title, _)| title);
    let mut blocks = section("Limits", &titles, &rows);
    blocks.extend(folded("How each can be capped", knobs.collect()));
    blocks
}

fn demand_table(scene: &Scene) -> Vec<String> {
    let row = |group: &Group| {
        let demand = group.demand;
        vec![
            escaped(&group.label),
            group.threads.to_string(),
            cpus_or_dash(group.awake),
            cpus_or_dash(demand.map(|demand| demand.got)),
            cpus_or_dash(demand.map(|demand| demand.waiting)),
            cpus_or_dash(demand.map(|demand| demand.wanted)),
            percent_or_dash(demand.and_then(|demand| demand.wait_share)),
        ]
    };
    let mut rows: Vec<Vec<String>> = scene.groups.iter().map(row).collect();
    if let Some(demand) = scene.demand {
        rows.push(vec![
            "**all**".to_owned(),
            scene.threads.len().to_string(),
            MISSING_ASCII.to_owned(),
            cpus_or_dash(Some(demand.got)),
            cpus_or_dash(Some(demand.waiting)),
            cpus_or_dash(Some(demand.wanted)),
            percent_or_dash(demand.wait_share),
        ]);
    }
    let titles = ["ORIGIN", "THREADS", "AWAKE", "GOT CPUs", "WAITING CPUs", "WANTED CPUs", "WAIT"];
    section("Demand", &titles, &rows)
}

/// A titled table; nothing without rows.
pub(crate) fn section(title: &str, titles: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    vec![format!("#### {title}"), table(titles, rows)]
}

/// Cells are escaped already.
pub(crate) fn table(titles: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
    let mut lines = vec![format!("| {} |", titles.join(" | ")), format!("|{}", " --- |".repeat(titles.len()))];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

fn others(scene: &Scene) -> Vec<String> {
    let item = |judgement: &RuleAnswer| {
        let answer = match judgement.answer {
            Answer::Found(_) => return None,
            Answer::Clear { .. } => "ruled out",
            Answer::TooSoon { .. } => "too soon, needs",
            Answer::CantTell { .. } => "can't tell",
        };
        Some(format!("- {}: {answer}: {}", judgement.code, escaped(judgement.message())))
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
