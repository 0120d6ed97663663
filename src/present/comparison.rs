//! A comparison as rows of cells, and its verdict in words.

use crate::data::scene::CheckedCap;
use crate::present::format::{MISSING_ASCII, clean, cpus_or_dash, percent_or_dash, three_digits};
use crate::runs::comparison::types::{
    ComparableAnswer, ComparablePart, Comparison, ComparisonResult, GroupFigures, GroupRow, Interval, Ranking, Ratio,
    SideFigures, StepFigures,
};
use crate::runs::stats::run_stats::TracedStats;
use crate::runs::stats::warmup::Warmup;

/// A row: what it is, a cell for each side, and with two sides how the second differs from the first.
#[derive(Clone, Debug)]
pub(crate) struct CompareRow {
    pub(crate) what: String,
    pub(crate) cells: Vec<String>,
    /// "-20 %"; empty where there is nothing to subtract.
    pub(crate) change: String,
}

impl CompareRow {
    fn new(what: impl Into<String>, cells: Vec<String>) -> Self {
        Self { what: what.into(), cells, change: String::new() }
    }

    fn changing(mut self, values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let values: Vec<Option<f64>> = values.into_iter().collect();
        if let [Some(before), Some(after)] = values[..]
            && before > 0.0
        {
            let percent = ((after / before - 1.0) * 100.0).round();
            self.change = if percent == 0.0 { "0 %".to_owned() } else { format!("{percent:+.0} %") };
        }
        self
    }
}

/// The figures of all sides.
pub(crate) fn figures(comparison: &Comparison) -> Vec<CompareRow> {
    let sides = &comparison.sides;
    let row = |what: &str, cell: fn(&SideFigures) -> String| CompareRow::new(what, sides.iter().map(cell).collect());
    let number = |what: &str, value: fn(&SideFigures) -> Option<f64>| {
        let cells = sides.iter().map(|side| cpus_or_dash(value(side))).collect();
        CompareRow::new(what, cells).changing(sides.iter().map(value))
    };
    let mut rows: Vec<CompareRow> = STEPS
        .iter()
        .map(|(what, cell, value)| {
            let of = |side: &SideFigures| side.steps.as_ref().map_or_else(|| MISSING_ASCII.to_owned(), cell);
            let row = CompareRow::new(*what, sides.iter().map(of).collect());
            row.changing(sides.iter().map(|side| value(side.steps.as_ref()?)))
        })
        .collect();
    rows.extend([
        number("CPUs got", |side| side.demand.map(|demand| demand.got)),
        number("CPUs wanted", |side| side.demand.map(|demand| demand.wanted)),
        row("waited", |side| percent_or_dash(side.demand.and_then(|demand| demand.wait_share))),
        number("CPUs usable", |side| side.effective_cpus),
        row("CPUs others took", neighbours),
    ]);
    if sides.iter().any(|side| side.throttled_share.is_some()) {
        rows.push(row("throttled periods", |side| percent_or_dash(side.throttled_share)));
    }
    if sides.iter().any(|side| side.traced.is_some()) {
        let traced = |what: &str, cell: fn(&TracedStats) -> String| {
            let of = |side: &SideFigures| side.traced.as_ref().map_or_else(|| MISSING_ASCII.to_owned(), cell);
            CompareRow::new(what, sides.iter().map(of).collect())
        };
        rows.extend([
            traced("threads beyond CPUs", |traced| percent_or_dash(Some(traced.crowded_share))),
            traced("  at once, 99 %", |traced| traced.most_at_once.to_string()),
            traced("switches per second", |traced| format!("{:.0}", traced.switches_per_s)),
        ]);
    }
    rows.extend(checks(sides));
    rows.push(row("against the fastest", |side| standing(&side.standing)));
    rows
}

type StepCell = fn(&StepFigures) -> String;

/// The number that a row's change is of.
type StepValue = fn(&StepFigures) -> Option<f64>;

const STEPS: [(&str, StepCell, StepValue); 9] = [
    ("steps measured", |steps| steps.count.to_string(), |_| None),
    ("warm-up steps", |steps| steps.warmup.to_string(), |_| None),
    (
        "ms per step",
        |steps| steps.interval.map_or_else(|| MISSING_ASCII.to_owned(), |interval| three_digits(interval.typical_ms)),
        |steps| Some(steps.interval?.typical_ms),
    ),
    ("  low, high", |steps| steps.interval.map_or_else(|| MISSING_ASCII.to_owned(), ends), |_| None),
    ("  median, p95", |steps| format!("{}, {}", three_digits(steps.median_ms), three_digits(steps.p95_ms)), |_| None),
    ("  min, max", |steps| format!("{}, {}", three_digits(steps.min_ms), three_digits(steps.max_ms)), |_| None),
    ("steps per second", |steps| format!("{:.2}", steps.per_second), |steps| Some(steps.per_second)),
    (
        "CPU ms per step",
        |steps| steps.cpu_ms.map_or_else(|| MISSING_ASCII.to_owned(), three_digits),
        |steps| steps.cpu_ms,
    ),
    ("seconds measured", |steps| format!("{:.1}", steps.seconds), |_| None),
];

