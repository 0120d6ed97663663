//! A run beside the one that it replaced, judged by the rules of every comparison.

use crate::data::limits::Caps;
use crate::data::sample::{Pace, ReplacedRun, SpeedChange};
use crate::runs::comparison::types::{ComparedSide, ComparisonResult, SideFigures};
use crate::runs::comparison::{figures, judge};
use crate::runs::stats::run_stats::RunStats;

/// Seconds of steps of the new run, its warm-up left out, from which on they are compared.
const COMPARED_S: f64 = 10.0;
/// What the sides are called where a reason names them.
const BEFORE: &str = "the run before";
const NOW: &str = "this run";

/// A run that was replaced.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RunBefore {
    /// The caps it had by tftop; empty: none.
    pub caps: Caps,
    /// What it came to.
    pub stats: RunStats,
}

/// How the run that replaced it stands to it.
pub(crate) fn replaced(before: &RunBefore, now: &RunStats) -> ReplacedRun {
    let pace = |stats: &RunStats| Pace {
        steps_per_s: stats.steps.as_ref().map(|steps| 1000.0 / steps.typical_ms()).filter(|rate| rate.is_finite()),
        got: stats.demand.map(|demand| demand.got),
        seconds: stats.seconds,
    };
    ReplacedRun { caps: before.caps, before: pace(&before.stats), now: pace(now), change: change(&before.stats, now) }
}

fn change(before: &RunStats, now: &RunStats) -> SpeedChange {
    // Without steps nothing says where the warm-up of the new run ends.
    if now.steps.is_none() || now.seconds < COMPARED_S {
        return SpeedChange::TooSoon;
    }
    if before.steps.is_none() {
        return SpeedChange::NotComparable { why: "steps were not counted before".to_owned() };
    }
    let side = |label: &str, run: &RunStats| ComparedSide::new(label, vec![run.clone()]);
    let sides = [side(BEFORE, before), side(NOW, now)];
    let mut figures: Vec<SideFigures> = figures::of(&sides);
    match judge::judge(&sides, &mut figures) {
        ComparisonResult::Winner { side, .. } if side == NOW => SpeedChange::Faster,
        ComparisonResult::Winner { .. } => SpeedChange::Slower,
        ComparisonResult::NoDifference { why } => SpeedChange::NoDifference { why },
        ComparisonResult::NoRanking { why } => SpeedChange::NotComparable { why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::StepSource;
    use crate::data::scene::Demand;
    use crate::runs::stats::run_stats::{Neighbours, UsedMarks};
    use crate::runs::stats::spread::Spread;
    use crate::runs::stats::step_times::StepTimes;

    /// A calm run of 12 blocks that differ by 1 %.
    fn run(ms: f64, seconds: f64) -> RunStats {
        let blocks_ms: Vec<f64> = (0..12).map(|at| ms * (1.0 + 0.01 * f64::from(at % 2))).collect();
        let steps = StepTimes {
            mean_ms: ms,
            spread_ms: Spread::of(blocks_ms.iter().copied()),
            blocks_ms,
            ..StepTimes::default()
        };
        RunStats {
            seconds,
            steps: Some(steps),
            marks: Some(UsedMarks { source: StepSource::Keras, streams: 1, left_out: 0 }),
            neighbours: Some(Neighbours { of: 4, of_allowed: 4, ..Neighbours::default() }),
            demand: Some(Demand::new(1.5, 0.5)),
            ..RunStats::default()
        }
    }

    fn of(before: RunStats, now: &RunStats) -> SpeedChange {
        replaced(&RunBefore { stats: before, caps: Caps::default() }, now).change
    }

    #[test]
    fn faster_and_slower_need_a_difference_that_is_shown() {
        assert_eq!(of(run(10.0, 30.0), &run(7.0, 10.0)), SpeedChange::Faster);
        assert_eq!(of(run(7.0, 30.0), &run(10.0, 10.0)), SpeedChange::Slower);
        assert!(matches!(of(run(10.0, 30.0), &run(9.5, 10.0)), SpeedChange::NoDifference { .. }));
        let pace = replaced(&RunBefore { stats: run(10.0, 30.0), ..RunBefore::default() }, &run(5.0, 10.0));
        assert!(pace.ratio().is_some_and(|ratio| (ratio - 2.0).abs() < 0.01), "{pace:?}");
    }

    #[test]
    fn ten_seconds_of_the_new_run_are_waited_for() {
        assert_eq!(of(run(10.0, 30.0), &run(7.0, 9.9)), SpeedChange::TooSoon);
        assert_eq!(of(run(10.0, 30.0), &RunStats { steps: None, ..run(7.0, 60.0) }), SpeedChange::TooSoon);
    }

    #[test]
    fn what_can_not_be_compared_says_why() {
        let uncounted = RunStats { steps: None, ..run(10.0, 30.0) };
        let why = |change| match change {
            SpeedChange::NotComparable { why } => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why(of(uncounted, &run(7.0, 10.0))), "steps were not counted before");
        let beside = Neighbours {
            allowed_cpus: Spread { low: 1.0, median: 1.0, high: 1.0 },
            of: 4,
            of_allowed: 4,
            ..Neighbours::default()
        };
        let crowded = RunStats { neighbours: Some(beside), ..run(7.0, 10.0) };
        assert!(why(of(run(10.0, 30.0), &crowded)).starts_with("neighbours differed"));
        let short = RunStats {
            steps: run(10.0, 2.0).steps.map(|steps| StepTimes { spread_ms: None, ..steps }),
            ..run(10.0, 2.0)
        };
        assert!(why(of(short, &run(7.0, 10.0))).starts_with("the run before: "));
    }
}
