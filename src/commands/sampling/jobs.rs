//! Jobs among the processes under watch: the ranks of each as one target. Reads nothing itself: it is made of the samples that the
//! looks at single processes took.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::job::{Job, JobKey};
use crate::data::sample::{Cost, Sample};
use crate::data::scene::{Demand, Scene};
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;

/// Fewest ranks on this machine that make a job of their own: one alone says nothing that its process does not.
const FEWEST_RANKS: usize = 2;

/// A process's newest scene, and the sample that it was made of.
pub(crate) type LookedProcess = (Arc<Scene>, Arc<Sample>);

/// Follows jobs from look to look.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    models: BTreeMap<JobKey, Model>,
}

impl Jobs {
    /// The jobs of one look at all processes, by launcher and name.
    pub(crate) fn next(&mut self, looked: &[LookedProcess], families: &Families) -> Vec<Job> {
        let mut jobs: BTreeMap<JobKey, Vec<&LookedProcess>> = BTreeMap::new();
        for found in looked.iter().filter(|(scene, _)| !scene.target.ended) {
            if let Some(key) = JobKey::of(&found.0.target) {
                jobs.entry(key).or_default().push(found);
            }
        }
        jobs.retain(|_, members| ranks(members).len() >= FEWEST_RANKS);
        self.models.retain(|key, _| jobs.contains_key(key));
        let next = |(key, members): (JobKey, Vec<&LookedProcess>)| {
            let model = self.models.entry(key.clone()).or_insert_with(|| Model::new(families.clone()));
            job(key, members, model)
        };
        jobs.into_iter().map(next).collect()
    }
}

fn ranks(members: &[&LookedProcess]) -> Vec<u32> {
    let mut ranks: Vec<u32> = members.iter().filter_map(|(scene, _)| Some(scene.target.rank.as_ref()?.rank)).collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

fn job(key: JobKey, mut members: Vec<&LookedProcess>, model: &mut Model) -> Job {
    members.sort_by_key(|(scene, _)| (scene.target.rank.as_ref().map(|rank| rank.rank), scene.target.pid));
    let ranks_here = ranks(&members);
    let scene = Arc::new(model.next(Arc::new(together(&members))));
    let share = scene.target.share(scene.capacity.effective_cpus).unwrap_or_default();
    Job { key, ranks_here, share, demand: demand(&members), scene }
}

/// The sum of what each is shown with: samples that are taken one after the other cover slightly different times.
fn demand(members: &[&LookedProcess]) -> Option<Demand> {
    members.iter().map(|(scene, _)| scene.demand).try_fold(Demand::default(), |sum, demand| Some(sum + demand?))
}

/// Samples that were taken one after the other as one; the first process is that of the lowest rank.
fn together(members: &[&LookedProcess]) -> Sample {
    let samples = || members.iter().map(|(_, sample)| sample.as_ref());
    let newest = samples().max_by_key(|sample| sample.at_ns);
    let mut cost = Cost::default();
    samples().for_each(|sample| cost += sample.cost);
    let mut gaps: Vec<_> = samples().flat_map(|sample| sample.gaps.iter().cloned()).collect();
    gaps.sort_unstable();
    gaps.dedup();
    Sample {
        processes: samples().flat_map(|sample| sample.processes.iter().cloned()).collect(),
        details: Vec::new(),
        gaps,
        cost,
        ..newest.cloned().unwrap_or_default()
    }
}
