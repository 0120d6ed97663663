//! A comparison as text, two sides in 80 columns, and as Markdown.

use unicode_width::UnicodeWidthStr as _;

use crate::output::compare::{ComparedRuns, SideRuns};
use crate::output::markdown::{escaped, table as markdown_table};
use crate::present::comparison::{self, CompareRow};
use crate::present::format::clean;
use crate::present::format::page::{Page, PageRow, section};
use crate::present::line::Role;
use crate::present::table::{Align, LastColumn, Table};
use crate::runs::comparison::types::ComparisonResult;

/// Longest value that stands in a column: longer ones have lines of their own.
const WIDEST_CELL: usize = 22;

/// The answer, then the whole comparison.
pub fn text(compared: &ComparedRuns, page: Page) -> String {
    let comparison = compared.comparison;
    let labels = labels(compared);
    let role = match comparison.verdict {
        ComparisonResult::Winner { .. } => Role::Healthy,
        ComparisonResult::NoDifference { .. } | ComparisonResult::NoRanking { .. } => Role::Paused,
    };
    let remarks = comparison.remarks.iter().map(|remark| PageRow::text(format!("  {}", clean(remark))));
    let comparable = comparison::comparable(comparison).into_iter().map(|[what, answer, why]| {
        let why = if why.is_empty() { why } else { format!(": {why}") };
        PageRow::text(format!("  {what}: {answer}{why}"))
    });
    page.print([
        vec![PageRow::of(role, comparison::answer(comparison))],
        sides(compared),
        aligned("STEPS AND CPUS", &labels, &comparison::figures(comparison), page),
        differences(&labels, &comparison::differences(comparison), page),
        aligned("WANTED GOT WAIT THREADS", &labels, &comparison::groups(comparison), page),
        section("COMPARABLE", comparable.collect()),
        section("CAVEATS", remarks.collect()),
    ])
}

/// The same, to be pasted into a pull request.
pub fn markdown(compared: &ComparedRuns) -> String {
    let comparison = compared.comparison;
    let answer = comparison::answer(comparison);
    let (title, why) = answer.split_once(": ").unwrap_or((&answer, ""));
    let title = format!("### tftop compare: {}", escaped(title));
    let labels = labels(compared);
    let sides = compared.sides.iter().map(|side| format!("- **{}**: {}", escaped(&side.label), escaped(&ids(side))));
    let remarks = comparison.remarks.iter().map(|remark| format!("- {}", escaped(remark)));
    let mut blocks = vec![title, escaped(why), sides.collect::<Vec<_>>().join("\n")];
    let tables = [
        ("different", comparison::differences(comparison)),
        ("", comparison::figures(comparison)),
        ("CPUs wanted, got; wait; threads", comparison::groups(comparison)),
    ];
    for (corner, rows) in tables.iter().filter(|(_, rows)| !rows.is_empty()) {
        let mut table = Table::new(&columns(corner, &labels));
        rows.iter().for_each(|it| table.row(cells(it.what.trim(), it, &labels)));
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

fn sides(compared: &ComparedRuns) -> Vec<PageRow> {
    let side = |side: &SideRuns| PageRow::text(format!("  {}  {}", clean(&side.label), ids(side)));
    let warmup = PageRow::text(format!("  {}", comparison::warmup(compared.warmup)));
    section("RUNS", compared.sides.iter().map(side).chain([warmup]).collect())
}

fn ids(side: &SideRuns) -> String {
    side.runs.iter().map(|id| clean(id)).collect::<Vec<_>>().join(", ")
}

fn differences(labels: &[String], rows: &[CompareRow], page: Page) -> Vec<PageRow> {
    if rows.is_empty() {
        return section("DIFFERENT", vec![PageRow::text("  nothing that tftop knows of")]);
    }
    let long = |row: &&CompareRow| row.cells.iter().any(|cell| cell.width() > WIDEST_CELL);
    let short: Vec<CompareRow> = rows.iter().filter(|row| !long(row)).cloned().collect();
    let mut lines = aligned("DIFFERENT", labels, &short, page);
    if lines.is_empty() {
        lines.push(PageRow::heading("DIFFERENT"));
    }
    for row in rows.iter().filter(long) {
        lines.push(PageRow::text(format!("  {}", row.what)));
        lines.extend(labels.iter().zip(&row.cells).map(|(label, cell)| PageRow::text(format!("    {label}  {cell}"))));
    }
    lines
}

/// A title with the sides' labels, and a line a row.
fn aligned(title: &str, labels: &[String], rows: &[CompareRow], page: Page) -> Vec<PageRow> {
    let mut table = Table::new(&columns(title, labels));
    rows.iter().for_each(|row| table.row(cells(&format!("  {}", row.what), row, labels)));
    if table.is_empty() { Vec::new() } else { table.fitted(page, LastColumn::Wraps) }
}

fn labels(compared: &ComparedRuns) -> Vec<String> {
    compared.comparison.sides.iter().map(|side| clean(&side.label)).collect()
}

/// The first names what the rows are; with two sides, the last says how they differ.
fn columns<'a>(title: &'a str, labels: &'a [String]) -> Vec<(&'a str, Align)> {
    let sides = labels.iter().map(|label| (label.as_str(), Align::Right));
    let change = (labels.len() == 2).then_some(("CHANGE", Align::Right));
    std::iter::once((title, Align::Left)).chain(sides).chain(change).collect()
}

/// Cells of [`columns`].
fn cells(what: &str, row: &CompareRow, labels: &[String]) -> Vec<String> {
    let change = (labels.len() == 2).then(|| row.change.clone());
    std::iter::once(what.to_owned()).chain(row.cells.iter().cloned()).chain(change).collect()
}
