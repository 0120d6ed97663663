//! Who is faster: each side against the fastest, and what follows for all.

use crate::data::sample::StepSource;
use crate::runs::comparison::interval;
use crate::runs::comparison::interval::Extent;
use crate::runs::comparison::rules::{
    ALIKE_SHARE, ENOUGH_RUNS, FEW_TURNS_DIFFERENCE, SIGN_TEST_RUNS, least_difference, outside_interval,
};
use crate::runs::comparison::types::{ComparedSide, ComparisonResult, Ranking, Ratio, SideFigures};
use crate::runs::stats::spread::{Spread, sorted};
use crate::runs::stats::step_times::{SPREAD_OF_STEP_TIMES, STEP_TIMES, StepTimes};

/// Fills in how each side stands, and says what that comes to.
pub(crate) fn judge(sides: &[ComparedSide], figures: &mut [SideFigures]) -> ComparisonResult {
    let extents: Vec<Option<Extent>> = sides.iter().map(extent).collect();
    let order = |a: &usize, b: &usize| {
        let typical = |at: usize| extents[at].map_or(f64::INFINITY, |extent| extent.interval.typical_ms);
        typical(*a).total_cmp(&typical(*b)).then_with(|| sides[*a].label.cmp(&sides[*b].label))
    };
    let mut by_speed: Vec<usize> = (0..sides.len()).filter(|&at| extents[at].is_some()).collect();
    by_speed.sort_by(order);
    let Some(&fastest) = by_speed.first() else {
        return ComparisonResult::NoRanking { why: why_without_interval(sides.first()) };
    };
    for at in 0..sides.len() {
        let standing = match (at == fastest, extents[fastest].zip(extents[at])) {
            (true, _) => Ranking::Fastest,
            (false, None) => Ranking::NotRanked { why: why_without_interval(sides.get(at)) },
            (false, Some((fast, slow))) => {
                let runs = sides[fastest].runs.len().min(sides[at].runs.len());
                let ratios = paired(&sides[fastest], &sides[at]);
                let stand = || ratios.map_or_else(|| stand(fast, slow, runs), |ratios| stand_paired(&ratios, fast));
                why_not_comparable((&sides[fastest], &figures[fastest]), (&sides[at], &figures[at]))
                    .map_or_else(stand, |why| Ranking::NotRanked { why })
            }
        };
        figures[at].standing = unless_stalls_say_otherwise(standing, &figures[fastest], &figures[at]);
    }
    verdict(fastest, &by_speed, figures)
}

fn verdict(fastest: usize, by_speed: &[usize], figures: &[SideFigures]) -> ComparisonResult {
    let unranked: Vec<&str> = figures
        .iter()
        .filter_map(|side| match &side.standing {
            Ranking::NotRanked { why } => Some(why.as_str()),
            _ => None,
        })
        .collect();
    if figures.len() < 2 {
        return ComparisonResult::NoRanking { why: "there is only one side".to_owned() };
    }
    if let Some(first) = unranked.first() {
        let more = match unranked.len() - 1 {
            0 => String::new(),
            1 => "; and one more side can't be ranked".to_owned(),
            more => format!("; and {more} more sides can't be ranked"),
        };
        return ComparisonResult::NoRanking { why: format!("{first}{more}") };
    }
    let mut alike = by_speed.iter().filter_map(|&at| match &figures[at].standing {
        Ranking::NoDifference { why } => Some((at, why)),
        _ => None,
    });
    if let Some((second, why)) = alike.next() {
        let others = alike.count();
        let why = match figures.len() {
            2 => why.clone(),
            _ if others == 0 => {
                format!("{} and {} lead: {why}", figures[fastest].label, figures[second].label)
            }
            _ => format!("{} leads {} sides without a shown difference: {why}", figures[fastest].label, others + 1),
        };
        return ComparisonResult::NoDifference { why };
    }
    let by = by_speed.get(1).and_then(|&second| match figures[second].standing {
        Ranking::Slower { by } => Some(by),
        _ => None,
    });
    ComparisonResult::Winner { side: figures[fastest].label.clone(), by: by.unwrap_or_default() }
}

