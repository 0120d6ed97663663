//! A comparison as rows of cells, and its verdict in words.

use crate::data::scene::CheckedCap;
use crate::present::format::{MISSING_ASCII, clean, cpus_or_dash, percent_or_dash, three_digits};
use crate::runs::comparison::types::{
    ComparableAnswer, ComparablePart, Comparison, ComparisonResult, GroupFigures, Interval, Ranking, Ratio,
    SideFigures, StepFigures,
};
use crate::runs::stats::warmup::Warmup;

/// A row: what it is, and a cell for each side.
pub(crate) type CompareRow = (String, Vec<String>);

/// The figures of all sides.
pub(crate) fn figures(comparison: &Comparison) -> Vec<CompareRow> {
    let sides = &comparison.sides;
    let row = |what: &str, cell: fn(&SideFigures) -> String| (what.to_owned(), sides.iter().map(cell).collect());
    let mut rows: Vec<CompareRow> = STEPS
        .iter()
        .map(|(what, cell)| {
            let of = |side: &SideFigures| side.steps.as_ref().map_or_else(|| MISSING_ASCII.to_owned(), cell);
            ((*what).to_owned(), sides.iter().map(of).collect())
        })
        .collect();
    rows.extend([
        row("CPUs got", |side| cpus_or_dash(side.demand.map(|demand| demand.got))),
        row("CPUs wanted", |side| cpus_or_dash(side.demand.map(|demand| demand.wanted))),
        row("waited", |side| percent_or_dash(side.demand.and_then(|demand| demand.wait_share))),
        row("CPUs it could use", |side| cpus_or_dash(side.effective_cpus)),
        row("CPUs neighbours took", neighbours),
    ]);
    if sides.iter().any(|side| side.throttled_share.is_some()) {
        rows.push(row("throttled periods", |side| percent_or_dash(side.throttled_share)));
    }
    rows.extend(checks(sides));
    rows.push(row("against the fastest", |side| standing(&side.standing)));
    rows
}

type StepCell = fn(&StepFigures) -> String;

const STEPS: [(&str, StepCell); 9] = [
    ("steps measured", |steps| steps.count.to_string()),
    ("warm-up left out", |steps| steps.warmup.to_string()),
    ("ms a step", |steps| {
        steps.interval.map_or_else(|| MISSING_ASCII.to_owned(), |interval| three_digits(interval.typical_ms))
    }),
    ("  from, to", |steps| steps.interval.map_or_else(|| MISSING_ASCII.to_owned(), ends)),
    ("  single: median, p95", |steps| format!("{}, {}", three_digits(steps.median_ms), three_digits(steps.p95_ms))),
    ("  single: min, max", |steps| format!("{}, {}", three_digits(steps.min_ms), three_digits(steps.max_ms))),
    ("steps a second", |steps| format!("{:.2}", steps.per_second)),
    ("CPU ms a step", |steps| steps.cpu_ms.map_or_else(|| MISSING_ASCII.to_owned(), three_digits)),
    ("seconds measured", |steps| format!("{:.1}", steps.seconds)),
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
    let rows = comparison.groups.iter();
    rows.map(|group| (clean(&group.label), group.sides.iter().map(cell).collect())).collect()
}

/// What differs.
pub(crate) fn differences(comparison: &Comparison) -> Vec<CompareRow> {
    let rows = comparison.differences.iter();
    rows.map(|row| (clean(&row.what), row.values.iter().map(|value| clean(value)).collect())).collect()
}

/// What can be compared, whether, and why not; nothing where all of it can.
pub(crate) fn comparable(comparison: &Comparison) -> Vec<[String; 3]> {
    let word = |answer| match answer {
        ComparableAnswer::Yes => "yes",
        ComparableAnswer::WithCare => "with care",
        ComparableAnswer::No => "no",
    };
    let row = |part: &ComparablePart| [part.what.to_owned(), word(part.answer).to_owned(), clean(&part.why)];
    match comparison.comparable.iter().all(|part| part.answer == ComparableAnswer::Yes) {
        true => Vec::new(),
        false => comparison.comparable.iter().map(row).collect(),
    }
}

/// The verdict: its headline and the sentence behind it.
pub fn verdict(verdict: &ComparisonResult) -> (&'static str, String) {
    match verdict {
        ComparisonResult::Winner { side, by } => {
            let by = format!("a step takes {} as long on the next best", times(*by));
            ("FASTER", format!("{}: {by}", clean(side)))
        }
        ComparisonResult::NoDifference { why } => ("NO DIFFERENCE SHOWN", clean(why)),
        ComparisonResult::NoRanking { why } => ("NO RANKING", clean(why)),
    }
}

/// What was left out, in words.
pub(crate) fn warmup(warmup: Warmup) -> String {
    match warmup {
        Warmup::Usual => "the first tenth of each run's steps, at least 5, is warm-up and left out".to_owned(),
        Warmup::Steps(steps) => format!("the first {steps} steps of each run are warm-up and left out"),
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
    let row = |cap| (format!("cap {cap}"), sides.iter().map(|side| cell(side, cap)).collect());
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
        Ranking::Slower { by } => times(*by),
        Ranking::NotRanked { .. } => "not ranked".to_owned(),
        Ranking::Unknown => MISSING_ASCII.to_owned(),
    }
}

fn times(by: Ratio) -> String {
    format!("{:.2} times ({:.2}-{:.2})", by.typical, by.low, by.high)
}

fn ends(interval: Interval) -> String {
    format!("{}, {}", three_digits(interval.low_ms), three_digits(interval.high_ms))
}
