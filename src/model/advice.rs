//! What would fit: caps for the groups that want too much, as caps, as a shell line and as Python, and what they would do.

use crate::data::limits::{CapKind, CapRow, Caps, LimitSource};
use crate::data::scene::{Group, Level};
use crate::model::judged_window::JudgedWindow;
use crate::model::limits::knobs::own_threads;
use crate::model::rules::input::RuleInput;
use crate::model::verdict::levels::{NOTICE_SATURATION, OVER_SATURATION, OVER_SELF_EXCESS, SEVERE_SATURATION};

/// Groups that want less, in CPUs, are left alone.
const LEAST_CPUS: f64 = 0.05;

/// Caps are sought up to here: the most CPUs a kernel knows.
const MOST_CAP: u32 = 8192;

/// The smallest set of groups, largest demand first, without which the rest fits the CPUs; of equally small sets one of
/// groups that can be capped, for those the reader can do something about. Indexes into the demands.
pub fn culprits(demands: &[f64], can_be_capped: impl Fn(usize) -> bool, effective_cpus: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by(|&a, &b| demands[b].total_cmp(&demands[a]).then(a.cmp(&b)));
    let fits = effective_cpus * NOTICE_SATURATION;
    let mut left: f64 = demands.iter().sum();
    let mut culprits = Vec::new();
    for &index in &order {
        if left <= fits {
            break;
        }
        left -= demands[index];
        culprits.push(index);
    }
    for at in 0..culprits.len() {
        let chosen = culprits[at];
        let instead = |&&other: &&usize| {
            can_be_capped(other) && !culprits.contains(&other) && left + demands[chosen] - demands[other] <= fits
        };
        if let Some(&other) = order.iter().find(instead).filter(|_| !can_be_capped(chosen)) {
            left += demands[chosen] - demands[other];
            culprits[at] = other;
        }
    }
    culprits.sort_by(|&a, &b| demands[b].total_cmp(&demands[a]).then(a.cmp(&b)));
    culprits
}

/// Whether any cap but affinity holds a group.
pub fn can_be_capped(group: &Group) -> bool {
    cap_of(group).is_some()
}

/// Caps and what would be wanted under them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CapsFit {
    /// The loosest caps under which the target fits its CPUs, or the tightest where none is tight enough; empty when it
    /// fits as it is or nothing that wants CPUs can be capped.
    pub caps: Caps,
    /// CPUs that would be wanted: predicted.
    pub wanted: f64,
}

impl CapsFit {
    /// Whether the target would fit so many CPUs.
    pub fn fits(&self, effective_cpus: f64) -> bool {
        self.wanted <= effective_cpus * NOTICE_SATURATION
    }
}

/// What would fit. Starting from the pools as they are used, the cap of the group that wants most is lowered by one until
/// the rest fits: first among the culprits only, and among all groups where that is not enough.
pub fn fit(input: &RuleInput, judged: &JudgedWindow) -> CapsFit {
    let cpus = input.effective_cpus();
    let mut fit = CapsFit { caps: Caps::default(), wanted: judged.demand.wanted };
    if fit.fits(cpus) {
        return fit;
    }
    let demands: Vec<f64> = judged.groups.iter().map(|demand| demand.wanted).collect();
    let culprits: Vec<CapKind> = culprits(&demands, |index| input.groups.get(index).is_some_and(can_be_capped), cpus)
        .into_iter()
        .filter_map(|index| input.groups.get(index))
        .filter_map(cap_of)
        .collect();
    let mut layers = layers(input, judged);
    for among_all in [false, true] {
        while fit.wanted > cpus {
            let open = layers.iter_mut().filter(|layer| layer.cap > 1 && (among_all || culprits.contains(&layer.kind)));
            let Some(layer) = open.max_by(|a, b| a.wanted().total_cmp(&b.wanted())) else { break };
            let before = layer.wanted();
            layer.cap -= 1;
            fit.wanted -= before - layer.wanted();
            *fit.caps.get_mut(layer.kind) = Some(layer.cap);
        }
        if fit.fits(cpus) {
            break;
        }
    }
    fit
}

/// Groups that one cap holds, with what each wants.
struct CapGroups<'a> {
    kind: CapKind,
    groups: Vec<(&'a Group, f64)>,
    cap: u32,
}

impl CapGroups<'_> {
    fn wanted(&self) -> f64 {
        self.groups.iter().map(|(group, wanted)| wanted.min(most(group, self.cap))).sum()
    }
}

