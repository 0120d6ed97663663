//! Verdicts: equal sides never win by chance alone, a true difference does, and what can't be compared is not.

use proptest::prelude::*;

use super::*;
use crate::data::Gap;
use crate::data::limits::{CapKind, Caps};
use crate::data::sample::StepSource;
use crate::runs::comparison::types::{ComparisonResult, Ranking};
use crate::runs::stats::run_stats::{Neighbours, RunStats, UsedMarks};
use crate::runs::stats::spread::Spread;
use crate::runs::stats::step_times::StepTimes;

/// Numbers that look random and are the same each time (splitmix64).
struct Chance(u64);

impl Chance {
    fn number(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal, with a deviation of 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.number()).sum::<f64>() - 6.0
    }
}

/// How runs vary, as shares of the step time.
#[derive(Clone, Copy, Debug)]
struct Noise {
    block: f64,
    /// From block to block.
    correlation: f64,
    run: f64,
    /// Over a whole run.
    drift: f64,
}

const CALM: Noise = Noise { block: 0.02, correlation: 0.3, run: 0.01, drift: 0.0 };

fn run(step_ms: f64, noise: Noise, chance: &mut Chance) -> RunStats {
    let level = 1.0 + noise.run * chance.normal();
    let slope = noise.drift * chance.normal();
    let mut off = noise.block * chance.normal();
    let block = |at: i32| {
        let fresh = (1.0 - noise.correlation * noise.correlation).sqrt();
        off = noise.correlation * off + fresh * noise.block * chance.normal();
        let burst = if chance.number() < 0.05 { 1.5 } else { 1.0 };
        (step_ms * level * (1.0 + off + slope * (f64::from(at) / 19.0 - 0.5)) * burst).max(step_ms * 0.2)
    };
    let blocks_ms: Vec<f64> = (0..20).map(block).collect();
    outcome(blocks_ms)
}

fn outcome(blocks_ms: Vec<f64>) -> RunStats {
    let spread_ms = Spread::of(blocks_ms.iter().copied());
    let mean_ms = blocks_ms.iter().sum::<f64>() / blocks_ms.len() as f64;
    let cpus = Spread { low: 0.1, median: 0.2, high: 0.3 };
    RunStats {
        marks: Some(UsedMarks { source: StepSource::Keras, streams: 1, left_out: 0 }),
        steps: Some(StepTimes {
            count: 200,
            median_ms: blocks_ms[0],
            mean_ms,
            blocks_ms,
            spread_ms,
            ..StepTimes::default()
        }),
        neighbours: Some(Neighbours { cpus, of: 2, allowed_cpus: cpus, of_allowed: 2 }),
        cpu_ms_per_step: Some(3.0),
        seconds: 30.0,
        ..RunStats::default()
    }
}

fn side(label: &str, runs: usize, step_ms: f64, noise: Noise, chance: &mut Chance) -> ComparedSide {
    ComparedSide::new(label, (0..runs).map(|_| run(step_ms, noise, chance)).collect())
}

fn winners(runs: usize, other_ms: f64, noise: Noise, pairs: usize) -> usize {
    let mut chance = Chance(runs as u64 + 7);
    let won = |chance: &mut Chance| {
        let sides = [side("a", runs, 100.0, noise, chance), side("b", runs, other_ms, noise, chance)];
        matches!(compare(&sides).verdict, ComparisonResult::Winner { .. })
    };
    (0..pairs).filter(|_| won(&mut chance)).count()
}

#[test]
fn equal_sides_have_a_winner_in_at_most_one_of_twenty_cases_however_they_drift() {
    let noises = [
        Noise { block: 0.05, correlation: 0.0, run: 0.0, drift: 0.0 },
        Noise { block: 0.05, correlation: 0.7, run: 0.03, drift: 0.1 },
        Noise { block: 0.05, correlation: 0.95, run: 0.0, drift: 0.0 },
        Noise { block: 0.10, correlation: 0.9, run: 0.0, drift: 0.3 },
        Noise { block: 0.02, correlation: 0.5, run: 0.05, drift: 0.0 },
        Noise { block: 0.05, correlation: 0.9, run: 0.05, drift: 0.2 },
    ];
    for noise in noises {
        for runs in [1, 2, 3] {
            let won = winners(runs, 100.0, noise, 300);
            assert!(won <= 15, "{won} of 300 with {runs} runs a side and {noise:?}");
        }
    }
}

#[test]
fn twice_as_fast_is_a_winner() {
    for noise in [CALM, Noise { block: 0.05, correlation: 0.7, run: 0.03, drift: 0.05 }] {
        for runs in [1, 2, 3, 5] {
            let won = winners(runs, 200.0, noise, 200);
            assert!(won >= 190, "{won} of 200 with {runs} runs a side and {noise:?}");
        }
    }
    let mut chance = Chance(3);
    let sides = [side("slow", 3, 200.0, CALM, &mut chance), side("fast", 3, 100.0, CALM, &mut chance)];
    let ComparisonResult::Winner { side, by } = compare(&sides).verdict else {
        panic!("{:?}", compare(&sides).verdict)
    };
    assert_eq!(side, "fast");
    assert!(by.low <= by.typical && by.typical <= by.high && (1.8..2.2).contains(&by.typical), "{by:?}");
}

