//! Follows a launched target tick by tick, in bounded memory, and says what it came to.

use crate::data::Gap;
use crate::data::sample::{CounterSource, Sample, ShimUse};
use crate::data::scene::{CapCheck, Demand, Scene};
use crate::model::capacity;
use crate::runs::stats::run_context::ContextReader;
use crate::runs::stats::run_stats::{GroupStats, Neighbours, RunStats, TracedStats, UsedMarks};
use crate::runs::stats::spread::{Spread, quantile, sorted};
use crate::runs::stats::step_times::{FEWEST_BLOCKS, SPREAD_OF_STEP_TIMES, STEP_TIMES, StepTimes, needed};
use crate::runs::stats::steps::{StepLog, StepSequence};
use crate::runs::stats::usage::{Usage, Used};
use crate::runs::stats::warmup::{SkippedWarmup, Warmup};

/// Neighbours are looked at in pieces of this length.
const PIECE_S: f64 = 1.0;

/// What a target used and how fast it went. Made to be read at any time, with any warm-up.
#[derive(Clone, Debug, Default)]
pub struct StatsBuilder {
    usage: Usage,
    steps: StepLog,
    newest: ContextReader,
    checks: Vec<CapCheck>,
    traced: Option<TracedStats>,
    first_ns: Option<u64>,
    estimated: bool,
}

/// The part of the time that is measured.
struct Measured<'a> {
    from_ns: u64,
    to_ns: u64,
    line: Option<&'a StepSequence>,
    /// The first entry of the line that is no warm-up.
    begin: usize,
    warmup: SkippedWarmup,
}

impl StatsBuilder {
    /// One more tick: the sample, and the scene that the model made of it.
    pub fn add(&mut self, sample: &Sample, scene: &Scene) {
        self.first_ns.get_or_insert(sample.at_ns);
        self.newest.add(sample);
        self.estimated |= sample.source == CounterSource::StatTicks;
        self.usage.add(sample, scene);
        for record in sample.launch.iter().flat_map(|launch| &launch.marks) {
            self.steps.add(record, sample.at_ns);
        }
        self.traced = traced(scene).or(self.traced);
        if let Some(launch) = &scene.launch {
            self.checks.clone_from(&launch.checks);
        }
    }

    /// Steps so far, warm-up included; 0 without marks.
    pub fn steps_so_far(&self) -> u64 {
        self.steps.best().map_or(0, |line| line.steps)
    }

    /// What it came to, without the warm-up.
    pub fn outcome(&self, warmup: Warmup) -> RunStats {
        let measured = self.measured(warmup);
        let seconds = measured.to_ns.saturating_sub(measured.from_ns) as f64 / 1e9;
        let used = self.usage.between(measured.from_ns, measured.to_ns);
        let steps = measured.line.and_then(|line| StepTimes::of(&line.entries[measured.begin..], seconds));
        let marks = measured.line.map(|line| UsedMarks {
            source: line.source,
            streams: line.streams,
            left_out: self.steps.left_out(),
        });
        RunStats {
            context: self.newest.context(),
            began_unix_s: self.newest.boot_unix_s().saturating_add(self.first_ns.unwrap_or(0) / 1_000_000_000),
            seconds,
            warmup: measured.warmup,
            marks,
            cpu_ms_per_step: steps.as_ref().and_then(|_| self.cpu_ms_per_step(&measured)),
            demand: used.as_ref().map(|used| demand(used.totals.groups.iter().copied(), used.seconds)),
            groups: used.as_ref().map_or_else(Vec::new, |used| self.groups(used)),
            effective_cpus: used.as_ref().and_then(|used| quantile(&sorted(used.effective_cpus.clone()), 0.5)),
            neighbours: self.neighbours(&measured),
            throttled_share: used.as_ref().and_then(throttled_share),
            traced: self.traced,
            checks: self.checks.clone(),
            gaps: self.gaps(steps.as_ref(), used.as_ref(), measured.warmup),
            steps,
        }
    }