fn extent(side: &ComparedSide) -> Option<Extent> {
    let steps: Option<Vec<&StepTimes>> = side.runs.iter().map(|run| run.steps.as_ref()).collect();
    interval::extent(&steps?)
}

/// Two sides that can be compared.
fn stand(fast: Extent, slow: Extent, runs: usize) -> Ranking {
    let (a, b) = (fast.interval, slow.interval);
    let ratio = |slow_ms: f64, fast_ms: f64| if fast_ms > 0.0 { slow_ms / fast_ms } else { 1.0 };
    let by = Ratio {
        typical: ratio(b.typical_ms, a.typical_ms),
        low: ratio(b.low_ms, a.high_ms),
        high: ratio(b.high_ms, a.low_ms),
    };
    let least = least_difference(runs);
    let spread_ms = fast.spread_ms.max(slow.spread_ms);
    let difference_ms = b.typical_ms - a.typical_ms;
    let percent = (by.typical - 1.0) * 100.0;
    if difference_ms <= 0.0 {
        return Ranking::NoDifference { why: "their steps take the same time".to_owned() };
    }
    if b.low_ms <= a.high_ms {
        let why = format!(
            "{difference_ms:.2} ms a step ({percent:.0} %), but the ranges overlap: {:.2} to {:.2} and {:.2} to {:.2} ms",
            a.low_ms, a.high_ms, b.low_ms, b.high_ms
        );
        return Ranking::NoDifference { why };
    }
    if difference_ms <= spread_ms {
        let why = format!("{difference_ms:.2} ms a step ({percent:.0} %) is within the spread of {spread_ms:.2} ms");
        return Ranking::NoDifference { why };
    }
    if by.typical < 1.0 + least {
        let of = if runs == 1 { "one run".to_owned() } else { format!("{runs} runs") };
        let why =
            format!("{percent:.0} % is too little to be sure of with {of} a side: it takes {:.0} %", least * 100.0);
        return Ranking::NoDifference { why };
    }
    Ranking::Slower { by }
}

/// How many times as long a step took on the second side as on the first, in each round in which both had a turn, from the least
/// to the most; none where they did not take turns, or too rarely.
fn paired(fast: &ComparedSide, slow: &ComparedSide) -> Option<Vec<f64>> {
    let (from_fast, from_slow) = (fast.turns_from?, slow.turns_from?);
    let turns = |side: &ComparedSide, skipped: usize| -> Option<Vec<f64>> {
        side.runs.iter().skip(skipped).map(|turn| Some(turn.steps.as_ref()?.typical_ms())).collect()
    };
    let first = from_fast.max(from_slow);
    let pairs = turns(slow, first - from_slow)?.into_iter().zip(turns(fast, first - from_fast)?);
    let ratios = sorted(pairs.filter(|&(_, fast_ms)| fast_ms > 0.0).map(|(slow_ms, fast_ms)| slow_ms / fast_ms));
    (ratios.len() >= ENOUGH_RUNS).then_some(ratios)
}

