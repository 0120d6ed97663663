//! What a target would want and get under caps. A prediction from recorded demand, not a measurement; how good it was on
//! real workloads stands in the table of `tests/corpus`.

use crate::data::limits::{CapKind, Caps};
use crate::data::origin;
use crate::data::scene::{Demand, Group, Level};
use crate::model::advice::group_cap::{is_team, openmp_works, width};
use crate::model::verdict::levels::{NOTICE_SATURATION, OVER_SATURATION, OVER_SELF_EXCESS, SEVERE_SATURATION};

/// Measured on the corpus: the waiting that there is even where no more threads can run than CPUs, as a share of what is got
/// (0.04 to 0.26 under caps that fit; work comes in bursts),
const WAIT_ALWAYS: f64 = 0.15;
/// and how it grows with threads that can run beyond the CPUs.
const WAIT_BEYOND: f64 = 0.25;
/// Two stages of work that feed each other, each as wide as the CPUs, want this many times the CPUs, and nothing is wrong.
pub(super) const MOST_WITHIN: f64 = 2.5;
/// Share of the work from which on an intra-op pool, and other teams, run as many threads as they have whenever they are called.
const TEAM_WORKS: f64 = 0.1;
/// Share of the CPUs got from which on they are what is lacking.
const SATURATED: f64 = 0.85;
/// CPUs got from which on a group takes part.
const LEAST_CPUS: f64 = 0.02;

/// What the target would want and get under caps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prediction {
    /// CPUs it would want.
    pub wanted: f64,
    /// CPUs it would get.
    pub got: f64,
    /// Seconds of recorded demand it rests on.
    pub from_s: f64,
    /// Whether one process works, and no pool or group of it could run more threads than there are CPUs: what is wanted beyond the
    /// CPUs is then that of stages which feed each other, and no more than a notice.
    pub within_cpus: bool,
}

impl Prediction {
    /// How bad that would be on so many CPUs, by demand alone: how long threads would wait can't be predicted. None while the
    /// CPUs are not known.
    pub fn level(&self, effective_cpus: f64) -> Option<Level> {
        let known = effective_cpus > 0.0 && self.wanted.is_finite();
        let saturation = self.wanted / effective_cpus;
        let eased = self.within_cpus && saturation <= MOST_WITHIN;
        known.then_some(match saturation {
            s if s > NOTICE_SATURATION && eased => Level::Notice,
            s if s > SEVERE_SATURATION => Level::Severe,
            s if s > OVER_SATURATION && self.wanted - effective_cpus >= OVER_SELF_EXCESS => Level::Oversubscribed,
            s if s > NOTICE_SATURATION => Level::Notice,
            _ => Level::Healthy,
        })
    }
}

/// From all that was recorded of the groups. None without a recording.
pub fn predict(groups: &[Group], step_s: f64, cpus: f64, caps: &Caps) -> Option<Prediction> {
    let ticks = groups.iter().map(|group| group.history.len()).max().filter(|&ticks| ticks > 0)?;
    let mean = |group: &Group| {
        let wanted = group.history.iter().map(|&wanted| f64::from(wanted)).sum::<f64>() / ticks as f64;
        let used = group.total_run_s + group.total_wait_s;
        let got = if used > 0.0 { wanted * group.total_run_s / used } else { wanted };
        Demand::new(got, wanted - got)
    };
    let demands: Vec<Demand> = groups.iter().map(mean).collect();
    Some(Prediction { from_s: ticks as f64 * step_s, ..of_demands(groups, &demands, cpus, caps) })
}

