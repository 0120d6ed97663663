//! A sweep's end as text: each combination with its step time as a number and as a bar, the best within noise or why there is
//! no ranking, the command line of the winner.

use crate::present::format::page::{Page, PageRow};
use crate::present::format::{MISSING_ASCII, cpus_or_dash, page, percent_or_dash, three_digits, width};
use crate::present::line::Role;
use crate::present::table::{Align, LastColumn, Table};
use crate::runs::comparison::types::{Comparison, ComparisonResult, Ranking, SideFigures};

/// Cells of the longest bar.
const LONGEST_BAR: usize = 44;
/// Cells that it has in any case.
const LEAST_BAR: usize = 8;

/// A sweep or a race of `tftop tune` that has ended, or was interrupted.
#[derive(Clone, Copy, Debug)]
pub struct SweepReport<'a> {
    /// What was measured and how, a line each.
    pub heading: &'a [String],
    /// What a combination was measured in, as the head of its column: "RUNS", "TURNS".
    pub measured_in: &'static str,
    /// The combinations that were measured.
    pub comparison: &'a Comparison,
    /// What else is to be said of combinations, each a line: runs that failed, busy neighbours, values the script lowered.
    pub notes: &'a [String],
    /// How the fastest is started; none where that is the baseline.
    pub start: Option<&'a str>,
}

/// The report.
pub fn sweep(sweep: &SweepReport, page: Page) -> String {
    let notes = sweep.comparison.remarks.iter().chain(sweep.notes);
    let answer = verdict(sweep).into_iter().chain(notes.map(|note| PageRow::text(format!("note: {note}"))));
    page.print([
        page::rows(sweep.heading.iter().cloned()),
        table(sweep, page),
        chart(&sweep.comparison.sides, page),
        answer.collect(),
    ])
}

fn table(sweep: &SweepReport, page: Page) -> Vec<PageRow> {
    let sides = &sweep.comparison.sides;
    let traced = sides.iter().any(|side| side.traced.is_some());
    let mut columns = vec![
        ("CAPS", Align::Left),
        ("ms/STEP", Align::Right),
        ("RANGE", Align::Right),
        ("CPU ms", Align::Right),
        ("WANTED", Align::Right),
        ("OTHERS", Align::Right),
    ];
    columns.extend(traced.then_some(("CROWDED", Align::Right)));
    columns.push((sweep.measured_in, Align::Right));
    let mut table = Table::new(&columns);
    for side in sorted(sides) {
        let steps = side.steps.as_ref();
        let interval = steps.and_then(|steps| steps.interval);
        let mut row = vec![
            side.label.clone(),
            number(typical(side)),
            interval.map_or_else(
                || MISSING_ASCII.to_owned(),
                |i| format!("{} to {}", three_digits(i.low_ms), three_digits(i.high_ms)),
            ),
            number(steps.and_then(|steps| steps.cpu_ms)),
            cpus_or_dash(side.demand.map(|demand| demand.wanted)),
            cpus_or_dash(side.neighbours.map(|neighbours| neighbours.median)),
        ];
        row.extend(traced.then(|| percent_or_dash(side.traced.map(|traced| traced.crowded_share))));
        row.push(side.runs.to_string());
        table.row(row);
    }
    let mut rows = table.fitted(page, LastColumn::IsCut);
    rows.extend(
        traced.then(|| {
            PageRow::text("CROWDED: share of the time with more threads running or preempted than CPUs, traced")
        }),
    );
    rows
}

/// A bar a side, as long as there is room beside the labels.
fn chart(sides: &[SideFigures], page: Page) -> Vec<PageRow> {
    let longest = sides.iter().filter_map(highest).fold(0.0, f64::max);
    let labels = sides.iter().map(|side| width(&side.label)).max().unwrap_or(0);
    let room = page.beside(labels.saturating_add(2)).map_or(LONGEST_BAR, |columns| usize::from(columns).max(LEAST_BAR));
    let mut table = Table::new(&[("ms/STEP", Align::Left), ("", Align::Left)]);
    for side in sorted(sides) {
        table.row([side.label.clone(), bar(side, longest, room.min(LONGEST_BAR))]);
    }
    table.fitted(page, LastColumn::IsCut)
}

/// The fastest first; what has no steps last.
fn sorted(sides: &[SideFigures]) -> Vec<&SideFigures> {
    let mut sides: Vec<&SideFigures> = sides.iter().collect();
    let key = |side: &SideFigures| typical(side).unwrap_or(f64::INFINITY);
    sides.sort_by(|a, b| key(a).total_cmp(&key(b)));
    sides
}

fn typical(side: &SideFigures) -> Option<f64> {
    let steps = side.steps.as_ref()?;
    Some(steps.interval.map_or(steps.median_ms, |interval| interval.typical_ms))
}

fn highest(side: &SideFigures) -> Option<f64> {
    let steps = side.steps.as_ref()?;
    Some(steps.interval.map_or(steps.median_ms, |interval| interval.high_ms)).filter(|ms| ms.is_finite())
}

