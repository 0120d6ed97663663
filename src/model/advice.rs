//! What would fit: caps for the groups that want too much, as caps, as a shell line and as Python, and what they would do.

use super::finding::{Case, Judged};
use super::levels::NOTICE_SATURATION;
use super::scene::Group;
use crate::fact::Caps;

/// The smallest set of groups, largest demand first, without which the rest fits the CPUs. Indexes into the groups.
pub fn culprits(demands: &[f64], effective_cpus: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..demands.len()).collect();
    order.sort_by(|&a, &b| demands[b].total_cmp(&demands[a]).then(a.cmp(&b)));
    let mut left: f64 = demands.iter().sum();
    let mut culprits = Vec::new();
    for index in order {
        if left <= effective_cpus * NOTICE_SATURATION {
            break;
        }
        left -= demands[index];
        culprits.push(index);
    }
    culprits
}

/// Caps under which the target would fit its CPUs; empty when it fits already. CPUs are shared among the groups that can
/// be capped in proportion to what they want, one at least for each.
pub fn caps(case: &Case, judged: &Judged) -> Caps {
    let cpus = case.effective_cpus();
    let mut caps = Caps::default();
    if judged.demand.wanted <= cpus * NOTICE_SATURATION {
        return caps;
    }
    let uncappable: f64 = case
        .groups
        .iter()
        .zip(&judged.groups)
        .filter(|(g, _)| slot(&mut caps.clone(), g).is_none())
        .map(|(_, d)| d.wanted)
        .sum();
    let room = (cpus - uncappable.min(cpus - 1.0)).max(1.0);
    let wanted = (judged.demand.wanted - uncappable).max(0.01);
    for (group, demand) in case.groups.iter().zip(&judged.groups) {
        if demand.wanted < 0.1 {
            continue;
        }
        if let Some(slot) = slot(&mut caps, group) {
            let share = (room * demand.wanted / wanted).floor().max(1.0) as u32;
            *slot = Some(slot.map_or(share, |already: u32| already.max(share)).min(group.threads.max(1)));
        }
    }
    caps
}

/// The cap that holds a group; none where only affinity does.
fn slot<'a>(caps: &'a mut Caps, group: &Group) -> Option<&'a mut Option<u32>> {
    match group.key.origin.as_ref() {
        "tf-intra-op" => Some(&mut caps.intra),
        "tf-inter-op" => Some(&mut caps.inter),
        "tf-data" => Some(&mut caps.data),
        "openmp" => Some(&mut caps.omp),
        "openblas" => Some(&mut caps.blas),
        _ => None,
    }
}

/// The caps as a shell line; none when no variable does any of them.
pub fn export(caps: &Caps) -> Option<String> {
    let variables = [
        ("TF_NUM_INTRAOP_THREADS", caps.intra),
        ("TF_NUM_INTEROP_THREADS", caps.inter),
        ("OMP_NUM_THREADS", caps.omp),
        ("OPENBLAS_NUM_THREADS", caps.blas),
    ];
    let set: Vec<_> = variables.iter().filter_map(|(name, value)| Some(format!("{name}={}", (*value)?))).collect();
    (!set.is_empty()).then(|| format!("export {}", set.join(" ")))
}

/// The caps as Python; none when no call does any of them.
pub fn python(caps: &Caps) -> Option<String> {
    let mut lines = Vec::new();
    for (name, value) in [("intra", caps.intra), ("inter", caps.inter)] {
        lines.extend(value.map(|value| format!("tf.config.threading.set_{name}_op_parallelism_threads({value})")));
    }
    lines.extend(caps.data.map(|value| format!("options.threading.private_threadpool_size = {value}")));
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// What the target would want under caps: a prediction, not a measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Prediction {
    /// CPUs it would want.
    pub wanted: f64,
    /// Seconds of recorded demand it rests on.
    pub from_s: f64,
}

/// Cuts every group's recorded demand at its cap, tick by tick. Work that a smaller pool no longer overlaps takes longer
/// instead: this predicts crowding, not speed. None without a recording.
pub fn predict(groups: &[Group], step_s: f64, caps: &Caps) -> Option<Prediction> {
    let ticks = groups.iter().map(|group| group.history.len()).max().filter(|&ticks| ticks > 0)?;
    let mut wanted = 0.0;
    for group in groups {
        let cap = slot(&mut caps.clone(), group).and_then(|cap| *cap).map_or(f64::INFINITY, f64::from);
        wanted += group.history.iter().map(|&wanted| f64::from(wanted).min(cap)).sum::<f64>() / ticks as f64;
    }
    Some(Prediction { wanted, from_s: ticks as f64 * step_s })
}