#[test]
fn a_tenth_more_takes_three_runs_to_show() {
    assert!(winners(1, 110.0, CALM, 200) == 0);
    assert!(winners(3, 110.0, CALM, 200) > 180);
}

#[test]
fn different_neighbours_forbid_a_ranking() {
    let mut chance = Chance(5);
    let mut sides = [side("a", 3, 100.0, CALM, &mut chance), side("b", 3, 200.0, CALM, &mut chance)];
    for run in &mut sides[1].runs {
        let busy = Spread { low: 0.9, median: 1.0, high: 1.1 };
        run.neighbours = Some(Neighbours { cpus: busy, of: 2, allowed_cpus: busy, of_allowed: 2 });
    }
    let comparison = compare(&sides);
    let ComparisonResult::NoRanking { why } = &comparison.verdict else { panic!("{:?}", comparison.verdict) };
    assert!(why.contains("0.20 of 2 CPUs beside a and 1.00 beside b"), "{why}");
    assert!(comparison.remarks.iter().any(|remark| remark.contains("busy beside b")), "{:?}", comparison.remarks);
}

#[test]
fn a_side_that_is_fast_but_for_its_stalls_is_not_the_winner() {
    let mut chance = Chance(5);
    let mut sides = [side("steady", 3, 120.0, CALM, &mut chance), side("stalling", 3, 100.0, CALM, &mut chance)];
    for run in &mut sides[1].runs {
        run.steps.as_mut().unwrap().mean_ms = 200.0;
    }
    let comparison = compare(&sides);
    let ComparisonResult::NoDifference { why } = &comparison.verdict else { panic!("{:?}", comparison.verdict) };
    assert!(why.contains("stalling's usual step is shorter"), "{why}");
    assert!(comparison.remarks.iter().any(|remark| remark.contains("stalling stalled")), "{:?}", comparison.remarks);
}

#[test]
fn what_is_no_step_of_the_same_kind_or_no_step_at_all_is_not_ranked() {
    let mut chance = Chance(5);
    let a = side("a", 3, 100.0, CALM, &mut chance);
    let mut b = side("b", 3, 200.0, CALM, &mut chance);
    b.runs[0].marks = Some(UsedMarks { source: StepSource::Iterator, ..UsedMarks::default() });
    let verdict = compare(&[a.clone(), b.clone()]).verdict;
    assert!(
        matches!(&verdict, ComparisonResult::NoRanking { why } if why.contains("not the same thing")),
        "{verdict:?}"
    );
    b.runs[1].steps = None;
    b.runs[1].gaps = vec![Gap::new("step times", "no step marks: the shim did not attach")];
    let verdict = compare(&[a, b]).verdict;
    assert!(matches!(&verdict, ComparisonResult::NoRanking { why } if why.contains("b: no step marks")), "{verdict:?}");
}

#[test]
fn of_three_sides_the_two_that_lead_are_named_and_the_slow_one_is_slower() {
    let mut chance = Chance(11);
    let named = [("x", 100.0), ("y", 100.5), ("z", 300.0)];
    let sides: Vec<ComparedSide> = named.map(|(label, ms)| side(label, 3, ms, CALM, &mut chance)).into();
    let comparison = compare(&sides);
    let ComparisonResult::NoDifference { why } = &comparison.verdict else { panic!("{:?}", comparison.verdict) };
    assert!(why.contains("x and y lead") || why.contains("y and x lead"), "{why}");
    assert!(matches!(comparison.sides[2].standing, Ranking::Slower { .. }), "{:?}", comparison.sides[2].standing);
}

#[test]
fn what_differs_is_listed_and_repeats_that_differ_are_said() {
    let mut chance = Chance(1);
    let mut sides = [side("a", 2, 100.0, CALM, &mut chance), side("b", 2, 100.0, CALM, &mut chance)];
    for run in &mut sides[1].runs {
        run.context.caps = Caps::of([(CapKind::Intra, 1)]);
        run.context.versions.tensorflow = Some("2.21.0".into());
    }
    sides[1].runs[0].context.command = "python other.py".to_owned();
    let comparison = compare(&sides);
    let listed: Vec<(&str, &str, &str)> =
        comparison.differences.iter().map(|d| (d.what.as_str(), d.values[0].as_str(), d.values[1].as_str())).collect();
    let expected = [("command", "-", "- | python other.py"), ("caps", "-", "intra=1"), ("TensorFlow", "-", "2.21.0")];
    assert_eq!(listed, expected);
    assert!(comparison.remarks.iter().any(|r| r == "the runs of b are no repeats of one another: command differ"));
}

#[test]
fn nothing_to_compare_is_no_ranking() {
    assert!(matches!(compare(&[]).verdict, ComparisonResult::NoRanking { .. }));
    let empty = [ComparedSide::new("a", vec![]), ComparedSide::new("b", vec![RunStats::default()])];
    assert!(matches!(compare(&empty).verdict, ComparisonResult::NoRanking { .. }));
}

