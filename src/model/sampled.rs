//! What stacks that a person let be taken show of each origin, for causes that counters alone can't tell. Empty until some
//! are taken, and again when they are old.

use std::sync::Arc;

use super::frames::Meanings;
use super::profile::Profile;
use super::scene::Thread;
use crate::fact::Stacks;

/// Rounds further apart than this are of two samplings.
const APART_NS: u64 = 10_000_000_000;
/// What was taken longer ago says nothing of now.
const OLD_NS: u64 = 120_000_000_000;

/// The last sampling.
#[derive(Debug, Default)]
pub(crate) struct Sampled {
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    meanings: Meanings,
    profile: Profile,
    at_ns: u64,
}

impl Sampled {
    /// Counts rounds of stacks; their threads are looked up among these.
    pub fn take_in(&mut self, at_ns: u64, rounds: &[Arc<Stacks>], threads: &[Thread]) {
        if rounds.is_empty() {
            return;
        }
        let last = self.last.take().filter(|last| at_ns.saturating_sub(last.at_ns) < APART_NS);
        let mut last =
            last.unwrap_or_else(|| Last { meanings: Meanings::builtin(), profile: Profile::default(), at_ns });
        last.at_ns = at_ns;
        for stacks in rounds {
            let origin = |tid| {
                let of = threads.iter().find(|thread| thread.key.tid == tid && thread.pid == stacks.pid);
                of.map_or("unknown", |thread| &*thread.attribution.group.origin)
            };
            last.profile.add(stacks, &mut last.meanings, origin);
        }
        self.last = Some(last);
    }

    /// What was counted, by origin; none where nothing was taken, or too long ago.
    pub fn profile(&self, now_ns: u64) -> Option<&Profile> {
        self.last.as_ref().filter(|last| now_ns.saturating_sub(last.at_ns) < OLD_NS).map(|last| &last.profile)
    }
}