/// Full up to the lower end of where the step time lies, shaded up to the upper end.
fn bar(side: &SideFigures, longest: f64, room: usize) -> String {
    let cells = |ms: f64| ((ms / longest * room as f64).round() as usize).min(room);
    let (Some(typical), true) = (typical(side), longest > 0.0) else { return String::new() };
    let (low, high) = match side.steps.as_ref().and_then(|steps| steps.interval) {
        Some(interval) => (cells(interval.low_ms), cells(interval.high_ms)),
        None => (cells(typical), cells(typical)),
    };
    format!("{}{}", "█".repeat(low.max(1)), "▒".repeat(high.saturating_sub(low.max(1))))
}

fn verdict(sweep: &SweepReport) -> Vec<PageRow> {
    let sides = &sweep.comparison.sides;
    let alike: Vec<&str> = sides
        .iter()
        .filter(|side| matches!(side.standing, Ranking::NoDifference { .. }))
        .map(|side| side.label.as_str())
        .collect();
    let fastest = sides.iter().find(|side| side.standing == Ranking::Fastest).map(|side| side.label.as_str());
    let start = || sweep.start.map(|start| PageRow::whole(Role::Capacity, format!("  {start}")));
    match &sweep.comparison.verdict {
        ComparisonResult::Winner { side, by } => {
            let times = format!("{:.2} times as long ({:.2} to {:.2})", by.typical, by.low, by.high);
            let mut lines = vec![PageRow::of(Role::Strong, format!("best: {side}; the next takes {times}"))];
            lines.extend(start());
            lines
        }
        ComparisonResult::NoDifference { why } => match fastest {
            Some(fastest) if alike.len() + 1 < sides.len() => {
                let alike = alike.join(", ");
                let best = format!("best within noise: {fastest}; no difference shown to {alike}");
                let mut lines = vec![PageRow::of(Role::Strong, best)];
                lines.extend(start());
                lines
            }
            _ => vec![PageRow::of(Role::Strong, format!("no difference shown: {why}"))],
        },
        ComparisonResult::NoRanking { why } => vec![PageRow::of(Role::Strong, format!("no ranking: {why}"))],
    }
}

fn number(ms: Option<f64>) -> String {
    ms.map_or_else(|| MISSING_ASCII.to_owned(), three_digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::comparison::compare;
    use crate::runs::comparison::types::ComparedSide as Compared;
    use crate::runs::stats::run_stats::{RunStats, UsedMarks};
    use crate::runs::stats::spread::Spread;
    use crate::runs::stats::step_times::StepTimes;

    fn run(ms: f64) -> RunStats {
        let steps = StepTimes {
            count: 200,
            median_ms: ms,
            p95_ms: ms * 1.2,
            min_ms: ms,
            max_ms: ms * 1.5,
            mean_ms: ms,
            per_second: 1e3 / ms,
            blocks_ms: vec![ms; 6],
            spread_ms: Spread::of([ms * 0.99, ms, ms * 1.01]),
        };
        RunStats { seconds: ms / 5.0, marks: Some(UsedMarks::default()), steps: Some(steps), ..RunStats::default() }
    }

    fn side(label: &str, ms: [f64; 3]) -> Compared {
        Compared::new(label, ms.map(run).to_vec())
    }

    fn text_of(sides: &[Compared]) -> String {
        printed(sides, Page::default())
    }

    fn printed(sides: &[Compared], page: Page) -> String {
        let report = SweepReport {
            heading: &["sweep 261120-190142-7: python train.py".to_owned()],
            measured_in: "RUNS",
            comparison: &compare(sides),
            notes: &["intra=4: 1 run failed: it ended with exit code 1".to_owned()],
            start: Some("tftop run --intra 2 -- python train.py"),
        };
        sweep(&report, page)
    }

    #[test]
    fn on_a_narrow_terminal_labels_lose_their_middle_and_bars_are_shorter() {
        let sides = [side("intra=16 inter=16 omp=16 blas=16 data=16", [80.0, 81.0, 82.0]), side("intra=2", [40.0; 3])];
        let text = printed(&sides, Page { width: Some(70), ..Page::default() });
        assert!(text.lines().all(|line| width(line) <= 70), "{text}");
        assert!(text.contains('…') && text.contains('█'), "{text}");
    }

    #[test]
    fn the_fastest_comes_first_and_no_line_is_wider_than_a_terminal() {
        let text = text_of(&[side("no caps", [80.0, 81.0, 82.0]), side("intra=2 inter=1 data=1", [40.0, 40.5, 41.0])]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[3].starts_with("intra=2 inter=1 data=1"), "{text}");
        assert!(lines[4].starts_with("no caps"), "{text}");
        assert!(text.contains("note: intra=4: 1 run failed"), "{text}");
        let table = lines.iter().take_while(|line| !line.starts_with("best") && !line.starts_with("no ranking"));
        assert!(table.clone().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn a_bar_is_as_long_as_its_step_takes() {
        let text = text_of(&[side("no caps", [80.0, 80.0, 80.0]), side("intra=2", [40.0, 40.0, 40.0])]);
        let cells = |label: &str| {
            let lines = text.lines().filter(|line| line.starts_with(label) && line.contains('█'));
            lines.map(|line| line.matches(['█', '▒']).count()).next().unwrap()
        };
        assert_eq!((cells("no caps"), cells("intra=2")), (LONGEST_BAR, LONGEST_BAR / 2), "{text}");
    }

    #[test]
    fn without_a_ranking_there_is_no_winner() {
        let text = text_of(&[side("no caps", [80.0, 81.0, 82.0])]);
        assert!(text.contains("no ranking: ") && !text.contains("best"), "{text}");
    }
}
