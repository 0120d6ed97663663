//! Which threads of tf.data's private pools belong together. TensorFlow makes one pool an iterator and starts its threads one
//! right after the other. Several that were made at once can't be told apart by that: they count as one, or as pools of the size
//! that TensorFlow gives them where nobody sets it.

use crate::data::Pid;
use crate::data::limits::PRIVATE_POOL_THREAD;
use crate::data::scene::Thread;

/// Start times have a resolution of one tick.
const ONE_GO_TICKS: u64 = 1;

/// One private pool.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PrivatePool {
    pub pid: Pid,
    pub threads: u32,
    /// CPUs its threads got over the window.
    pub got: f64,
}

/// The pools of such threads, by process, the oldest first. `usual` is the size of a process's pools where it is known: threads
/// that were started at once and are a multiple of it are several.
pub(crate) fn private_pools<'a>(
    threads: impl Iterator<Item = &'a Thread>,
    usual: impl Fn(Pid) -> Option<u32>,
) -> Vec<PrivatePool> {
    let private = threads.filter(|thread| thread.name() == PRIVATE_POOL_THREAD);
    let mut members: Vec<(Pid, u64, f64)> = private
        .map(|thread| (thread.pid, thread.key.start_ticks, thread.demand.map_or(0.0, |demand| demand.got)))
        .collect();
    members.sort_unstable_by_key(|&(pid, born, _)| (pid, born));
    let at_once = members.chunk_by(|before, after| before.0 == after.0 && after.1 - before.1 <= ONE_GO_TICKS);
    let pools = at_once.flat_map(|members| {
        let (pid, threads) = (members[0].0, u32::try_from(members.len()).unwrap_or(u32::MAX));
        let size = usual(pid).filter(|&size| size > 0 && threads.is_multiple_of(size)).unwrap_or(threads);
        let count = (threads / size) as usize;
        let got = members.iter().map(|(_, _, got)| got).sum::<f64>() / count as f64;
        std::iter::repeat_n(PrivatePool { pid, threads: size, got }, count)
    });
    pools.collect()
}
