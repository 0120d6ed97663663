//! Caps under which a target fits its CPUs and still keeps them busy.
//!
//! A pool gets as many threads as there are CPUs, the loosest cap that holds it to them. Less only where pools multiply:
//! processes that each have pools, iterators that each have a private pool, a BLAS beside TensorFlow's pools, inter-op
//! threads that each have an OpenMP team, and callers: threads that hand work to the intra-op pool and do work themselves.
//! What others do beside the pool is left out of the intra-op pool's share; at 1 the pool does nothing and its work moves
//! into the callers (`tests/corpus` measures what that does to speed). Who hardly waits in a crowd takes turns with the pool,
//! as a Python loop around `predict` does, and takes nothing from its share. What an intra-op pool of two and more does is
//! left out of the inter-op pool's share: its threads call that pool.

use std::collections::BTreeMap;

use crate::data::limits::{CapKind, Caps};
use crate::data::scene::{Demand, Group, Thread};
use crate::data::{Pid, origin};
use crate::model::advice::caps_fit::{AdviceMemory, CapsFit};
use crate::model::advice::group_cap::{cap_of, is_team, openmp_works};
use crate::model::advice::predict::{MOST_WITHIN, of_demands};
use crate::model::judged_window::JudgedWindow;
use crate::model::rules::input::{COMPUTE, RuleInput};
use crate::model::verdict::levels::NOTICE_SATURATION;

/// Groups that want less, in CPUs, are left alone,
const LEAST_CPUS: f64 = 0.05;
/// and those that get less: in a crowd also the one that does next to nothing waits.
const LEAST_GOT: f64 = 0.03;
/// A pool of more than so many threads a CPU is too large also where all fits, if its threads wait for one another:
const OVERSIZE: u32 = 2;
/// CPUs that they wait for, at least.
const OVERSIZE_WAITS: f64 = 0.2;
/// CPUs wanted from which on a process, or a thread that calls an OpenMP team, counts as busy.
const BUSY_CPUS: f64 = 0.25;
/// Share of its time that a pool waits for a CPU from which on it is in a crowd.
const CROWDED_WAIT_SHARE: f64 = 0.3;
/// Pieces of work that are shorter than this, in microseconds, cost a pool more than they bring: waking a thread takes some
/// of them. Measured on the corpus: pools of 19 to 22 us lose to none at all, those of 28 us and more don't.
const SHORT_PIECE_US: f64 = 25.0;
/// Share of the work from which on what others do beside a pool counts.
const LEAST_BESIDE: f64 = 0.25;
/// Advice that would leave less than this of the CPUs a target got is no advice.
const LEAST_KEPT: f64 = 0.95;

/// What would fit, as it was advised before where that still does.
pub fn advise(input: &RuleInput, judged: &JudgedWindow, memory: &mut AdviceMemory) -> CapsFit {
    let fit = fit(input, judged);
    let still_narrows = |caps: &Caps| caps.pools().all(|(kind, value)| pool_size(input, kind) > value);
    match memory.advise(fit.caps, still_narrows) {
        caps if caps == fit.caps => fit,
        caps => {
            CapsFit { caps, predicted: of_demands(input.groups, &judged.groups, input.effective_cpus(), &caps), ..fit }
        }
    }
}

/// What would fit by this window alone.
fn fit(input: &RuleInput, judged: &JudgedWindow) -> CapsFit {
    let cpus = input.effective_cpus();
    let as_it_is = CapsFit {
        caps: Caps::default(),
        predicted: of_demands(input.groups, &judged.groups, cpus, &Caps::default()),
        all_within_cpus: all_within_cpus(input, judged),
    };
    let crowded = judged.demand.wanted > cpus * NOTICE_SATURATION;
    let work = Work::new(input, judged);
    let mut caps = Caps::default();
    for kind in CapKind::all().filter(|&kind| !(work.team_callers > 0 && kind == CapKind::Intra)) {
        let groups = input.groups.iter().zip(&judged.groups).filter(|(group, _)| cap_of(group) == Some(kind));
        let (got, wanted) = groups.fold((0.0, 0.0), |sum, (_, demand)| (sum.0 + demand.got, sum.1 + demand.wanted));
        let size = pool_size(input, kind);
        let alone = judged.others < OVERSIZE_WAITS;
        let too_large = || alone && size > OVERSIZE * work.all() && wanted - got >= OVERSIZE_WAITS;
        if got >= LEAST_GOT && wanted >= LEAST_CPUS && size > work.cap(kind) && (crowded || too_large()) {
            *caps.get_mut(kind) = Some(work.cap(kind));
        }
    }
    let kept = judged.demand.got.min(cpus) * LEAST_KEPT;
    while !caps.is_empty() {
        let predicted = of_demands(input.groups, &judged.groups, cpus, &caps);
        if predicted.got >= kept {
            return CapsFit { caps, predicted, ..as_it_is };
        }
        // Too tight: tf.data's pools, which share what there is, and the pool that others call may have more, up to what they
        // have.
        let Some(kind) = [CapKind::Data, CapKind::Intra].into_iter().find(|&kind| caps.get(kind).is_some()) else {
            return as_it_is;
        };
        let cap = caps.get_mut(kind);
        *cap = cap.map(|cap| cap + 1).filter(|&cap| cap <= work.all() && cap < pool_size(input, kind));
    }
    as_it_is
}

