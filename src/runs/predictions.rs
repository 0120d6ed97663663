//! How good predictions were: what runs of a command were predicted to want, beside what they then wanted.

use crate::data::run::PredictedDemand;
use crate::data::scene::PastPredictions;
use crate::runs::stats::spread::Spread;
use crate::runs::summary::RunSummary;

/// Runs that were measured shorter say little of what they want.
const SHORTEST_S: f64 = 10.0;
/// Below this many CPUs a share of them says nothing.
const LEAST_CPUS: f64 = 0.1;

/// How far off the predictions for these runs were; none where none of them can be checked.
pub(crate) fn past<'a>(runs: impl Iterator<Item = &'a RunSummary>) -> Option<PastPredictions> {
    let off: Vec<(f64, f64)> = runs.filter_map(off).collect();
    let median = |part: fn(&(f64, f64)) -> f64| Spread::of(off.iter().map(part)).map(|spread| spread.median);
    Some(PastPredictions { count: off.len(), wanted_off: median(|off| off.0)?, got_off: median(|off| off.1)? })
}

/// Shares of what was measured by which wanted and got were off.
fn off(run: &RunSummary) -> Option<(f64, f64)> {
    let PredictedDemand { wanted, got, cpus, .. } = run.run.predicted?;
    let measured = run.outcome.demand.filter(|demand| demand.wanted >= LEAST_CPUS && demand.got >= LEAST_CPUS)?;
    // On other CPUs than it was made for a prediction is neither right nor wrong.
    let same_cpus = (run.outcome.effective_cpus? - cpus).abs() < 0.05;
    let share = |predicted: f64, measured: f64| (predicted - measured).abs() / measured;
    (same_cpus && run.outcome.seconds >= SHORTEST_S).then(|| (share(wanted, measured.wanted), share(got, measured.got)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::run::{RunEnd, RunFact};
    use crate::data::scene::{Capacity, Demand};
    use crate::runs::stats::run_stats::RunStats;
    use crate::runs::summary::SeenSettings;

    fn run(predicted: Option<f64>, wanted: f64, seconds: f64) -> RunSummary {
        let predicted = predicted.map(|wanted| PredictedDemand { wanted, got: 1.0, from_s: 20.0, cpus: 2.0 });
        RunSummary {
            schema: "".into(),
            run: RunFact { predicted, ..RunFact::default() },
            ended: RunEnd::Exit(0),
            seconds,
            looks: 20,
            outcome: RunStats {
                seconds,
                demand: Some(Demand::new(1.0, wanted - 1.0)),
                effective_cpus: Some(2.0),
                ..RunStats::default()
            },
            seen: SeenSettings::default(),
            capacity: Capacity::default(),
            advised: None,
            advised_predicted: None,
            replaced: None,
            missing: Vec::new(),
        }
    }

    #[test]
    fn the_median_of_what_can_be_checked_is_said() {
        let runs = [run(Some(1.8), 2.0, 30.0), run(Some(2.0), 2.0, 30.0), run(Some(3.0), 2.0, 30.0)];
        let found = past(runs.iter()).unwrap();
        assert!(found.count == 3 && (found.wanted_off - 0.1).abs() < 1e-9 && found.got_off == 0.0, "{found:?}");
    }

    #[test]
    fn what_can_not_be_checked_counts_for_nothing() {
        let elsewhere = RunSummary {
            outcome: RunStats { effective_cpus: Some(4.0), ..run(Some(2.0), 2.0, 30.0).outcome },
            ..run(Some(2.0), 2.0, 30.0)
        };
        let unseen = RunSummary { outcome: RunStats::default(), ..run(Some(2.0), 2.0, 30.0) };
        let runs = [run(None, 2.0, 30.0), run(Some(2.0), 2.0, 9.0), elsewhere, unseen];
        assert_eq!(past(runs.iter()), None);
    }
}