/// Each group: wanted and got CPUs, the share it waited, the most threads.
pub(crate) fn groups(comparison: &Comparison) -> Vec<CompareRow> {
    let cell = |group: &Option<GroupFigures>| {
        group.map_or_else(
            || MISSING_ASCII.to_owned(),
            |group| {
                let demand = group.demand;
                let (wanted, got) = (cpus_or_dash(Some(demand.wanted)), cpus_or_dash(Some(demand.got)));
                format!("{wanted} {got} {:>5} {:>3}", percent_or_dash(demand.wait_share), group.most_threads)
            },
        )
    };
    let row = |group: &GroupRow| {
        let wanted = group.sides.iter().map(|side| Some(side.as_ref()?.demand.wanted));
        CompareRow::new(clean(&group.label), group.sides.iter().map(cell).collect()).changing(wanted)
    };
    comparison.groups.iter().map(row).collect()
}

/// What differs.
pub(crate) fn differences(comparison: &Comparison) -> Vec<CompareRow> {
    let rows = comparison.differences.iter();
    rows.map(|row| CompareRow::new(clean(&row.what), row.values.iter().map(|value| clean(value)).collect())).collect()
}

/// What can be compared, whether, and why not; nothing where all of it can.
pub(crate) fn comparable(comparison: &Comparison) -> Vec<[String; 3]> {
    let word = |answer| match answer {
        ComparableAnswer::Yes => "yes",
        ComparableAnswer::WithCare => "with caution",
        ComparableAnswer::No => "no",
    };
    let row = |part: &ComparablePart| [part.what.to_owned(), word(part.answer).to_owned(), clean(&part.why)];
    match comparison.comparable.iter().all(|part| part.answer == ComparableAnswer::Yes) {
        true => Vec::new(),
        false => comparison.comparable.iter().map(row).collect(),
    }
}

/// The answer in one line: "B is 1.25x (±0.10) faster", "no difference shown: …".
pub fn answer(comparison: &Comparison) -> String {
    match &comparison.verdict {
        ComparisonResult::Winner { side, by } => {
            let than = if comparison.sides.len() > 2 { " than the next best" } else { "" };
            format!("{} is {} faster{than}", clean(side), times(*by))
        }
        ComparisonResult::NoDifference { why } => format!("no difference shown: {}", clean(why)),
        ComparisonResult::NoRanking { why } => format!("can't be ranked: {}", clean(why)),
    }
}

/// What was left out, in words.
pub(crate) fn warmup(warmup: Warmup) -> String {
    match warmup {
        Warmup::Usual => "warm-up: the first tenth of each run's steps, at least 5, is left out".to_owned(),
        Warmup::Steps(steps) => format!("warm-up: the first {steps} steps of each run are left out"),
    }
}

fn checks(sides: &[SideFigures]) -> Vec<CompareRow> {
    let mut caps: Vec<CheckedCap> = Vec::new();
    for check in sides.iter().flat_map(|side| &side.checks) {
        if !caps.contains(&check.cap) {
            caps.push(check.cap);
        }
    }
    let cell = |side: &SideFigures, cap: CheckedCap| {
        let found = side.checks.iter().find(|check| check.cap == cap);
        found.map_or_else(
            || MISSING_ASCII.to_owned(),
            |check| format!("{} {}", clean(&check.value), check.outcome.word()),
        )
    };
    let row = |cap| CompareRow::new(format!("cap {cap}"), sides.iter().map(|side| cell(side, cap)).collect());
    caps.into_iter().map(row).collect()
}

fn neighbours(side: &SideFigures) -> String {
    let Some((cpus, of)) = side.neighbours.zip(side.neighbours_of) else { return MISSING_ASCII.to_owned() };
    format!("{:.2} ({:.2}-{:.2}) of {of}", cpus.median, cpus.low, cpus.high)
}

fn standing(standing: &Ranking) -> String {
    match standing {
        Ranking::Fastest => "fastest".to_owned(),
        Ranking::NoDifference { .. } => "no difference shown".to_owned(),
        Ranking::Slower { by } => format!("{} slower", times(*by)),
        Ranking::NotRanked { .. } => "not ranked".to_owned(),
        Ranking::Unknown => MISSING_ASCII.to_owned(),
    }
}

/// "1.25x (±0.10)": the wider of both distances to the ends of what the intervals allow.
fn times(by: Ratio) -> String {
    format!("{:.2}x (±{:.2})", by.typical, (by.high - by.typical).max(by.typical - by.low))
}

fn ends(interval: Interval) -> String {
    format!("{}, {}", three_digits(interval.low_ms), three_digits(interval.high_ms))
}
