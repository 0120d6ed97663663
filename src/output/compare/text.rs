//! A comparison in columns for a terminal, two sides in 80 of them, and as Markdown.

use unicode_width::UnicodeWidthStr as _;

use crate::output::compare::rows::CompareRow;
use crate::output::compare::{ComparedRuns, SideRuns, rows};
use crate::output::markdown::{escaped, table as markdown_table};
use crate::present::format::clean;
use crate::present::lines::joined;
use crate::present::table::{Align, Table};

/// Longest value that stands in a column: longer ones have lines of their own.
const WIDEST_CELL: usize = 26;
/// 80 columns, or a box of the dashboard within them.
const WIDTH: usize = 78;

/// The whole comparison.
pub fn text(compared: &ComparedRuns) -> String {
    let comparison = compared.comparison;
    let labels: Vec<String> = compared.sides.iter().map(|side| clean(&side.label)).collect();
    let (headline, why) = rows::verdict(&comparison.verdict);
    let mut remarks: Vec<String> = comparison.remarks.iter().flat_map(|remark| item(&clean(remark))).collect();
    if !remarks.is_empty() {
        remarks.insert(0, "TO BEAR IN MIND".to_owned());
    }
    joined(vec![
        sides(compared),
        differences(&labels, &rows::differences(comparison)),
        columns("STEPS AND CPUS", &labels, &rows::figures(comparison)),
        columns("CPUs WANTED, GOT; WAIT; THREADS", &labels, &rows::groups(comparison)),
        remarks,
        wrapped(&format!("{headline}  {why}"), ""),
    ])
}

/// The same, to be pasted into a pull request.
pub fn markdown(compared: &ComparedRuns) -> String {
    let comparison = compared.comparison;
    let (headline, why) = rows::verdict(&comparison.verdict);
    let title = format!("### tftop compare: {}", headline.to_lowercase());
    let labels = compared.sides.iter().map(|side| escaped(&side.label));
    let sides = compared.sides.iter().map(|side| format!("- **{}**: {}", escaped(&side.label), escaped(&ids(side))));
    let remarks = comparison.remarks.iter().map(|remark| format!("- {}", escaped(remark)));
    let mut blocks = vec![title, escaped(&why), sides.collect::<Vec<_>>().join("\n")];
    let tables = [
        ("different", rows::differences(comparison)),
        ("", rows::figures(comparison)),
        ("CPUs wanted, got; wait; threads", rows::groups(comparison)),
    ];
    for (corner, rows) in tables.iter().filter(|(_, rows)| !rows.is_empty()) {
        let titles: Vec<String> = std::iter::once((*corner).to_owned()).chain(labels.clone()).collect();
        let cells = |(what, cells): &CompareRow| {
            std::iter::once(what.trim()).chain(cells.iter().map(String::as_str)).map(escaped).collect()
        };
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        blocks.push(markdown_table(&titles, &rows.iter().map(cells).collect::<Vec<Vec<String>>>()));
    }
    blocks.push(format!("{}.", rows::warmup(compared.warmup)));
    blocks.push(remarks.collect::<Vec<_>>().join("\n"));
    blocks.retain(|block| !block.is_empty());
    blocks.join("\n\n") + "\n"
}

fn sides(compared: &ComparedRuns) -> Vec<String> {
    let mut lines = vec!["RUNS".to_owned()];
    for side in compared.sides {
        let label = clean(&side.label);
        lines.extend(wrapped(&ids(side), &format!("  {label}  ")));
    }
    lines.push(format!("  {}", rows::warmup(compared.warmup)));
    lines
}

fn ids(side: &SideRuns) -> String {
    side.runs.iter().map(|id| clean(id)).collect::<Vec<_>>().join(", ")
}

fn differences(labels: &[String], rows: &[CompareRow]) -> Vec<String> {
    if rows.is_empty() {
        return vec!["DIFFERENT".to_owned(), "  nothing that tftop knows of".to_owned()];
    }
    let long = |row: &&CompareRow| row.1.iter().any(|cell| cell.width() > WIDEST_CELL);
    let short: Vec<CompareRow> = rows.iter().filter(|row| !long(row)).cloned().collect();
    let mut lines = columns("DIFFERENT", labels, &short);
    if lines.is_empty() {
        lines.push("DIFFERENT".to_owned());
    }
    for (what, cells) in rows.iter().filter(long) {
        lines.push(format!("  {what}"));
        for (label, cell) in labels.iter().zip(cells) {
            lines.extend(wrapped(cell, &format!("    {label}  ")));
        }
    }
    lines
}

/// A title with the sides' labels, and a line a row.
fn columns(title: &'static str, labels: &[String], rows: &[CompareRow]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut columns = vec![(title, Align::Left)];
    columns.extend(labels.iter().map(|_| ("", Align::Right)));
    let mut table = Table::new(&columns);
    table.row(std::iter::once(title.to_owned()).chain(labels.iter().cloned()));
    for (what, cells) in rows {
        table.row(std::iter::once(format!("  {what}")).chain(cells.iter().cloned()));
    }
    // The labels are the titles.
    table.lines().split_off(1)
}

fn item(text: &str) -> Vec<String> {
    wrapped(text, "  ")
}

/// Broken at spaces to fit a terminal; what follows the first line stands below its text. A word that is too long stays.
fn wrapped(text: &str, first: &str) -> Vec<String> {
    let indent = " ".repeat(first.width());
    let mut lines = vec![first.to_owned()];
    let mut begun = false;
    for word in text.split(' ') {
        let fits = lines.last().is_some_and(|line| line.width() + 1 + word.width() <= WIDTH);
        if begun && !fits {
            lines.push(indent.clone());
            begun = false;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if begun { " " } else { "" });
            line.push_str(word);
        }
        begun = true;
    }
    lines
}
