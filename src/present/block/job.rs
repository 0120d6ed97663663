//! A job in words: what its ranks on this machine want together, who takes from whom, and how they are bound.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::job::rank::Rank;
use crate::data::job::{Job, JobKey};
use crate::data::scene::{Demand, Scene, TargetState, TermKind, Verdict};
use crate::data::{CpuSet, Pid, origin};
use crate::present::format::{cpus, cpus_in_words};

/// CPUs, and a part of its share, by which a rank gets more or less than its share before that is said.
const UNEQUAL_CPUS: f64 = 0.25;
const UNEQUAL_PART: f64 = 0.25;
/// Ranks that are named one by one.
const NAMED: usize = 4;

/// "Slurm job 4711: 4 of 8 ranks want 7.9 of 2 CPUs and get 2.0", then the verdict on them together and what would fit, then
/// what is wrong between them. `scenes` are those of its processes, and may be those of others, too.
pub fn lines(job: &Job, scenes: &[Arc<Scene>]) -> Vec<String> {
    let mut lines = vec![demand(job)];
    let headline = &job.scene.headline;
    if headline.condition > Verdict::Stopped && headline.condition != Verdict::Healthy {
        lines.push(format!("{}: {}", headline.condition.word(), headline.message));
        lines.extend(Some(headline.advice.clone()).filter(|advice| !advice.is_empty()));
    }
    let ranks = Ranks::of(job, scenes);
    lines.extend(ranks.taken());
    lines.extend(ranks.bound());
    lines
}

fn demand(job: &Job) -> String {
    let (name, ranks, of) = (job.name(), job.ranks(), cpus_in_words(job.scene.capacity.effective_cpus));
    match job.demand {
        Some(Demand { got, wanted, .. }) => {
            format!("{name}: {ranks} want {} of {of} CPUs and get {}", cpus_in_words(wanted), cpus_in_words(got))
        }
        None => format!("{name}: {ranks} on {of} CPUs"),
    }
}

/// Processes in their order, but the ranks of a job one after the other, by number, where its first one stands; each with its job.
pub fn ranks_together<'a>(order: Vec<&'a Scene>, jobs: &'a [Job]) -> Vec<(&'a Scene, Option<&'a Job>)> {
    let mut of_jobs: BTreeMap<&JobKey, Vec<&Scene>> = BTreeMap::new();
    let all: Vec<_> = order.into_iter().map(|scene| (scene, job_of(&scene.target, jobs))).collect();
    for (scene, job) in all.iter().filter_map(|(scene, job)| Some((scene, (*job)?))) {
        of_jobs.entry(&job.key).or_default().push(scene);
    }
    let mut listed = Vec::with_capacity(all.len());
    for (scene, job) in all {
        let Some(job) = job else {
            listed.push((scene, None));
            continue;
        };
        let mut ranks = of_jobs.remove(&job.key).unwrap_or_default();
        ranks.sort_by_key(|scene| (scene.target.rank.as_ref().map(|rank| rank.rank), scene.target.pid));
        listed.extend(ranks.into_iter().map(|scene| (scene, Some(job))));
    }
    listed
}

/// "3/8": a rank's number; nothing of one that is none.
pub fn rank(target: &TargetState) -> Option<String> {
    target.rank.as_ref().map(rank_number)
}

/// "3/8"; "3" where nobody told of how many.
pub fn rank_number(rank: &Rank) -> String {
    rank.ranks.map_or_else(|| rank.rank.to_string(), |ranks| format!("{}/{ranks}", rank.rank))
}

/// The limit of TensorFlow's intra-op pool that counts in one process; none without a pool or a limit.
pub fn intra_limit(scene: &Scene, pid: Pid) -> Option<u32> {
    let (at, pool) = scene.groups.iter().enumerate().find(|(_, it)| *it.key.origin == *origin::TF_INTRA_OP)?;
    let limit = match pool.limits.processes.iter().find(|process| process.pid == pid) {
        Some(one_of_several) => one_of_several.limit.as_ref(),
        // Only one process has the pool then. Threads stand by their groups; one around it, as timeout(1), has none of them.
        None => {
            let first = scene.threads.partition_point(|it| it.group < at);
            let owner = scene.threads.get(first).filter(|it| it.group == at).map(|it| it.pid);
            pool.limits.effective().filter(|_| owner == Some(pid))
        }
    };
    limit.map(|limit| limit.value)
}

