//! How much memory a sample takes, roughly. A tape is foreign: what it can make its reader remember has a bound, and the
//! writer keeps to the same bound.

use crate::data::Text;
use crate::data::sample::{Identity, ProcessFact};

/// Most threads of one sample, all processes together.
pub(crate) const MOST_THREADS: usize = 131_072;
/// Most bytes that the processes and threads of one sample may take.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// What a value takes beside its text.
const EACH: usize = 64;

/// Bytes of one process's fact.
pub(crate) fn process(fact: &ProcessFact) -> usize {
    let texts = |texts: &[Text]| texts.iter().map(|text| EACH + text.len()).sum::<usize>();
    let libraries: usize = fact.libraries.iter().map(|library| EACH + library.path.len()).sum();
    let environments = [fact.environment.as_ref(), fact.settings.live_environment.as_ref()];
    let variables: usize =
        environments.into_iter().flatten().flat_map(|kept| kept.iter()).map(|(_, value)| EACH + value.len()).sum();
    let pools: usize = fact.settings.library_pools.iter().map(|pool| EACH + pool.library.len()).sum();
    let wishes = fact.settings.script.as_ref().map_or(0, |script| script.wishes.len() * EACH);
    let cgroups: usize = fact.cgroups.iter().map(|cgroup| EACH + cgroup.path.len()).sum();
    let gaps: usize = fact.gaps.iter().map(|gap| EACH + gap.what.len() + gap.why.len()).sum();
    16 * EACH + texts(&fact.command) + libraries + variables + pools + wishes + cgroups + gaps
}

/// Bytes of one thread's identity.
pub(crate) fn thread(identity: &Identity) -> usize {
    let text = |text: Option<&Text>| text.map_or(0, |text| text.len());
    let entry = identity.entry.as_ref().map_or(0, |entry| {
        let owner = entry.owner.as_ref().map_or(0, |owner| owner.library.len() + text(owner.symbol.as_ref()));
        text(entry.library.as_deref()) + text(entry.symbol.as_ref()) + owner
    });
    let name = text(identity.target_name.as_ref().map(|name| &name.name));
    let missing = identity.missing.as_ref().map_or(0, String::len);
    4 * EACH + identity.comm.len() + entry + name + missing
}