/// Every layer that wants something, with the loosest cap that changes nothing. No cap below 1 exists.
fn layers<'a>(input: &RuleInput<'a>, judged: &JudgedWindow) -> Vec<CapGroups<'a>> {
    let mut layers: Vec<CapGroups> = Vec::new();
    for (group, demand) in input.groups.iter().zip(&judged.groups) {
        let Some(kind) = cap_of(group).filter(|_| demand.wanted >= LEAST_CPUS) else { continue };
        match layers.iter_mut().find(|layer| layer.kind == kind) {
            Some(layer) => layer.groups.push((group, demand.wanted)),
            None => layers.push(CapGroups { kind, groups: vec![(group, demand.wanted)], cap: 1 }),
        }
    }
    for layer in &mut layers {
        let free: f64 = layer.groups.iter().map(|(_, wanted)| wanted).sum();
        // Threads that ended meanwhile wanted CPUs, too: demand can be more than the threads there are.
        while layer.cap < MOST_CAP && layer.wanted() < free {
            layer.cap += 1;
        }
    }
    layers
}

/// The most CPUs a group can want under a cap: pools are made per process, and some count the thread that calls them.
fn most(group: &Group, cap: u32) -> f64 {
    let processes = group.limits.processes.len().max(1);
    f64::from(own_threads(&group.key.origin, cap)) * processes as f64
}

/// The cap that holds a group; none where only affinity does.
pub fn cap_of(group: &Group) -> Option<CapKind> {
    CapKind::of_origin(&group.key.origin)
}

/// The caps in words, each as the knob that sets it: a call where the program's own call decides, else a variable.
pub fn knobs(input: &RuleInput, caps: &Caps) -> Vec<String> {
    let by_call =
        |row: &CapRow| input.explicit_limit(row.origin).is_some_and(|limit| limit.source == LimitSource::TfConfig);
    let pool = |(kind, value): (CapKind, u32)| {
        let row = kind.row();
        row.python(value).filter(|_| by_call(row)).unwrap_or_else(|| format!("{}={value}", row.advised_as))
    };
    caps.pools().map(pool).chain(caps.cpus.map(|value| format!("taskset to {value} CPUs"))).collect()
}

/// The caps as a shell line; none when no variable does any of them.
pub fn export(caps: &Caps) -> Option<String> {
    let variable = |(kind, value): (CapKind, u32)| {
        let name = kind.row().advised_as;
        kind.row().sets.iter().any(|variable| variable.name == name).then(|| format!("{name}={value}"))
    };
    let set: Vec<_> = caps.pools().filter_map(variable).collect();
    (!set.is_empty()).then(|| format!("export {}", set.join(" ")))
}

/// The caps as Python; none when no call does any of them.
pub fn python(caps: &Caps) -> Option<String> {
    let lines: Vec<_> = caps.pools().filter_map(|(kind, value)| kind.row().python(value)).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// What the target would want under caps: a prediction, not a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prediction {
    /// CPUs it would want.
    pub wanted: f64,
    /// Seconds of recorded demand it rests on.
    pub from_s: f64,
}

impl Prediction {
    /// How bad that would be on so many CPUs, by demand alone: how long threads would wait can't be predicted. None while the
    /// CPUs are not known.
    pub fn level(&self, effective_cpus: f64) -> Option<Level> {
        let known = effective_cpus > 0.0 && self.wanted.is_finite();
        let saturation = self.wanted / effective_cpus;
        known.then_some(match saturation {
            s if s > SEVERE_SATURATION => Level::Severe,
            s if s > OVER_SATURATION && self.wanted - effective_cpus >= OVER_SELF_EXCESS => Level::Oversubscribed,
            s if s > NOTICE_SATURATION => Level::Notice,
            _ => Level::Healthy,
        })
    }
}

