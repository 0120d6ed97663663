//! Turns of one round beside one another: a machine's speed changes from one round to the next, for all copies alike. Measures
//! nothing.

use crate::commands::measure::candidate::CandidateCaps;
use crate::runs::stats::run_stats::RunStats;
use crate::runs::stats::spread::Spread;

/// The turns of each candidate, as if every round had been as fast as the median one. A round's speed is that of those who are
/// still in and had a turn in every round; a round that is not complete counts for nobody.
pub(super) fn levelled(candidates: &[CandidateCaps]) -> Vec<Vec<RunStats>> {
    let reference: Vec<&CandidateCaps> = candidates.iter().filter(|it| !it.out && it.first_round == 0).collect();
    let rounds = reference.iter().map(|it| it.runs.len()).min().unwrap_or(0);
    let log_ms =
        |it: &CandidateCaps, round: usize| Some(it.runs.get(round)?.steps.as_ref()?.typical_ms().max(1e-6).ln());
    let level = |round: usize| {
        let logs: Vec<f64> = reference.iter().filter_map(|it| log_ms(it, round)).collect();
        logs.iter().sum::<f64>() / logs.len().max(1) as f64
    };
    let levels: Vec<f64> = (0..rounds).map(level).collect();
    let Some(usual) = Spread::of(levels.iter().copied()).map(|levels| levels.median) else {
        return candidates.iter().map(|it| it.runs.clone()).collect();
    };
    let of = |it: &CandidateCaps| {
        let levelled = |(run, level): (&RunStats, &f64)| {
            let steps = run.steps.as_ref().map(|steps| steps.scaled((usual - level).exp()));
            RunStats { steps, ..run.clone() }
        };
        it.runs.iter().zip(levels.iter().skip(it.first_round)).map(levelled).collect()
    };
    candidates.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::Caps;
    use crate::runs::stats::step_times::StepTimes;

    fn candidate(ms: &[f64], first_round: usize, out: bool) -> CandidateCaps {
        let turn = |&mean_ms: &f64| RunStats {
            steps: Some(StepTimes { mean_ms, ..StepTimes::default() }),
            ..RunStats::default()
        };
        CandidateCaps { caps: Caps::default(), runs: ms.iter().map(turn).collect(), first_round, out }
    }

    fn of(candidates: &[CandidateCaps]) -> Vec<Vec<f64>> {
        let ms = |run: &RunStats| run.steps.as_ref().map_or(0.0, |steps| (steps.mean_ms * 100.0).round() / 100.0);
        levelled(candidates).iter().map(|runs| runs.iter().map(ms).collect()).collect()
    }

    #[test]
    fn what_a_round_does_to_all_of_its_turns_is_taken_out() {
        let all = [candidate(&[10.0, 20.0, 10.0], 0, false), candidate(&[12.0, 24.0, 12.0], 0, false)];
        assert_eq!(of(&all), [vec![10.0; 3], vec![12.0; 3]]);
    }

    #[test]
    fn who_came_later_or_dropped_out_is_levelled_by_the_others() {
        let all =
            [candidate(&[10.0, 20.0, 10.0], 0, false), candidate(&[22.0, 11.0], 1, false), candidate(&[15.0], 0, true)];
        assert_eq!(of(&all), [vec![10.0; 3], vec![11.0; 2], vec![15.0]]);
    }

    #[test]
    fn a_round_that_is_not_complete_counts_for_nobody() {
        let all = [candidate(&[10.0, 10.0, 99.0], 0, false), candidate(&[12.0, 12.0], 0, false)];
        assert_eq!(of(&all), [vec![10.0; 2], vec![12.0; 2]]);
        assert_eq!(of(&[candidate(&[10.0], 0, true)]), [vec![10.0]], "nobody is left to level by");
    }
}