/// The job that a process belongs to.
pub fn job_of<'a>(target: &TargetState, jobs: &'a [Job]) -> Option<&'a Job> {
    jobs.iter().find(|job| job.includes(target))
}

/// What each rank got, and where it may run.
struct Ranks<'a> {
    share: f64,
    demands: BTreeMap<u32, Demand>,
    masks: BTreeMap<u32, &'a CpuSet>,
    granted: u32,
}

impl<'a> Ranks<'a> {
    fn of(job: &'a Job, scenes: &'a [Arc<Scene>]) -> Self {
        let mut demands: BTreeMap<u32, Demand> = BTreeMap::new();
        let mut masks = BTreeMap::new();
        for scene in scenes.iter().filter(|scene| job.includes(&scene.target)) {
            let Some(rank) = &scene.target.rank else { continue };
            if let Some(demand) = scene.demand {
                let sum = demands.entry(rank.rank).or_default();
                *sum = *sum + demand;
            }
            if let Some(mask) = mask(scene) {
                masks.entry(rank.rank).or_insert(mask);
            }
        }
        Self { share: job.share, demands, masks, granted: granted(&job.scene) }
    }

    /// Who gets more than his share while another gets less than his share and wants more.
    fn taken(&self) -> Option<String> {
        let much = UNEQUAL_CPUS.max(UNEQUAL_PART * self.share);
        let more = self.named(|demand| demand.got >= self.share + much)?;
        let less = self.named(|demand| demand.got <= demand.wanted.min(self.share) - much)?;
        let they = if less.starts_with("ranks") { "they want" } else { "it wants" };
        Some(format!("{more}, more than an equal share of {}; {less}, less than {they}", cpus(self.share)))
    }

    /// "rank 0 gets 1.20 CPUs", of those that are so.
    fn named(&self, so: impl Fn(&Demand) -> bool) -> Option<String> {
        let (ranks, got): (Vec<u32>, Vec<f64>) =
            self.demands.iter().filter(|(_, demand)| so(demand)).map(|(rank, demand)| (*rank, demand.got)).unzip();
        match got.as_slice() {
            [] => None,
            [one] => Some(format!("rank {} gets {} CPUs", listed(&ranks), cpus(*one))),
            [..] => {
                let most = got.iter().copied().fold(0.0, f64::max);
                Some(format!("ranks {} get up to {} CPUs each", listed(&ranks), cpus(most)))
            }
        }
    }

    /// More ranks bound to the same CPUs than there would be if all CPUs that the machine grants had as many.
    fn bound(&self) -> Option<String> {
        let mut same: BTreeMap<String, (&CpuSet, Vec<u32>)> = BTreeMap::new();
        for (rank, mask) in &self.masks {
            same.entry(mask.to_string()).or_insert_with(|| (mask, Vec::new())).1.push(*rank);
        }
        let each = self.masks.len().div_ceil(self.granted.max(1) as usize);
        let crowded = |(mask, ranks): &&(&CpuSet, Vec<u32>)| {
            mask.count() < self.granted && ranks.len() > each.saturating_mul(mask.count() as usize)
        };
        let (mask, ranks) = same.values().filter(crowded).max_by_key(|(_, ranks)| ranks.len())?;
        let noun = if mask.count() == 1 { "CPU" } else { "CPUs" };
        Some(format!(
            "ranks {} are bound to {noun} {mask} alone, of {} that the machine grants: a binding does that (the launcher's, or \
             taskset), not a number of threads",
            listed(ranks),
            self.granted
        ))
    }
}

/// "0, 1, 2, 3 and 4 more".
fn listed(ranks: &[u32]) -> String {
    let named: Vec<String> = ranks.iter().take(NAMED).map(ToString::to_string).collect();
    match ranks.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// CPUs that are there for it whatever its mask.
fn granted(scene: &Scene) -> u32 {
    let sets = scene.capacity.terms.iter().filter(|term| matches!(term.kind, TermKind::Cpuset | TermKind::Online));
    sets.filter_map(|term| term.set.as_ref()).map(CpuSet::count).min().unwrap_or(0)
}

fn mask(scene: &Scene) -> Option<&CpuSet> {
    scene.capacity.terms.iter().find(|term| term.kind == TermKind::Affinity)?.set.as_ref()
}
