//! What the threads of each group did at the last look, for text and Markdown.

use crate::data::limits::Grade;
use crate::data::scene::Scene;
use crate::present::format::clean;

/// The section of the text report; nothing where no thread was looked at.
pub(crate) fn section(scene: &Scene) -> Vec<String> {
    let rows = rows(scene);
    if rows.is_empty() {
        return Vec::new();
    }
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let mut lines = vec!["WHAT THE THREADS DID AT THE LAST LOOK".to_owned()];
    lines.extend(rows.iter().map(|(label, words)| format!("  {label:<width$}  {words}")));
    lines.extend(notes(scene).iter().map(|note| format!("  {note}")));
    lines
}

/// Each group that was looked at: its label and what its threads did.
pub(crate) fn rows(scene: &Scene) -> Vec<(String, String)> {
    let row = |group: &crate::data::scene::Group| Some((clean(&group.label), clean(&group.waits.as_ref()?.text())));
    scene.groups.iter().filter_map(row).collect()
}

/// What is concluded and not read, and what may not be read; each once.
pub(crate) fn notes(scene: &Scene) -> Vec<String> {
    let waits = || scene.groups.iter().filter_map(|group| group.waits.as_ref());
    let mut notes = Vec::new();
    let concluded = |count: &crate::data::scene::WaitCount| count.grade == Grade::Inferred;
    if waits().any(|waits| waits.refused.is_none() && waits.counts.iter().any(concluded)) {
        notes.push("\"For work\" is inferred: a worker of a known pool waits in a futex.".to_owned());
    }
    if let Some(why) = waits().find_map(|waits| waits.refused.as_ref()) {
        notes.push(format!("System calls can't be read, so these are guesses by wait channels: {}.", clean(why)));
    }
    notes
}
