//! Things that stand in a list of the screen as several lines: the arithmetic of CPUs, a group's limits, a cause, a gap. The same lines
//! are counted for scrolling and drawn; every value in them is the model's.

pub(crate) mod capacity;
pub(crate) mod caps;
pub(crate) mod cause;
pub(crate) mod concurrency;
pub(crate) mod gap;
pub(crate) mod gpus;
pub(crate) mod job;
pub(crate) mod lanes;
pub(crate) mod limits;
pub(crate) mod trace;

use crate::data::scene::Scene;
use crate::present::causes::rank;
use crate::present::format::contains;
use crate::present::line::Line;

/// A thing of a scene that stands as several lines: indexes into the scene it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// The CPUs the target may use, term by term.
    Capacity,
    /// The caps it was started with.
    Caps,
    /// What limits a group.
    Limits(usize),
    /// A cause, and whether it applies.
    Cause(usize),
    /// Something missing, and why.
    Gap(usize),
    /// What the trace of the scheduler shows all together; its lanes show so many seconds.
    Trace(u8),
    /// What else it shows, below its lanes.
    TraceNotes,
    /// When the threads of a group ran, of a trace; none: threads that no look saw. So many seconds of it.
    Lanes(Option<usize>, u8),
}

/// The lines of a block on a table this wide, one at least. A cause shows its evidence only when it is `open`.
pub fn lines(scene: &Scene, block: Block, open: bool, width: u16) -> Vec<Line> {
    let lines = match block {
        Block::Capacity => Some(capacity::lines(&scene.capacity, width)),
        Block::Caps => scene.launch.as_ref().map(|launch| caps::lines(launch, width)),
        Block::Limits(at) => scene.groups.get(at).map(|group| {
            let check = scene.launch.as_ref().and_then(|launch| launch.check_of(&group.key));
            limits::lines(group, check, width)
        }),
        Block::Cause(at) => scene.judgements.get(at).map(|cause| cause::lines(scene, cause, open, width)),
        Block::Gap(at) => scene.gaps.get(at).map(|gap| gap::lines(gap, width)),
        Block::Trace(seconds) => scene.trace.as_ref().map(|trace| trace::lines(scene, trace, seconds, width)),
        Block::TraceNotes => scene.trace.as_ref().map(|trace| trace::more(scene, trace, width)),
        Block::Lanes(group, seconds) => Some(lanes::lines(scene, group, seconds, width)),
    };
    lines.filter(|lines| !lines.is_empty()).unwrap_or_else(|| vec![Line::new()])
}

/// Whether a text occurs in what a block is about.
pub fn mentions(scene: &Scene, block: Block, text: &str) -> bool {
    match block {
        Block::Capacity | Block::Caps | Block::Trace(_) | Block::TraceNotes | Block::Lanes(None, _) => text.is_empty(),
        Block::Lanes(Some(at), _) => scene.groups.get(at).is_some_and(|group| contains(&group.label, text)),
        Block::Limits(at) => scene.groups.get(at).is_some_and(|group| {
            contains(&group.label, text) || group.limits.all.iter().any(|limit| contains(limit.source.text(), text))
        }),
        Block::Cause(at) => scene
            .judgements
            .get(at)
            .is_some_and(|cause| [cause.code, cause.question, cause.message()].iter().any(|it| contains(it, text))),
        Block::Gap(at) => scene.gaps.get(at).is_some_and(|gap| contains(&gap.what, text) || contains(&gap.why, text)),
    }
}

/// What a trace shows, and the lanes of the groups whose threads ran in its last seconds.
pub fn traced(scene: &Scene, seconds: u8) -> Vec<Block> {
    let Some(trace) = &scene.trace else { return Vec::new() };
    let lanes = lanes::groups(&trace.lanes, seconds).into_iter().map(|group| Block::Lanes(group, seconds));
    std::iter::once(Block::Trace(seconds)).chain(lanes).chain([Block::TraceNotes]).collect()
}

/// Causes in the order they are read: found ones first, then what is open, then what is ruled out.
pub fn causes(scene: &Scene) -> Vec<Block> {
    let mut order: Vec<usize> = (0..scene.judgements.len()).collect();
    order.sort_by_key(|&at| rank(&scene.judgements[at].answer));
    order.into_iter().map(Block::Cause).collect()
}
