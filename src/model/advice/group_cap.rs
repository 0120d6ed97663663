//! Which cap holds a group, and how many of its threads can run under it.

use crate::data::limits::{CapKind, Caps};
use crate::data::origin;
use crate::data::scene::{Demand, Group};
use crate::model::limits::knobs::own_threads;

/// Whether any cap but affinity holds a group.
pub fn can_be_capped(group: &Group) -> bool {
    cap_of(group).is_some()
}

/// The cap that holds a group; none where only affinity does.
pub fn cap_of(group: &Group) -> Option<CapKind> {
    CapKind::of_origin(&group.key.origin)
}

/// Whether a group's threads do nothing but what others hand to them, and those others wait meanwhile.
pub fn is_team(group: &Group) -> bool {
    [origin::TF_INTRA_OP, origin::OPENMP, origin::OPENBLAS, origin::NUMEXPR].contains(&&*group.key.origin)
}

/// Copies of OpenMP that a build of TensorFlow runs its operations on; any other belongs to the package that ships it.
const OF_TENSORFLOW: [&str; 6] = ["tensorflow", "intel", "intel_openmp", "libiomp5", "libomp", "libgomp"];
/// CPUs that a team must get to do the work,
const WORKS: f64 = 0.1;
/// and how many times as much as the intra-op pool.
const MORE_THAN_INTRA: f64 = 4.0;

/// Whether a group is a team of OpenMP that TensorFlow's operations may run on.
pub fn is_tensorflows_team(group: &Group) -> bool {
    let copy = group.key.library.as_deref();
    &*group.key.origin == origin::OPENMP && copy.is_none_or(|copy| OF_TENSORFLOW.contains(&copy))
}

/// Whether such a team works for TensorFlow's threads and the intra-op pool does next to nothing, by what each got: in a
/// crowd an idle pool waits for CPUs whenever it is woken. Then each thread of the inter-op pool calls a team of its own.
pub fn openmp_works(groups: &[Group], demands: &[Demand]) -> bool {
    let got = |of: &dyn Fn(&Group) -> bool| -> f64 {
        groups.iter().zip(demands).filter(|(group, _)| of(group)).map(|(_, demand)| demand.got).sum()
    };
    let intra = |group: &Group| &*group.key.origin == origin::TF_INTRA_OP;
    let team = got(&is_tensorflows_team);
    groups.iter().any(intra) && team >= WORKS && team >= MORE_THAN_INTRA * got(&intra)
}

/// Threads of a group that can run at once under caps: pools are made per process, and some count the thread that calls
/// them. An intra-op pool of one does nothing: its caller does.
pub fn width(group: &Group, caps: &Caps) -> f64 {
    let threads = f64::from(group.threads);
    let Some(cap) = cap_of(group).and_then(|kind| caps.holding(kind)) else { return threads };
    let processes = group.limits.processes.len().max(1) as f64;
    let own =
        if cap == 1 && &*group.key.origin == origin::TF_INTRA_OP { 0 } else { own_threads(&group.key.origin, cap) };
    threads.min(f64::from(own) * processes)
}