/// Cuts every group's recorded demand at its cap, tick by tick. Work that a smaller pool no longer overlaps takes longer
/// instead: this predicts crowding, not speed. None without a recording.
pub fn predict(groups: &[Group], step_s: f64, caps: &Caps) -> Option<Prediction> {
    let ticks = groups.iter().map(|group| group.history.len()).max().filter(|&ticks| ticks > 0)?;
    let mut wanted = 0.0;
    for group in groups {
        let cap = cap_of(group).and_then(|kind| caps.holding(kind)).map_or(f64::INFINITY, |cap| most(group, cap));
        wanted += group.history.iter().map(|&wanted| f64::from(wanted).min(cap)).sum::<f64>() / ticks as f64;
    }
    Some(Prediction { wanted, from_s: ticks as f64 * step_s })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::Pid;
    use crate::data::limits::ProcessLimit;
    use crate::data::scene::GroupKey;

    fn group(origin: &str, library: Option<&str>, history: &[f32]) -> Group {
        let key = GroupKey { origin: origin.into(), library: library.map(Into::into) };
        let threads = history.iter().copied().fold(0.0, f32::max).ceil() as u32;
        Group { key, threads, history: history.to_vec(), ..Group::default() }
    }

    fn wanted(groups: &[Group], caps: Caps) -> f64 {
        predict(groups, 1.0, &caps).unwrap().wanted
    }

    #[test]
    fn culprits_are_the_fewest_groups_without_which_the_rest_fits() {
        assert_eq!(culprits(&[14.0, 32.0, 0.3], |_| true, 16.0), [1]);
        assert_eq!(culprits(&[3.0, 3.0, 3.0], |_| true, 4.0), [0, 1], "of equals the first");
        assert_eq!(culprits(&[1.0, 1.0], |_| true, 2.0), [0; 0], "all fits");
        assert_eq!(culprits(&[2.2], |_| true, 2.0), [0; 0], "nearly all fits");
        assert_eq!(culprits(&[], |_| true, 0.0), [0; 0]);
        assert_eq!(culprits(&[5.0, 1.0], |_| true, 0.0), [0, 1]);
        assert_eq!(culprits(&[1.0, 0.99], |index| index == 1, 1.0), [1], "of two that would do, the one with a knob");
        assert_eq!(culprits(&[3.0, 0.5], |index| index == 1, 2.0), [0], "one with a knob that would not do is spared");
    }

    #[test]
    fn a_prediction_cuts_each_group_at_its_cap_tick_by_tick() {
        let groups = [group("tf-intra-op", None, &[4.0, 1.0]), group("python", None, &[1.0, 1.0])];
        assert_eq!(wanted(&groups, Caps::default()), 3.5);
        assert_eq!(wanted(&groups, Caps::of([(CapKind::Intra, 2)])), 2.5);
        assert_eq!(wanted(&groups, Caps::of([(CapKind::Omp, 1)])), 3.5, "nothing of it is here");
        assert_eq!(predict(&[], 1.0, &Caps::default()), None);
    }

    #[test]
    fn a_cap_that_counts_the_caller_leaves_one_thread_less_and_holds_in_each_process() {
        let mut blas = group("openblas", Some("numpy"), &[6.0]);
        assert_eq!(wanted(std::slice::from_ref(&blas), Caps::of([(CapKind::Blas, 4)])), 3.0);
        assert_eq!(wanted(std::slice::from_ref(&blas), Caps::of([(CapKind::Blas, 1)])), 0.0);
        let process = |pid| ProcessLimit { pid: Pid(pid), threads: 3, ..ProcessLimit::default() };
        blas.limits.processes = vec![process(1), process(2)];
        assert_eq!(wanted(&[blas], Caps::of([(CapKind::Blas, 3)])), 4.0);
    }

    #[test]
    fn caps_are_named_by_what_sets_them() {
        let caps = Caps::of([(CapKind::Intra, 2), (CapKind::Data, 1), (CapKind::Blas, 4)]);
        assert_eq!(export(&caps).unwrap(), "export TF_NUM_INTRAOP_THREADS=2 OPENBLAS_NUM_THREADS=4");
        let python = python(&caps).unwrap();
        assert!(python.starts_with("tf.config.threading.set_intra_op_parallelism_threads(2); options = "), "{python}");
        assert_eq!((export(&Caps::default()), crate::model::advice::python(&Caps::default())), (None, None));
    }

    proptest! {
        /// Tighter caps never make more wanted, and no caps ever more than there was.
        #[test]
        fn predictions_are_monotone(
            demands in proptest::collection::vec(proptest::collection::vec(0.0f32..40.0, 0..6), 1..6),
            tight in 1u32..20,
            slack in 0u32..20,
        ) {
            let origins = ["tf-intra-op", "tf-inter-op", "tf-data", "openmp", "openblas", "python"];
            let groups: Vec<Group> =
                demands.iter().zip(origins).map(|(history, origin)| group(origin, None, history)).collect();
            let all = Caps::every;
            let wanted = |caps: &Caps| predict(&groups, 1.0, caps).map_or(0.0, |prediction| prediction.wanted);
            prop_assert!(wanted(&all(tight)) <= wanted(&all(tight + slack)) + 1e-9);
            prop_assert!(wanted(&all(tight + slack)) <= wanted(&Caps::default()) + 1e-9);
        }
    }

    fn level(wanted: f64, cpus: f64) -> Option<Level> {
        Prediction { wanted, from_s: 60.0 }.level(cpus)
    }

    #[test]
    fn a_prediction_is_as_bad_as_its_demand() {
        assert_eq!(level(2.0, 2.0), Some(Level::Healthy));
        assert_eq!(level(2.4, 2.0), Some(Level::Notice));
        assert_eq!(level(1.8, 1.0), Some(Level::Notice), "less than a whole CPU too much");
        assert_eq!(level(3.6, 2.0), Some(Level::Oversubscribed));
        assert_eq!(level(4.2, 2.0), Some(Level::Severe));
        assert_eq!((level(2.0, 0.0), level(f64::NAN, 2.0)), (None, None), "nothing is known");
    }
}
