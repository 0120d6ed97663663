//! Which cap holds a group, and how many of its threads can run under it.

use crate::data::limits::{CapKind, Caps};
use crate::data::origin;
use crate::data::scene::Group;
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