    /// Over all the time that it was watched, steps or not; none before a second look.
    pub fn whole(&self) -> Option<WholeDemand> {
        let (first_ns, last_ns) = self.usage.span_ns()?;
        let used = self.usage.between(first_ns, last_ns)?;
        Some(WholeDemand {
            demand: demand(used.totals.groups.iter().copied(), used.seconds),
            effective_cpus: quantile(&sorted(used.effective_cpus.clone()), 0.5)?,
            seconds: used.seconds,
        })
    }

    fn measured(&self, rule: Warmup) -> Measured<'_> {
        let (first_ns, last_ns) = self.usage.span_ns().unwrap_or_default();
        let Some(line) = self.steps.best() else {
            let warmup = SkippedWarmup { rule, ..SkippedWarmup::default() };
            return Measured { from_ns: first_ns, to_ns: last_ns, line: None, begin: 0, warmup };
        };
        let wanted = rule.steps(line.steps);
        let (mut begin, mut steps) = (0, 0_u64);
        while let Some(entry) = line.entries.get(begin).filter(|_| steps < wanted) {
            steps = steps.saturating_add(entry.steps);
            begin += 1;
        }
        let from_ns = match begin.checked_sub(1).and_then(|last| line.entries.get(last)) {
            Some(last) => last.end_ns,
            None => line.entries.first().map_or(first_ns, |e| e.end_ns.saturating_sub(e.sum_us.saturating_mul(1000))),
        };
        let to_ns = line.entries.last().map_or(last_ns, |entry| entry.end_ns);
        let seconds = from_ns.saturating_sub(self.first_ns.unwrap_or(from_ns)) as f64 / 1e9;
        Measured { from_ns, to_ns, line: Some(line), begin, warmup: SkippedWarmup { rule, steps, seconds } }
    }

    /// CPU time while it was watched and steps were made, divided by the steps made in that time.
    fn cpu_ms_per_step(&self, measured: &Measured) -> Option<f64> {
        let (first_ns, last_ns) = self.usage.span_ns()?;
        let (from_ns, to_ns) = (measured.from_ns.max(first_ns), measured.to_ns.min(last_ns));
        let used = self.usage.between(from_ns, to_ns)?;
        let mut steps = 0.0;
        let mut begin_ns = measured.from_ns;
        for entry in &measured.line?.entries[measured.begin..] {
            let length_ns = entry.end_ns.saturating_sub(begin_ns);
            let inside_ns = entry.end_ns.min(to_ns).saturating_sub(begin_ns.max(from_ns));
            let share = if length_ns == 0 { 1.0 } else { inside_ns as f64 / length_ns as f64 };
            steps += entry.steps as f64 * share.min(1.0);
            begin_ns = entry.end_ns;
        }
        (steps >= 1.0).then(|| used.totals.own_s * 1e3 / steps)
    }

    fn groups(&self, used: &Used) -> Vec<GroupStats> {
        let mut groups: Vec<GroupStats> = Vec::new();
        for (index, (key, label)) in self.usage.groups.iter().enumerate() {
            let most_threads = used.most_threads.get(index).copied().unwrap_or(0);
            let load = used.totals.groups.get(index).copied().unwrap_or_default();
            // Threads of the warm-up that were gone before the measured time are none of it.
            if most_threads > 0 || load.0 > 0.0 {
                let demand = demand(std::iter::once(load), used.seconds);
                groups.push(GroupStats { key: key.clone(), label: label.clone(), most_threads, demand });
            }
        }
        groups.sort_by(|a, b| b.demand.wanted.total_cmp(&a.demand.wanted).then_with(|| a.key.cmp(&b.key)));
        groups
    }

    fn neighbours(&self, measured: &Measured) -> Option<Neighbours> {
        let pieces = self.usage.pieces(measured.from_ns, measured.to_ns, PIECE_S);
        let rate = |used: &Used, busy_s: f64| (busy_s - used.totals.own_s).max(0.0) / used.seconds;
        let (of, of_allowed) = self.usage.cpus;
        Some(Neighbours {
            cpus: Spread::of(pieces.iter().map(|used| rate(used, used.totals.busy_s)))?,
            of,
            allowed_cpus: Spread::of(pieces.iter().map(|used| rate(used, used.totals.allowed_busy_s)))?,
            of_allowed,
        })
    }

    fn gaps(&self, steps: Option<&StepTimes>, used: Option<&Used>, warmup: SkippedWarmup) -> Vec<Gap> {
        let mut gaps = Vec::new();
        if self.steps.best().is_none() {
            gaps.push(Gap::new(STEP_TIMES, format!("no step marks: {}", self.why_no_marks())));
        } else if steps.is_none() {
            gaps.push(Gap::new(STEP_TIMES, format!("all of its {} steps are warm-up", warmup.steps)));
        }
        if steps.is_some_and(|steps| steps.blocks_ms.len() < FEWEST_BLOCKS) {
            gaps.push(Gap::new(SPREAD_OF_STEP_TIMES, format!("too short: {}", needed())));
        }
        if used.is_none() {
            gaps.push(Gap::new("demand", "it was over before it had been looked at twice"));
        }
        let report = &self.newest.report;
        if report.marks_dropped > 0 {
            let why = format!("{} can't be true or came faster than they could be taken", report.marks_dropped);
            gaps.push(Gap::new("some step marks", why));
        }
        if self.usage.groups_dropped {
            gaps.push(Gap::new("some groups", "there are more than can be remembered"));
        }
        if self.estimated {
            gaps.push(Gap::new("exact waiting times", "this kernel keeps no schedstat: waiting is estimated"));
        }
        gaps
    }

    fn why_no_marks(&self) -> &'static str {
        match &self.newest.launch {
            None => "tftop did not start it",
            Some(launch) if launch.shim == ShimUse::Off => "it ran without the shim",
            Some(_) if self.newest.report.processes.is_empty() => "the shim did not attach",
            Some(_) => {
                "no loop that the shim can mark was seen to run (Keras's fit, iterators in Python, Session.run, calls of a tf.function)"
            }
        }
    }
}

