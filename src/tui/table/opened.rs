//! Which groups and causes show more than their first row.

use std::collections::HashSet;

use crate::data::scene::{Group, GroupKey, Scene};
use crate::present::block::Block;
use crate::present::format::contains;
/// What shows more than its first row.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// Groups whose threads are shown.
    pub groups: HashSet<GroupKey>,
    /// Codes of the causes whose evidence is shown.
    pub causes: HashSet<&'static str>,
}

impl Opened {
    /// Whether a group's threads are shown: it was opened, or the filter's text is in them and not in its name.
    pub fn is_open(&self, group: &Group, filter: &str) -> bool {
        self.groups.contains(&group.key) || !contains(&group.label, filter)
    }

    /// Whether a block shows all it has.
    pub fn shows(&self, scene: &Scene, block: Block) -> bool {
        match block {
            Block::Cause(at) => scene.judgements.get(at).is_some_and(|cause| self.causes.contains(cause.code)),
            _ => true,
        }
    }
}
