//! Caps that an earlier run of the same command was found to want, for `--preset advised`. It reads kept runs only.

use std::ffi::OsString;

use crate::commands::kept::lookup;
use crate::launch::caps::preset::{AdvisedCaps, Preset};
use crate::runs::run_record;

/// Summaries that are opened at most: the newest.
const MOST_OPENED: usize = 50;

/// Of the newest run of the command that was judged; none where there is none, or nobody asks.
pub(crate) fn of(preset: Option<Preset>, command: &[OsString]) -> Option<AdvisedCaps> {
    if preset != Some(Preset::Advised) {
        return None;
    }
    let words = run_record::shown(command);
    let kept = lookup::store().ok()?.list().ok()?;
    // What was only watched may have had caps already: what was advised on top of them is not all it takes.
    let started = kept.iter().filter(|kept| kept.fact.watched.is_none());
    let same = started.filter(|kept| kept.fact.command == words).take(MOST_OPENED);
    same.filter_map(|kept| lookup::stored(kept).ok()).find_map(|summary| {
        let advised = summary.advised?;
        Some(AdvisedCaps {
            caps: advised,
            run: summary.run.id.to_string(),
            cpus: summary.capacity.effective_cpus,
            predicted: summary.advised_predicted,
        })
    })
}