/// What was got and wanted over all the time of a watch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WholeDemand {
    /// Of all groups.
    pub demand: Demand,
    /// CPUs it could use: the median.
    pub effective_cpus: f64,
    /// Seconds between the first look and the last.
    pub seconds: f64,
}

fn demand(loads: impl Iterator<Item = (f64, f64)>, seconds: f64) -> Demand {
    let (run_s, wait_s) = loads.fold((0.0, 0.0), |sum, load| (sum.0 + load.0, sum.1 + load.1));
    Demand::new(run_s / seconds, wait_s / seconds)
}

/// None where nothing was traced, and where it is not known how many CPUs may be used.
fn traced(scene: &Scene) -> Option<TracedStats> {
    let trace = scene.trace.as_ref().filter(|trace| trace.window_s > 0.0)?;
    let cpus = Some(scene.capacity.effective_cpus).filter(|&cpus| cpus > 0.0)?;
    Some(TracedStats {
        seconds: trace.window_s,
        switches_per_s: trace.switches_per_s,
        crowded_share: trace.all.beyond(cpus.ceil() as usize),
        most_at_once: u32::try_from(trace.all.quantile(0.99)).unwrap_or(u32::MAX),
    })
}

fn throttled_share(used: &Used) -> Option<f64> {
    let enough = |(periods, _): &&(f64, f64)| *periods >= capacity::FEWEST_PERIODS as f64;
    let shares = used.totals.quotas.iter().filter(enough).map(|(periods, throttled)| (throttled / periods).min(1.0));
    shares.reduce(f64::max)
}

#[cfg(test)]
#[path = "stats_builder_tests.rs"]
mod tests;