/// Whether one process works, and no pool or group of threads of it is larger, or wants more, than its CPUs.
fn all_within_cpus(input: &RuleInput, judged: &JudgedWindow) -> bool {
    let cpus = input.effective_cpus();
    let within = |(group, demand): (&Group, &Demand)| {
        let size = cap_of(group).filter(|_| demand.wanted >= LEAST_CPUS).map(|kind| pool_size(input, kind));
        demand.wanted <= cpus * NOTICE_SATURATION && size.is_none_or(|size| f64::from(size) <= cpus.ceil())
    };
    judged.processes.iter().filter(|demand| demand.wanted >= BUSY_CPUS).count() <= 1
        && judged.demand.wanted <= cpus * MOST_WITHIN
        && input.groups.iter().zip(&judged.groups).all(within)
}

/// The number that a cap would have to be below to change anything: threads of the largest pool, with the one that calls
/// where the library counts it; of tf.data what sizes each private pool.
fn pool_size(input: &RuleInput, kind: CapKind) -> u32 {
    let groups = || input.groups.iter().filter(|group| cap_of(group) == Some(kind));
    if kind == CapKind::Data {
        let private = input.private_pools().iter().map(|pool| pool.threads).max();
        let set = || groups().filter_map(|group| group.limits.effective()).find(|limit| limit.was_set());
        return private.unwrap_or_else(|| set().map_or(input.sizes.whole.allowed, |limit| limit.value));
    }
    groups().map(largest_pool).max().unwrap_or(0) + u32::from(kind.row().setting.counts_caller)
}

/// Threads of a group in the process that has most of them.
fn largest_pool(group: &Group) -> u32 {
    group.limits.processes.iter().map(|process| process.threads).max().unwrap_or(group.threads)
}

/// Who does a target's work.
struct Work {
    /// CPUs of each process, were they shared alike.
    cpus: f64,
    /// Shares of the CPU time: TensorFlow's intra-op pool, what others do beside it, and Python's own threads, which call the
    /// inter-op pool.
    intra: f64,
    beside: f64,
    python: f64,
    /// Threads of an intra-op pool as it is.
    intra_threads: u32,
    /// Python's threads and main threads that work at once: each may call a library's team.
    calling_threads: u32,
    /// Private pools of tf.data that work in a process.
    private_pools: u32,
    /// Threads of a process's inter-op pool that call an OpenMP team at once, each its own; 0 where operations do not run on
    /// OpenMP.
    team_callers: u32,
}

impl Work {
    fn new(input: &RuleInput, judged: &JudgedWindow) -> Self {
        let total: f64 = judged.groups.iter().map(|demand| demand.got).sum();
        let share = |of: &dyn Fn(&Group) -> bool| {
            let got = input.groups.iter().zip(&judged.groups).filter(|(group, _)| of(group)).map(|(_, it)| it.got);
            if total > 0.0 { got.sum::<f64>() / total } else { 0.0 }
        };
        let beside = beside_the_pool(input, judged);
        Self {
            cpus: input.effective_cpus() / busy_processes(input, judged).max(1) as f64,
            intra: share(&|group| &*group.key.origin == origin::TF_INTRA_OP),
            beside: if total > 0.0 { beside / total } else { 0.0 },
            python: share(&|group| &*group.key.origin == origin::PYTHON),
            intra_threads: pool_size(input, CapKind::Intra),
            calling_threads: calling_threads(input),
            private_pools: working_private_pools(input),
            team_callers: if openmp_works(input.groups, &judged.groups) { team_callers(input) } else { 0 },
        }
    }