/// From what each group got and wanted.
///
/// Got: no more than before, and no more than what the intra-op pool and those that call it can run at once; one of these
/// is the caller that waits for the pool. Wanted: what it gets, and waiting that grows with the threads that can run beyond
/// the CPUs, up to what was recorded without caps. Waiting is no demand: what a group waited for in a crowd says little of
/// what it would do without it.
pub(crate) fn of_demands(groups: &[Group], demands: &[Demand], cpus: f64, caps: &Caps) -> Prediction {
    let sum = |part: fn(&Demand) -> f64| 0.0 + demands.iter().map(part).sum::<f64>();
    let (got, wanted) = (sum(|it| it.got), sum(|it| it.wanted));
    let at_work = || groups.iter().zip(demands).filter(|(_, demand)| demand.wanted >= LEAST_CPUS);
    let one_process = at_work().all(|(group, _)| processes(group) <= 1.0);
    let within = |(group, demand): (&Group, &Demand)| width(group, caps).min(demand.wanted) <= cpus.ceil();
    let within_cpus = one_process && at_work().all(within);
    let recorded = Prediction { wanted, got, from_s: 0.0, within_cpus };
    let none = Caps::default();
    let narrowed =
        |(group, demand): (&Group, &Demand)| demand.wanted > LEAST_CPUS && width(group, caps) < width(group, &none);
    let has_effect = groups.iter().zip(demands).any(narrowed);
    if !has_effect || cpus <= 0.0 || got <= 0.0 {
        return recorded;
    }
    let idle_intra = openmp_works(groups, demands);
    let takes_part = |(group, demand): &(&Group, &Demand)| {
        demand.got >= LEAST_CPUS && !(idle_intra && &*group.key.origin == origin::TF_INTRA_OP)
    };
    let pairs = || groups.iter().zip(demands).filter(takes_part);
    let run_at_once = |caps: &Caps| -> f64 {
        let of = |(group, demand): (&Group, &Demand)| match is_team(group) && demand.got >= got * TEAM_WORKS {
            true => width(group, caps),
            // The interpreter runs one of its threads at a time; what others of a crowd waited for is no demand.
            false if runs_python(group) => {
                width(group, caps).min(demand.wanted).min((cpus * demand.got / got).max(processes(group)))
            }
            false => width(group, caps).min(demand.wanted),
        };
        pairs().map(of).sum::<f64>().max(1.0)
    };
    let callers: f64 = pairs()
        .filter(|(group, _)| !is_team(group))
        .map(|(group, demand)| (cpus * demand.got / got).min(width(group, caps)))
        .sum();
    let teams: f64 = pairs().filter(|(group, _)| is_team(group)).map(|(group, _)| width(group, caps)).sum();
    // The caller of an OpenMP team is one of its number: beside a smaller team it does more than it did in a crowd.
    let inter = pairs().filter(|(group, _)| &*group.key.origin == origin::TF_INTER_OP);
    let team_callers: f64 = inter.map(|(group, demand)| width(group, caps).min(demand.wanted.ceil().max(1.0))).sum();
    let with_callers = if idle_intra { teams + callers.max(team_callers.max(1.0)) } else { 0.0 };
    let could_get =
        got.min(cpus).min((teams.max(1.0) + callers).max(with_callers)).min(input_bound(groups, demands, caps));
    let (then, before) = (run_at_once(caps), run_at_once(&none));
    let waited = wanted / got - 1.0;
    let usual = WAIT_ALWAYS + WAIT_BEYOND * (then / cpus - 1.0).max(0.0);
    let as_recorded = waited * (then - cpus).max(0.0) / (before - cpus).max(then - cpus).max(1e-9);
    let waits = usual.max(as_recorded).min(waited);
    // Where the CPUs are what is lacking.
    let queued = if could_get >= cpus * SATURATED { pipelined(groups, demands, caps) } else { 0.0 };
    Prediction { wanted: (could_get * (1.0 + waits)).max(queued).min(wanted), got: could_get, from_s: 0.0, within_cpus }
}

/// CPUs that all can get while tf.data, which the rest waits for, can run no more threads than a cap leaves it: its share of
/// the work does not move to others.
fn input_bound(groups: &[Group], demands: &[Demand], caps: &Caps) -> f64 {
    let got: f64 = demands.iter().map(|demand| demand.got).sum();
    let held = |group: &Group| caps.get(CapKind::Data).is_some() && &*group.key.origin == origin::TF_DATA;
    let data = groups.iter().zip(demands).filter(|(group, demand)| held(group) && demand.got >= LEAST_CPUS);
    data.map(|(group, demand)| width(group, caps) / (demand.got / got)).fold(f64::INFINITY, f64::min)
}

/// CPUs that a training and the tf.data pipeline which feeds it want together while both always have work, as they do where
/// the CPUs are what both lack; 0 without a pipeline. Threads that can run share the CPUs alike, and of two stages each does
/// its share of every step: so as many of each can run as its share of the work, and the stage with too few threads for that
/// sets the pace of both. While an intra-op pool of two and more works, those that call it wait.
fn pipelined(groups: &[Group], demands: &[Demand], caps: &Caps) -> f64 {
    let pairs = || groups.iter().zip(demands).filter(|(_, demand)| demand.got >= LEAST_CPUS);
    let is = |group: &Group, origin: &str| &*group.key.origin == origin;
    let sum = |of: &dyn Fn(&Group) -> bool, value: &dyn Fn(&Group, &Demand) -> f64| -> f64 {
        pairs().filter(|(group, _)| of(group)).map(|(group, demand)| value(group, demand)).sum()
    };
    let got = |_: &Group, demand: &Demand| demand.got;
    let input = |group: &Group| is(group, origin::TF_DATA);
    let (input_got, rest_got) = (sum(&input, &got), sum(&|group| !input(group), &got));
    if input_got.min(rest_got) < LEAST_CPUS {
        return 0.0;
    }
    let runnable = |group: &Group, demand: &Demand| width(group, caps).min(demand.wanted);
    let intra = |group: &Group| is(group, origin::TF_INTRA_OP);
    let inter = |group: &Group| is(group, origin::TF_INTER_OP);
    let in_intra = sum(&intra, &runnable);
    // A pool of one does nothing: its work is its callers'.
    let handed = if in_intra > 0.0 { 0.0 } else { sum(&intra, &|_, demand| demand.wanted) };
    let in_inter = sum(&inter, &|group, demand| width(group, caps).min(demand.wanted + handed));
    let rest = in_intra.max(in_inter) + sum(&|group| !input(group) && !intra(group) && !inter(group), &runnable);
    let feeding = sum(&input, &runnable);
    feeding.min(rest * input_got / rest_got) + rest.min(feeding * rest_got / input_got)
}

/// Whether a group's threads run Python.
fn runs_python(group: &Group) -> bool {
    [origin::PYTHON, origin::MAIN].contains(&&*group.key.origin)
}

/// Processes that have threads of a group, at least 1.
fn processes(group: &Group) -> f64 {
    group.limits.processes.len().max(1) as f64
}

#[cfg(test)]
#[path = "predict_tests.rs"]
mod tests;
