//! The figures of each side: of several runs the median, of extremes the worst.

use std::collections::{BTreeMap, HashSet};

use crate::data::scene::{CapCheck, Demand, GroupKey};
use crate::runs::comparison::interval;
use crate::runs::comparison::types::{ComparedSide, GroupFigures, GroupRow, Ranking, SideFigures, StepFigures};
use crate::runs::stats::run_stats::{GroupStats, Neighbours, RunStats, TracedStats};
use crate::runs::stats::spread::Spread;
use crate::runs::stats::step_times::StepTimes;

/// Of each side, in order. How they stand is not yet known.
pub(crate) fn of(sides: &[ComparedSide]) -> Vec<SideFigures> {
    let gauge = Gauge::of(sides);
    sides.iter().map(|side| figures(side, gauge)).collect()
}

/// Which CPUs neighbours are looked at on.
#[derive(Clone, Copy)]
enum Gauge {
    /// Those the target may use: as many on each side.
    Allowed,
    /// All of the machine.
    All,
}

impl Gauge {
    fn of(sides: &[ComparedSide]) -> Self {
        let mut counts = sides.iter().flat_map(|side| &side.runs).map(|run| run.neighbours.map(|n| n.of_allowed));
        let first = counts.next().flatten().filter(|&cpus| cpus > 0);
        if first.is_some() && counts.all(|count| count == first) { Self::Allowed } else { Self::All }
    }

    fn read(self, neighbours: Neighbours) -> (Spread, u32) {
        match self {
            Self::Allowed => (neighbours.allowed_cpus, neighbours.of_allowed),
            Self::All => (neighbours.cpus, neighbours.of),
        }
    }
}

fn figures(side: &ComparedSide, gauge: Gauge) -> SideFigures {
    let runs = &side.runs;
    let neighbours: Option<Vec<(Spread, u32)>> = runs.iter().map(|run| Some(gauge.read(run.neighbours?))).collect();
    let neighbours = neighbours.unwrap_or_default();
    let middle_of = |part: fn(&Spread) -> f64| middle(neighbours.iter().map(|(spread, _)| part(spread)));
    let got = middle(runs.iter().filter_map(|run| Some(run.demand?.got)));
    let waiting = middle(runs.iter().filter_map(|run| Some(run.demand?.waiting)));
    let mut seen = HashSet::new();
    SideFigures {
        label: side.label.clone(),
        runs: runs.len(),
        standing: Ranking::Unknown,
        steps: steps(runs),
        demand: got.zip(waiting).map(|(got, waiting)| Demand::new(got, waiting)),
        effective_cpus: middle(runs.iter().filter_map(|run| run.effective_cpus)),
        neighbours: middle_of(|spread| spread.median).and_then(|median| {
            Some(Spread { low: middle_of(|spread| spread.low)?, median, high: middle_of(|spread| spread.high)? })
        }),
        neighbours_of: neighbours.iter().map(|(_, of)| *of).max(),
        throttled_share: middle(runs.iter().filter_map(|run| run.throttled_share)),
        traced: traced(runs),
        checks: worst(runs.iter().flat_map(|run| &run.checks)),
        gaps: runs.iter().flat_map(|run| &run.gaps).filter(|gap| seen.insert((*gap).clone())).cloned().collect(),
    }
}

fn traced(runs: &[RunStats]) -> Option<TracedStats> {
    let all: Option<Vec<TracedStats>> = runs.iter().map(|run| run.traced).collect();
    let all = all?;
    let middle_of = |part: fn(&TracedStats) -> f64| middle(all.iter().map(part));
    Some(TracedStats {
        seconds: all.iter().map(|run| run.seconds).sum(),
        switches_per_s: middle_of(|run| run.switches_per_s)?,
        crowded_share: middle_of(|run| run.crowded_share)?,
        most_at_once: middle_of(|run| f64::from(run.most_at_once))?.ceil() as u32,
    })
}

fn steps(runs: &[RunStats]) -> Option<StepFigures> {
    let all: Option<Vec<&StepTimes>> = runs.iter().map(|run| run.steps.as_ref()).collect();
    let all = all?;
    let middle_of = |part: fn(&StepTimes) -> f64| middle(all.iter().map(|steps| part(steps)));
    let cpu_ms: Option<Vec<f64>> = runs.iter().map(|run| run.cpu_ms_per_step).collect();
    Some(StepFigures {
        count: all.iter().map(|steps| steps.count).fold(0, u64::saturating_add),
        seconds: runs.iter().map(|run| run.seconds).sum(),
        warmup: runs.iter().map(|run| run.warmup.steps).fold(0, u64::saturating_add),
        interval: interval::extent(&all).map(|extent| extent.interval),
        median_ms: middle_of(|steps| steps.median_ms)?,
        p95_ms: middle_of(|steps| steps.p95_ms)?,
        min_ms: all.iter().map(|steps| steps.min_ms).reduce(f64::min)?,
        max_ms: all.iter().map(|steps| steps.max_ms).reduce(f64::max)?,
        mean_ms: middle_of(|steps| steps.mean_ms)?,
        per_second: middle_of(|steps| steps.per_second)?,
        cpu_ms: cpu_ms.and_then(middle),
    })
}

/// Every group of any side.
pub(crate) fn groups(sides: &[ComparedSide]) -> Vec<GroupRow> {
    let mut labels: BTreeMap<&GroupKey, &str> = BTreeMap::new();
    for group in sides.iter().flat_map(|side| &side.runs).flat_map(|run| &run.groups) {
        labels.entry(&group.key).or_insert(&group.label);
    }
    let row = |(key, label): (&GroupKey, &str)| GroupRow {
        key: key.clone(),
        label: label.to_owned(),
        sides: sides.iter().map(|side| group(side, key)).collect(),
    };
    let mut rows: Vec<GroupRow> = labels.into_iter().map(row).collect();
    let wanted = |row: &GroupRow| row.sides.iter().flatten().map(|side| side.demand.wanted).fold(0.0, f64::max);
    rows.sort_by(|a, b| wanted(b).total_cmp(&wanted(a)));
    rows
}

fn group(side: &ComparedSide, key: &GroupKey) -> Option<GroupFigures> {
    let find = |run: &'_ RunStats| run.groups.iter().find(|group| group.key == *key).cloned();
    let runs: Vec<Option<GroupStats>> = side.runs.iter().map(find).collect();
    let most_threads = runs.iter().flatten().map(|group| group.most_threads).max()?;
    let demand =
        |part: fn(&Demand) -> f64| middle(runs.iter().map(|run| run.as_ref().map_or(0.0, |r| part(&r.demand))));
    Some(GroupFigures { most_threads, demand: Demand::new(demand(|d| d.got)?, demand(|d| d.waiting)?) })
}

/// Each cap once: exceeded before unverified before held.
fn worst<'a>(checks: impl Iterator<Item = &'a CapCheck>) -> Vec<CapCheck> {
    let rank = |check: &CapCheck| match check.outcome {
        crate::data::scene::CheckOutcome::Exceeded => 0,
        crate::data::scene::CheckOutcome::Unverified => 1,
        crate::data::scene::CheckOutcome::Held => 2,
    };
    let mut worst: Vec<CapCheck> = Vec::new();
    for check in checks {
        match worst.iter_mut().find(|known| known.cap == check.cap && known.value == check.value) {
            Some(known) if rank(check) < rank(known) => *known = check.clone(),
            Some(_) => {}
            None => worst.push(check.clone()),
        }
    }
    worst
}

fn middle(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    Spread::of(values).map(|spread| spread.median)
}
