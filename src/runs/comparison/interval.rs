//! Where a side's time a step lies, by the rules.

use crate::runs::comparison::rules::{ENOUGH_RUNS, MANY_RUNS, outside_interval};
use crate::runs::comparison::types::Interval;
use crate::runs::stats::spread::{Spread, sorted};
use crate::runs::stats::step_times::StepTimes;

/// Blocks hang together at most so much: more can't be told from so few.
const MOST_CORRELATION: f64 = 0.95;

/// An interval, and how much the difference to another side must exceed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Extent {
    pub interval: Interval,
    pub spread_ms: f64,
}

/// Of the runs' steps; none without runs, or where one or two are too short to have a spread.
pub(crate) fn extent(runs: &[&StepTimes]) -> Option<Extent> {
    let typical: Vec<f64> = runs.iter().map(|run| run.typical_ms()).collect();
    let middle = Spread::of(typical.iter().copied())?.median;
    if runs.len() >= MANY_RUNS {
        let (rising, outside) = (sorted(typical), outside_interval(runs.len()));
        let (low_ms, high_ms) = (*rising.get(outside)?, *rising.get(rising.len().checked_sub(outside + 1)?)?);
        return Some(Extent { interval: Interval { typical_ms: middle, low_ms, high_ms }, spread_ms: 0.0 });
    }
    let ends: Vec<(f64, f64)> = if runs.len() >= ENOUGH_RUNS {
        typical.iter().map(|&ms| (ms, ms)).collect()
    } else {
        let ends = runs.iter().map(|run| ends(run, runs.len()));
        ends.collect::<Option<_>>()?
    };
    let low_ms = ends.iter().map(|(low, _)| *low).reduce(f64::min)?.max(0.0);
    let high_ms = ends.iter().map(|(_, high)| *high).reduce(f64::max)?;
    let within = Spread::of(runs.iter().filter_map(|run| Some(run.spread_ms?.width())));
    let spread_ms = (high_ms - low_ms).max(within.map_or(0.0, |within| within.median));
    Some(Extent { interval: Interval { typical_ms: middle, low_ms, high_ms }, spread_ms })
}

/// From where to where one run's blocks lie.
fn ends(run: &StepTimes, runs: usize) -> Option<(f64, f64)> {
    let spread = run.spread_ms?;
    let blocks = &run.blocks_ms;
    let quarters = (0..4).filter_map(|at| blocks.get(at * blocks.len() / 4..(at + 1) * blocks.len() / 4));
    let medians = quarters.filter_map(|quarter| Some(Spread::of(quarter.iter().copied())?.median));
    let (low, high) = medians.fold((spread.low, spread.high), |(low, high), ms| (low.min(ms), high.max(ms)));
    let widened = if runs == 1 { widening(blocks, spread.median) } else { 1.0 };
    Some((spread.median - (spread.median - low) * widened, spread.median + (high - spread.median) * widened))
}

fn widening(blocks: &[f64], median: f64) -> f64 {
    let r = correlation(blocks, median).clamp(0.0, MOST_CORRELATION);
    ((1.0 + r) / (1.0 - r)).sqrt()
}

/// Of each block with the next, about the median; single outliers are cut to the values beside them, or they would hide it.
fn correlation(blocks: &[f64], median: f64) -> f64 {
    let sorted = sorted(blocks.iter().copied());
    let cut = sorted.len() / 20;
    let ends = (sorted.get(cut), sorted.len().checked_sub(cut + 1).and_then(|at| sorted.get(at)));
    let (Some(&low), Some(&high)) = ends else { return 0.0 };
    let off: Vec<f64> = blocks.iter().map(|block| block.clamp(low, high) - median).collect();
    let all: f64 = off.iter().map(|off| off * off).sum();
    let together: f64 = off.windows(2).map(|pair| pair[0] * pair[1]).sum();
    if all > 0.0 { together / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(blocks_ms: Vec<f64>) -> StepTimes {
        StepTimes { spread_ms: Spread::of(blocks_ms.iter().copied()), blocks_ms, ..StepTimes::default() }
    }

    #[test]
    fn a_run_that_drifts_has_a_wider_interval_than_one_that_jitters_as_much() {
        let drifting = run((0..20).map(|at| 100.0 + f64::from(at)).collect());
        let jittering = run((0..20).map(|at| 100.0 + f64::from(at * 7 % 20)).collect());
        let width = |run: &StepTimes| extent(&[run]).unwrap().spread_ms;
        assert!(width(&drifting) > 1.9 * width(&jittering), "{} {}", width(&drifting), width(&jittering));
    }

    #[test]
    fn three_runs_span_an_interval_even_where_each_is_too_short_for_one() {
        let short = |mean_ms| StepTimes { mean_ms, ..StepTimes::default() };
        let (a, b, c) = (short(10.0), short(12.0), short(11.0));
        let found = extent(&[&a, &b, &c]).unwrap();
        assert_eq!(found.interval, Interval { typical_ms: 11.0, low_ms: 10.0, high_ms: 12.0 });
        assert_eq!(extent(&[&a, &b]), None);
        assert_eq!(extent(&[]), None);
    }

    #[test]
    fn blocks_without_any_variation_correlate_with_nothing() {
        assert_eq!(correlation(&[5.0; 9], 5.0), 0.0);
        assert_eq!(correlation(&[], 5.0), 0.0);
    }
}