proptest! {
    #[test]
    fn the_order_of_sides_and_of_runs_changes_no_verdict(
        seed in any::<u64>(), runs in 1_usize..5, other_ms in 80.0_f64..200.0, third_ms in 80.0_f64..200.0,
    ) {
        let mut chance = Chance(seed);
        let named = [("a", 100.0), ("b", other_ms), ("c", third_ms)];
        let mut sides: Vec<ComparedSide> = named.map(|(label, ms)| side(label, runs, ms, CALM, &mut chance)).into();
        let forward = compare(&sides);
        sides.reverse();
        sides.iter_mut().for_each(|side| side.runs.reverse());
        let backward = compare(&sides);
        prop_assert_eq!(&forward.verdict, &backward.verdict);
        let standings = |comparison: &Comparison| -> Vec<Ranking> {
            comparison.sides.iter().map(|side| side.standing.clone()).collect()
        };
        let mut reversed = standings(&backward);
        reversed.reverse();
        prop_assert_eq!(standings(&forward), reversed);
    }

    #[test]
    fn garbage_from_a_file_makes_no_panic(
        blocks in proptest::collection::vec(proptest::num::f64::ANY, 1..9), runs in 0_usize..4,
    ) {
        let odd = ComparedSide::new("odd", vec![outcome(blocks); runs]);
        let even = side("even", 2, 100.0, CALM, &mut Chance(2));
        let _ = compare(&[odd, even]);
    }
}

/// Sides that took turns: milliseconds a step, round by round.
fn turns(label: &str, from: usize, ms: &[f64]) -> ComparedSide {
    let neighbours = Spread::of([0.0]).map(|cpus| Neighbours { cpus, of: 2, allowed_cpus: cpus, of_allowed: 2 });
    let turn = |&ms: &f64| RunStats {
        steps: Some(StepTimes { count: 50, mean_ms: ms, median_ms: ms, ..StepTimes::default() }),
        marks: Some(UsedMarks::default()),
        neighbours,
        ..RunStats::default()
    };
    ComparedSide { turns_from: Some(from), ..ComparedSide::new(label, ms.iter().map(turn).collect()) }
}

#[test]
fn turns_are_compared_round_by_round() {
    // The machine is twice as slow in every other round: between rounds everything overlaps, within a round nothing does.
    let fast = [10.0, 20.0, 10.0, 20.0, 10.0, 20.0, 10.0, 20.0];
    let slow = fast.map(|ms| ms * 1.1);
    let found = compare(&[turns("a", 0, &fast), turns("b", 0, &slow)]);
    let Ranking::Slower { by } = &found.sides[1].standing else { panic!("{:?}", found.sides[1].standing) };
    assert!((by.typical - 1.1).abs() < 1e-9, "{by:?}");
    assert!(matches!(&found.verdict, ComparisonResult::Winner { side, .. } if side == "a"));
    // Who joined a round later is compared from there on.
    let later = compare(&[turns("a", 0, &fast), turns("b", 1, &slow[1..])]);
    assert!(matches!(later.sides[1].standing, Ranking::Slower { .. }), "{:?}", later.sides[1].standing);
}

#[test]
fn few_rounds_show_large_differences_only() {
    let standing = |rounds: usize, ratio: f64| {
        let fast = vec![10.0; rounds];
        let slow: Vec<f64> = fast.iter().map(|ms| ms * ratio).collect();
        compare(&[turns("a", 0, &fast), turns("b", 0, &slow)]).sides[1].standing.clone()
    };
    for (rounds, ratio, shown) in [(3, 1.3, true), (3, 1.2, false), (5, 1.2, false), (6, 1.2, true), (6, 1.02, false)] {
        assert_eq!(matches!(standing(rounds, ratio), Ranking::Slower { .. }), shown, "{rounds} {ratio}");
    }
}

#[test]
fn sides_that_win_rounds_in_turn_are_not_told_apart() {
    let (a, b) = ([10.0, 12.0, 10.0, 12.0, 10.0, 12.0, 10.0], [11.0, 10.0, 11.0, 10.0, 11.0, 10.0, 11.0]);
    let found = compare(&[turns("a", 0, &a), turns("b", 0, &b)]);
    let Ranking::NoDifference { why } = &found.sides[1].standing else { panic!("{:?}", found.sides[1].standing) };
    assert!(why.contains("only in 4 of 7 rounds"), "{why}");
}

#[test]
fn equal_sides_that_take_turns_seldom_have_a_winner() {
    let mut chance = Chance(7);
    let mut winners = 0;
    for _ in 0..400 {
        let mut noisy = || -> Vec<f64> { (0..20).map(|_| 10.0 * (1.0 + 0.1 * chance.normal())).collect() };
        let sides = [turns("a", 0, &noisy()), turns("b", 0, &noisy())];
        winners += usize::from(matches!(compare(&sides).verdict, ComparisonResult::Winner { .. }));
    }
    assert!(winners <= 30, "{winners} of 400");
}
