//! What the threads of each group did at the last look.

use crate::data::limits::Grade;
use crate::data::scene::{Group, Scene, WaitCount};
use crate::present::format::clean;

/// Each group that was looked at: its label and what its threads did.
pub(crate) fn rows(scene: &Scene) -> Vec<(String, String)> {
    let row = |group: &Group| Some((clean(&group.label), clean(&group.waits.as_ref()?.text())));
    scene.groups.iter().filter_map(row).collect()
}

/// What is concluded and not read, and what may not be read; each once.
pub(crate) fn notes(scene: &Scene) -> Vec<String> {
    let waits = || scene.groups.iter().filter_map(|group| group.waits.as_ref());
    let mut notes = Vec::new();
    let concluded = |count: &WaitCount| count.grade == Grade::Inferred;
    if waits().any(|waits| waits.refused.is_none() && waits.counts.iter().any(concluded)) {
        notes.push("\"For work\" is inferred: a worker of a known pool waits in a futex.".to_owned());
    }
    if let Some(why) = waits().find_map(|waits| waits.refused.as_ref()) {
        notes.push(format!("System calls can't be read, so these are guesses by wait channels: {}.", clean(why)));
    }
    notes
}