    /// Threads for a pool that has a process's share of the CPUs for itself.
    fn all(&self) -> u32 {
        (self.cpus.ceil() as u32).max(1)
    }

    /// The loosest cap that keeps a pool to its share of the CPUs.
    fn cap(&self, kind: CapKind) -> u32 {
        let all = self.all();
        // Halves are rounded down: a pool of 2 beside one busy caller is one too many.
        let beside = |others: f64| match others < LEAST_BESIDE {
            true => all,
            false => ((self.cpus * (1.0 - others) - 0.5).ceil() as u32).clamp(1, all),
        };
        match kind {
            CapKind::Intra => beside(self.beside),
            CapKind::Inter if self.team_callers > 0 => all,
            // Its threads call the intra-op pool: what that does is not theirs, nor what Python's threads do.
            CapKind::Inter if self.intra_threads.min(self.cap(CapKind::Intra)) > 1 => {
                beside(self.intra.max(self.python))
            }
            CapKind::Inter => beside(self.python),
            CapKind::Omp if self.team_callers > 0 => (all / self.team_callers).max(1),
            CapKind::Data => (all / self.private_pools.max(1)).max(1),
            CapKind::Omp | CapKind::Blas | CapKind::Numexpr => match self.calling_threads {
                ..2 => beside(self.intra),
                callers => beside(self.intra).min((all / callers).max(1)),
            },
        }
    }
}

/// Processes that work and have pools to do it with.
fn busy_processes(input: &RuleInput, judged: &JudgedWindow) -> usize {
    let busy = input.processes.iter().zip(&judged.processes).filter(|(process, demand)| {
        let has_pool = || COMPUTE.iter().any(|origin| input.threads_in(process.fact.key.pid, origin) > 0);
        !process.ended && demand.wanted >= BUSY_CPUS && has_pool()
    });
    busy.count()
}

/// CPUs that others use while the intra-op pool runs. Threads of a crowd all wait alike, so one that waits less than the pool
/// runs while the pool rests. Where there is no crowd to tell it by, and where the pool runs but short pieces, whose callers
/// had better do them, all that callers do.
fn beside_the_pool(input: &RuleInput, judged: &JudgedWindow) -> f64 {
    let of_pool = |group: &Group| &*group.key.origin == origin::TF_INTRA_OP;
    let all = || input.groups.iter().zip(&judged.groups).zip(&judged.slice_us);
    let pool = all().find(|((group, _), _)| of_pool(group));
    let waits = pool.and_then(|((_, demand), _)| demand.wait_share).filter(|&share| share >= CROWDED_WAIT_SHARE);
    let short = pool.and_then(|(_, slice_us)| *slice_us).is_some_and(|slice_us| slice_us < SHORT_PIECE_US);
    let others = all().filter(|((group, _), _)| !of_pool(group));
    let of = |((group, demand), _): ((&Group, &Demand), _)| match waits {
        Some(pool) if !short => demand.got * (demand.wait_share.unwrap_or(0.0) / pool).min(1.0),
        _ if is_team(group) => 0.0,
        _ => demand.got,
    };
    others.map(of).sum()
}

fn calling_threads(input: &RuleInput) -> u32 {
    let calls = |thread: &&Thread| {
        [origin::PYTHON, origin::PROGRAM, origin::MAIN].contains(&&*thread.attribution.group.origin)
            && thread.demand.is_some_and(|demand| demand.got >= LEAST_CPUS)
    };
    input.threads.iter().filter(calls).count() as u32 / input.living().count().max(1) as u32
}

fn team_callers(input: &RuleInput) -> u32 {
    let calls = |thread: &&Thread| {
        *thread.attribution.group.origin == *origin::TF_INTER_OP
            && thread.demand.is_some_and(|demand| demand.wanted >= BUSY_CPUS)
    };
    (input.threads.iter().filter(calls).count() as u32 / input.living().count().max(1) as u32).max(1)
}

/// Private pools of tf.data that work, in the process that has most of them. One that belongs to an iterator which rests, as
/// that of a validation, takes nothing from the others.
fn working_private_pools(input: &RuleInput) -> u32 {
    let mut working = BTreeMap::<Pid, u32>::new();
    for pool in input.private_pools().iter().filter(|pool| pool.got >= LEAST_GOT) {
        *working.entry(pool.pid).or_default() += 1;
    }
    working.into_values().max().unwrap_or(0)
}
