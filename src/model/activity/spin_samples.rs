//! What stacks that a person let be taken show of each origin, for causes that counters alone can't tell. Whoever took them
//! has counted them. Empty until some are taken, and again when they are old.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::activity::meaning::StackActivity;
use crate::model::activity::profile::Profile;

/// What was taken longer ago says nothing of now.
const OLD_NS: u64 = 120_000_000_000;

/// The newest samples of each origin.
#[derive(Clone, Debug, Default)]
pub struct SpinSamples {
    newest: Option<Arc<Profile>>,
    origins: BTreeMap<Arc<str>, (u64, SpinCounts)>,
}

/// Looks at threads that ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpinCounts {
    /// All of them.
    pub ran: u64,
    /// Those in a wait loop.
    pub spinning: u64,
    /// Of those, the ones in what is likely one, not certain.
    pub likely: u64,
}

impl SpinSamples {
    /// Takes over what was counted, as of the next sample.
    pub(crate) fn use_profile(&mut self, profile: Arc<Profile>) {
        self.newest = Some(profile);
    }

    /// Goes on to a sample: what is new counts from here on, what is old is forgotten.
    pub(crate) fn advance(&mut self, now_ns: u64) {
        if let Some(profile) = self.newest.take() {
            let mut new: BTreeMap<Arc<str>, (u64, SpinCounts)> = BTreeMap::new();
            for group in profile.groups.values() {
                let Some(key) = &group.key else { continue };
                let of = |activity| group.activities.get(&activity).copied().unwrap_or(0);
                let (_, looks) = new.entry(key.origin.clone()).or_insert((now_ns, SpinCounts::default()));
                looks.spinning += of(StackActivity::Spinning);
                looks.ran += of(StackActivity::Spinning) + of(StackActivity::Working);
                looks.likely += group.likely.get(&StackActivity::Spinning).copied().unwrap_or(0);
            }
            self.origins.append(&mut new);
        }
        self.origins.retain(|_, (at_ns, _)| now_ns.saturating_sub(*at_ns) < OLD_NS);
    }

    /// Of an origin; none where nobody let stacks of it be taken, or too long ago.
    pub fn counts(&self, origin: &str) -> Option<SpinCounts> {
        self.origins.get(origin).map(|(_, looks)| *looks)
    }
}
