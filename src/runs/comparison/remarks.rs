//! What to bear in mind when reading a comparison.

use crate::data::Gap;
use crate::data::scene::CheckOutcome as Answer;
use crate::runs::comparison::differences;
use crate::runs::comparison::rules::{BUSY_SHARE, ENOUGH_RUNS, STALLS};
use crate::runs::comparison::types::{ComparedSide, SideFigures};
use crate::runs::stats::step_times::SPREAD_OF_STEP_TIMES;

/// In the order of the sides.
pub(crate) fn remarks(sides: &[ComparedSide], figures: &[SideFigures]) -> Vec<String> {
    let mut remarks = Vec::new();
    let fewest = sides.iter().map(|side| side.runs.len()).min().unwrap_or(0);
    if fewest < ENOUGH_RUNS {
        let runs = if fewest == 1 { "one run".to_owned() } else { format!("{fewest} runs") };
        remarks.push(format!("{runs} a side is weak evidence: {ENOUGH_RUNS} or more, taking turns, say more"));
    }
    remarks.extend(one_after_the_other(sides));
    for (side, figures) in sides.iter().zip(figures) {
        let label = &side.label;
        let differing = differences::within(side);
        if !differing.is_empty() {
            remarks.push(format!("the runs of {label} are no repeats of one another: {} differ", differing.join(", ")));
        }
        if let (Some(neighbours), Some(of)) = (figures.neighbours, figures.neighbours_of)
            && neighbours.median > BUSY_SHARE * f64::from(of)
        {
            let median = neighbours.median;
            remarks.push(format!("the machine was busy beside {label}: neighbours took {median:.2} of {of} CPUs"));
        }
        if let Some((steps, interval)) = figures.steps.and_then(|steps| Some((steps, steps.interval?)))
            && steps.mean_ms > STALLS * interval.typical_ms
        {
            let (mean, typical) = (steps.mean_ms, interval.typical_ms);
            remarks.push(format!(
                "{label} stalled: a step took {mean:.1} ms on average, {typical:.1} ms in the median block"
            ));
        }
        for check in figures.checks.iter().filter(|check| check.outcome == Answer::Exceeded) {
            remarks.push(format!(
                "{label} did not run as capped: {}={} was exceeded by {}",
                check.cap, check.value, check.message
            ));
        }
        // Several runs span an interval, however short each is.
        let needed = |gap: &&Gap| side.runs.len() < ENOUGH_RUNS || gap.what != SPREAD_OF_STEP_TIMES;
        remarks.extend(figures.gaps.iter().filter(needed).map(|gap| format!("{label}: no {}: {}", gap.what, gap.why)));
    }
    remarks
}

/// Whatever changes on a machine with time looks like a difference between sides that did not take turns.
fn one_after_the_other(sides: &[ComparedSide]) -> Option<String> {
    let span = |side: &ComparedSide| {
        let began = || side.runs.iter().map(|run| run.began_unix_s).filter(|&at| at > 0);
        Some((began().min()?, began().max()?))
    };
    let mut spans: Vec<(u64, u64)> = sides.iter().map(span).collect::<Option<_>>()?;
    spans.sort_unstable();
    let repeated = sides.iter().all(|side| side.runs.len() > 1);
    let apart = spans.windows(2).all(|pair| pair[0].1 < pair[1].0);
    (repeated && apart).then(|| {
        "the sides did not take turns: whatever changed on the machine meanwhile looks like a difference".to_owned()
    })
}
