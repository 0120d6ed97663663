//! A comparison in columns for a terminal, two sides in 80 of them, and as Markdown.

use unicode_width::UnicodeWidthStr as _;

use crate::output::compare::{ComparedRuns, SideRuns};
use crate::output::markdown::{escaped, table as markdown_table};
use crate::present::comparison::{self, CompareRow};
use crate::present::format::clean;
use crate::present::section::{joined, titled};
use crate::present::table::{Align, Table};

/// Longest value that stands in a column: longer ones have lines of their own.
const WIDEST_CELL: usize = 26;
/// 80 columns, or a box of the dashboard within them.
const WIDTH: usize = 78;

/// The whole comparison.
pub fn text(compared: &ComparedRuns) -> String {
    let comparison = compared.comparison;
    let labels = labels(compared);
    let (headline, why) = comparison::verdict(&comparison.verdict);
    let remarks = comparison.remarks.iter().flat_map(|remark| wrapped(&clean(remark), "  ")).collect();
    let comparable = comparison::comparable(comparison).into_iter().flat_map(|[what, answer, why]| {
        let why = if why.is_empty() { why } else { format!(": {why}") };
        wrapped(&format!("{what}: {answer}{why}"), "  ")
    });
    joined(vec![
        sides(compared),
        differences(&labels, &comparison::differences(comparison)),
        aligned("STEPS AND CPUS", &labels, &comparison::figures(comparison)),
        aligned("CPUs WANTED, GOT; WAIT; THREADS", &labels, &comparison::groups(comparison)),
        titled("COMPARABLE", comparable.collect()),
        titled("TO BEAR IN MIND", remarks),
        wrapped(&format!("{headline}  {why}"), ""),
    ])
}

/// The same, to be pasted into a pull request.
pub fn markdown(compared: &ComparedRuns) -> String {
    let comparison = compared.comparison;
    let (headline, why) = comparison::verdict(&comparison.verdict);
    let title = format!("### tftop compare: {}", headline.to_lowercase());
    let labels = labels(compared);
    let sides = compared.sides.iter().map(|side| format!("- **{}**: {}", escaped(&side.label), escaped(&ids(side))));
    let remarks = comparison.remarks.iter().map(|remark| format!("- {}", escaped(remark)));
    let mut blocks = vec![title, escaped(&why), sides.collect::<Vec<_>>().join("\n")];
    let tables = [
        ("different", comparison::differences(comparison)),
        ("", comparison::figures(comparison)),
        ("CPUs wanted, got; wait; threads", comparison::groups(comparison)),
    ];
    for (corner, rows) in tables.iter().filter(|(_, rows)| !rows.is_empty()) {
        let mut table = Table::new(&columns(corner, &labels));
        rows.iter().for_each(|(what, cells)| table.row(row(what.trim(), cells)));
        blocks.push(markdown_table(&table));
    }
    let comparable = comparison::comparable(comparison);
    if !comparable.is_empty() {
        let mut table = Table::new(&[("Comparable", Align::Left), ("", Align::Left), ("why not", Align::Left)]);
        comparable.into_iter().for_each(|cells| table.row(cells));
        blocks.push(markdown_table(&table));
    }
    blocks.push(format!("{}.", comparison::warmup(compared.warmup)));
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
    lines.push(format!("  {}", comparison::warmup(compared.warmup)));
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
    let mut lines = aligned("DIFFERENT", labels, &short);
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
fn aligned(title: &str, labels: &[String], rows: &[CompareRow]) -> Vec<String> {
    let mut table = Table::new(&columns(title, labels));
    rows.iter().for_each(|(what, cells)| table.row(row(&format!("  {what}"), cells)));
    if table.is_empty() { Vec::new() } else { table.lines() }
}

fn labels(compared: &ComparedRuns) -> Vec<String> {
    compared.sides.iter().map(|side| clean(&side.label)).collect()
}

fn columns<'a>(title: &'a str, labels: &'a [String]) -> Vec<(&'a str, Align)> {
    std::iter::once((title, Align::Left)).chain(labels.iter().map(|label| (label.as_str(), Align::Right))).collect()
}

fn row(what: &str, cells: &[String]) -> Vec<String> {
    std::iter::once(what.to_owned()).chain(cells.iter().cloned()).collect()
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
