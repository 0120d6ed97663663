//! Which threads of tf.data's private pools belong together. TensorFlow makes one pool an iterator and starts its threads one
//! right after the other. Nothing else tells pools apart from outside: those that were made at once count as one.

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

/// The pools of such threads, by process, the oldest first.
pub(crate) fn private_pools<'a>(threads: impl Iterator<Item = &'a Thread>) -> Vec<PrivatePool> {
    let private = threads.filter(|thread| thread.name() == PRIVATE_POOL_THREAD);
    let mut members: Vec<(Pid, u64, f64)> = private
        .map(|thread| (thread.pid, thread.key.start_ticks, thread.demand.map_or(0.0, |demand| demand.got)))
        .collect();
    members.sort_unstable_by_key(|&(pid, born, _)| (pid, born));
    let pool = |members: &[(Pid, u64, f64)]| PrivatePool {
        pid: members[0].0,
        threads: u32::try_from(members.len()).unwrap_or(u32::MAX),
        got: members.iter().map(|(_, _, got)| got).sum(),
    };
    members.chunk_by(|before, after| before.0 == after.0 && after.1 - before.1 <= ONE_GO_TICKS).map(pool).collect()
}