/// Two sides that took turns, by the turns of each round: what the machine did to a round it did to both.
fn stand_paired(ratios: &[f64], fast: Extent) -> Ranking {
    let (rounds, outside) = (ratios.len(), outside_interval(ratios.len()));
    let Some(typical) = Spread::of(ratios.iter().copied()).map(|spread| spread.median) else { return Ranking::Unknown };
    let at = |at: usize| ratios.get(at).copied().unwrap_or(typical);
    let by = Ratio { typical, low: at(outside), high: at(rounds - 1 - outside) };
    let percent = (by.typical - 1.0) * 100.0;
    if by.typical <= 1.0 {
        return Ranking::NoDifference { why: "their steps take the same time".to_owned() };
    }
    let difference = format!("{:.2} ms a step ({percent:.0} %)", (by.typical - 1.0) * fast.interval.typical_ms);
    if by.low <= 1.0 {
        let longer = ratios.iter().filter(|&&ratio| ratio > 1.0).count();
        return Ranking::NoDifference { why: format!("{difference}, but only in {longer} of {rounds} rounds") };
    }
    let least = if rounds < SIGN_TEST_RUNS { FEW_TURNS_DIFFERENCE } else { least_difference(rounds) };
    if by.typical < 1.0 + least {
        let why = format!(
            "{percent:.0} % is too little to be sure of after {rounds} rounds: it takes {:.0} %",
            least * 100.0
        );
        return Ranking::NoDifference { why };
    }
    Ranking::Slower { by }
}

/// Who is faster in most blocks and slower in all has stalls: neither counts for more than the other.
fn unless_stalls_say_otherwise(standing: Ranking, fast: &SideFigures, slow: &SideFigures) -> Ranking {
    let (Some(a), Some(b)) = (fast.steps, slow.steps) else { return standing };
    match standing {
        Ranking::Slower { .. } if b.mean_ms < a.mean_ms => Ranking::NoDifference {
            why: format!(
                "{}'s usual step is shorter, but with its stalls a step takes {:.1} ms on average, on {} {:.1} ms",
                fast.label, a.mean_ms, slow.label, b.mean_ms
            ),
        },
        other => other,
    }
}

fn why_without_interval(side: Option<&ComparedSide>) -> String {
    let Some(side) = side else { return "there is nothing to compare".to_owned() };
    let gaps = side.runs.iter().flat_map(|run| &run.gaps);
    let about_steps = [STEP_TIMES, SPREAD_OF_STEP_TIMES];
    let gap = gaps.filter(|gap| about_steps.contains(&gap.what.as_str())).min_by_key(|gap| gap.what != about_steps[0]);
    gap.map_or_else(|| format!("{}: there are no steps", side.label), |gap| format!("{}: {}", side.label, gap.why))
}

/// Why two sides can't be compared, whatever their step times are.
fn why_not_comparable(a: (&ComparedSide, &SideFigures), b: (&ComparedSide, &SideFigures)) -> Option<String> {
    let mut sources: Vec<(StepSource, &str)> = Vec::new();
    for side in [a.0, b.0] {
        sources.extend(side.runs.iter().filter_map(|run| Some((run.marks?.source, side.label.as_str()))));
    }
    sources.sort_unstable();
    if let (Some(first), Some(last)) = (sources.first(), sources.last())
        && first.0 != last.0
    {
        let (one, other) = (in_words(first.0), in_words(last.0));
        return Some(format!("their steps are not the same thing: {one} on {}, {other} on {}", first.1, last.1));
    }
    let (Some(beside_a), Some(beside_b), Some(of)) = (a.1.neighbours, b.1.neighbours, a.1.neighbours_of) else {
        return Some("what neighbours took is not known on both sides".to_owned());
    };
    let most = ALIKE_SHARE * f64::from(of);
    ((beside_a.median - beside_b.median).abs() > most).then(|| {
        let mut labelled = [(&a.1.label, beside_a.median), (&b.1.label, beside_b.median)];
        labelled.sort_by(|a, b| a.0.cmp(b.0));
        let [(one, cpus_one), (other, cpus_other)] = labelled;
        format!(
            "neighbours differed: they took {cpus_one:.2} of {of} CPUs beside {one} and {cpus_other:.2} beside {other}; \
             {most:.2} is the most that counts as alike"
        )
    })
}

fn in_words(source: StepSource) -> &'static str {
    match source {
        StepSource::Keras => "Keras's batches",
        StepSource::Iterator => "turns of a loop over an iterator",
        StepSource::Session => "calls of Session.run",
        StepSource::Function => "calls of a tf.function",
    }
}
