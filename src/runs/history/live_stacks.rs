//! The stacks that were taken of a live target while it was watched, in bounded memory; and of those, or of a recording's, the ones
//! that count at a moment.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::data::Tid;
use crate::data::sample::{Stack, Stacks, TakenStacks};
use crate::data::scene::Scene;
use crate::runs::recording::stacks::stack_bytes;

/// Most bytes of memory of all together, about.
const LIMIT: usize = 16 << 20;
/// Nanoseconds of a clock tick: there are 100 a second on all current kernels.
const TICK_NS: u64 = 10_000_000;

/// Stacks of one target, the oldest first; shared by who takes them and who shows them.
#[derive(Clone, Debug, Default)]
pub struct LiveStacks(Arc<Mutex<KeptStacks>>);

#[derive(Debug, Default)]
struct KeptStacks {
    taken: VecDeque<Arc<TakenStacks>>,
    forgot: bool,
}

impl LiveStacks {
    /// Takes them in; the oldest go where there is no room.
    pub fn add(&self, taken: Arc<TakenStacks>) {
        let mut kept = self.locked();
        kept.taken.push_back(taken);
        while kept.taken.len() > 1 && kept.taken.iter().map(|taken| bytes(taken)).sum::<usize>() > LIMIT {
            kept.taken.pop_front();
            kept.forgot = true;
        }
    }

    /// All that are kept, the newest first.
    pub fn newest_first(&self) -> Vec<Arc<TakenStacks>> {
        self.locked().taken.iter().rev().cloned().collect()
    }

    /// Whether some were forgotten.
    pub fn forgot(&self) -> bool {
        self.locked().forgot
    }

    fn locked(&self) -> MutexGuard<'_, KeptStacks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(taken: &TakenStacks) -> usize {
    taken.stacks.stacks.iter().map(stack_bytes).sum()
}

/// Stacks that were taken some time before a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastStacks {
    /// Nanoseconds from then to the moment.
    pub age_ns: u64,
    /// Of the threads that are asked about those that had no newer one.
    pub stacks: Stacks,
}

/// Of each of these threads the last stack at the moment of a scene or before it, those taken together beside one another, the
/// newest first. `taken` comes the newest first, and only as far as it is needed.
pub fn last_stacks(scene: &Scene, tids: &[Tid], taken: impl IntoIterator<Item = Arc<TakenStacks>>) -> Vec<PastStacks> {
    // A thread that was born later is another one with the same tid.
    let all = scene.threads.iter().map(|thread| (thread.key.tid, thread.key.start_ticks.saturating_mul(TICK_NS)));
    let mut wanted: BTreeMap<Tid, u64> = all.filter(|(tid, _)| tids.contains(tid)).collect();
    let mut past = Vec::new();
    let mut taken = taken.into_iter().filter(|taken| taken.at_ns <= scene.at_ns);
    while !wanted.is_empty()
        && let Some(taken) = taken.next()
    {
        let counts = |stack: &&Stack| wanted.get(&stack.tid).is_some_and(|&born_ns| born_ns <= taken.at_ns);
        let stacks: Vec<Stack> = taken.stacks.stacks.iter().filter(counts).cloned().collect();
        if stacks.is_empty() {
            continue;
        }
        wanted.retain(|tid, _| stacks.iter().all(|stack| stack.tid != *tid));
        let Stacks { pid, stacks: _, ref gaps, wall_ns, stopped_ns, longest_stop_ns, stop_count } = taken.stacks;
        let gaps = gaps.clone();
        let stacks = Stacks { pid, stacks, gaps, wall_ns, stopped_ns, longest_stop_ns, stop_count };
        past.push(PastStacks { age_ns: scene.at_ns - taken.at_ns, stacks });
    }
    past
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ThreadKey;
    use crate::data::sample::ThreadFact;
    use crate::model::build_scene::Model;
    use crate::model::origin::families::Families;
    use crate::runs::recorded::tests::watch;
    use crate::runs::recording::stacks::tests::taken;

    const SECOND: u64 = 1_000_000_000;

    fn scene(at_ns: u64, threads: &[(u32, u64)]) -> Scene {
        let mut sample = watch(0).remove(0);
        sample.at_ns = at_ns;
        let first = sample.processes[0].threads[0].clone();
        let thread = |&(tid, start_ticks): &(u32, u64)| ThreadFact {
            key: ThreadKey { tid: Tid(tid), start_ticks },
            ..first.clone()
        };
        sample.processes[0].threads = threads.iter().map(thread).collect();
        Model::new(Families::builtin()).next(Arc::new(sample))
    }

    fn last(scene: &Scene, tids: &[u32], taken: &[TakenStacks]) -> Vec<(u64, Vec<u32>)> {
        let tids: Vec<Tid> = tids.iter().map(|&tid| Tid(tid)).collect();
        let past = last_stacks(scene, &tids, taken.iter().rev().cloned().map(Arc::new));
        let of = |past: PastStacks| {
            (past.age_ns / SECOND, past.stacks.stacks.iter().map(|stack| stack.tid.0).collect::<Vec<_>>())
        };
        past.into_iter().map(of).collect()
    }

    #[test]
    fn of_each_thread_its_last_stack_counts() {
        let all = [taken(10 * SECOND, [1, 2, 3]), taken(20 * SECOND, [2]), taken(30 * SECOND, [1, 2, 3])];
        let at = |second: u64| scene(second * SECOND, &[(1, 0), (2, 0), (3, 0), (4, 0)]);
        assert_eq!(last(&at(25), &[1, 2, 4], &all), [(5, vec![2]), (15, vec![1])]);
        assert_eq!(last(&at(20), &[2], &all), [(0, vec![2])]);
        assert_eq!(last(&at(31), &[1, 2, 3], &all), [(1, vec![1, 2, 3])]);
        assert_eq!(last(&at(9), &[1, 2, 3], &all), []);
        assert_eq!(last(&at(40), &[4, 99], &all), [], "neither known nor taken");
    }

    #[test]
    fn a_thread_that_was_born_later_is_another_one() {
        let all = [taken(10 * SECOND, [1])];
        assert_eq!(last(&scene(20 * SECOND, &[(1, 1_500)]), &[1], &all), []);
        assert_eq!(last(&scene(20 * SECOND, &[(1, 900)]), &[1], &all), [(10, vec![1])]);
    }

    #[test]
    fn what_memory_has_no_room_for_is_forgotten() {
        let kept = LiveStacks::default();
        let large = taken(1, 0..3_000);
        let most = LIMIT / bytes(&large);
        (0..most as u64 + 3).for_each(|at_ns| kept.add(Arc::new(TakenStacks { at_ns, ..large.clone() })));
        let newest = kept.newest_first();
        assert_eq!((newest.len(), newest[0].at_ns, kept.forgot()), (most, most as u64 + 2, true));
    }
}
