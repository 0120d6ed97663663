//! How much memory a sample takes, roughly. A recording is foreign: what it can make its reader remember has a bound, and the
//! writer keeps to the same bound.

use crate::data::Text;
use crate::data::sample::{GpuSample, Identity, ProcessFact, Sample};

/// Most threads of one sample, all processes together.
const MOST_THREADS: usize = 131_072;
/// Most bytes that the processes and threads of one sample may take.
const MOST_BYTES: usize = 64 << 20;

/// What a value takes beside its text.
const EACH: usize = 64;

/// Bytes of one process's fact.
pub(super) fn process_bytes(fact: &ProcessFact) -> usize {
    let texts = |texts: &[Text]| texts.iter().map(|text| EACH + text.len()).sum::<usize>();
    let libraries: usize = fact.libraries.iter().map(|library| EACH + library.path.len()).sum();
    let environments = [fact.environment.as_ref(), fact.settings.live_environment.as_ref()];
    let variables: usize =
        environments.into_iter().flatten().flat_map(|kept| kept.iter()).map(|(_, value)| EACH + value.len()).sum();
    let pools: usize = fact.settings.library_pools.iter().map(|pool| EACH + pool.library.len()).sum();
    let script_settings = fact.settings.script.as_ref().map_or(0, |script| script.settings.len() * EACH);
    let cgroups: usize = fact.cgroups.iter().map(|cgroup| EACH + cgroup.path.len()).sum();
    let gaps: usize = fact.gaps.iter().map(|gap| EACH + gap.what.len() + gap.why.len()).sum();
    let job = fact.rank.as_ref().and_then(|rank| rank.job.as_ref()).map_or(0, |job| job.len());
    let container =
        fact.container.as_ref().map_or(0, |found| found.id.len() + found.pod.as_ref().map_or(0, |it| it.len()));
    16 * EACH
        + job
        + container
        + texts(&fact.command)
        + libraries
        + variables
        + pools
        + script_settings
        + cgroups
        + gaps
}

/// Bytes of one GPU.
pub(super) fn gpu_bytes(gpu: &GpuSample) -> usize {
    EACH + gpu.name.len() + gpu.own.as_ref().map_or(0, |own| own.len() * EACH)
}

/// Bytes of one thread's identity.
pub(super) fn thread_bytes(identity: &Identity) -> usize {
    let text = |text: Option<&Text>| text.map_or(0, |text| text.len());
    let entry = identity.entry.as_ref().map_or(0, |entry| {
        let owner = entry.owner.as_ref().map_or(0, |owner| owner.library.len() + text(owner.symbol.as_ref()));
        text(entry.library.as_deref()) + text(entry.symbol.as_ref()) + owner
    });
    let name = text(identity.target_name.as_ref().map(|name| &name.name));
    let missing = identity.missing.as_ref().map_or(0, String::len);
    4 * EACH + identity.comm.len() + entry + name + missing
}

/// What one sample has taken of what it may.
#[derive(Debug, Default)]
pub(crate) struct SizeBudget {
    bytes: usize,
    threads: usize,
}

impl SizeBudget {
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes = self.bytes.saturating_add(bytes);
        match self.bytes <= MOST_BYTES && self.threads <= MOST_THREADS {
            true => Ok(()),
            false => Err("a look at more processes and threads than a tape may hold".to_owned()),
        }
    }

    pub(super) fn take_thread(&mut self, bytes: usize) -> Result<(), String> {
        self.threads += 1;
        self.take(bytes)
    }
}

/// Whether a recording may hold it.
pub(crate) fn fits(sample: &Sample) -> bool {
    let mut room = SizeBudget::default();
    let gpus = sample.gpus.iter().all(|gpu| room.take(gpu_bytes(gpu)).is_ok());
    gpus && sample.processes.iter().all(|process| {
        room.take(process_bytes(&process.fact)).is_ok()
            && process.threads.iter().all(|thread| room.take_thread(thread_bytes(&thread.identity)).is_ok())
    })
}
