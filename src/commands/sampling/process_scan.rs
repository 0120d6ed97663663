//! Every process of this machine that runs a framework under watch at once: what `tftop ps` lists and the picker offers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::commands::args::global::GlobalArgs;
use crate::commands::sampling::attach::{PROC, families, live_options};
use crate::data::ProcessKey;
use crate::data::sample::Interest;
use crate::data::scene::Scene;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::probe::live::{Live, LiveOptions};
use crate::probe::target::find;
use crate::probe::target::find::ProcessSearch;

/// Watches each of them from its first sight to its end.
pub(crate) struct ProcessScan {
    options: LiveOptions,
    families: Families,
    watched: BTreeMap<ProcessKey, Watched>,
    note: String,
}

struct Watched {
    live: Live,
    model: Model,
}

impl ProcessScan {
    /// Nothing is read yet.
    pub(crate) fn new(options: &GlobalArgs) -> anyhow::Result<Self> {
        // Each process has its own row, a child too: counted with its parent it would be there twice.
        let live = LiveOptions { children: false, ..live_options(options) };
        Ok(Self { options: live, families: families(options)?, watched: BTreeMap::new(), note: String::new() })
    }

    /// One look at every process: TensorFlow's before those of other frameworks, each by rising pid. Demand is there from the second look at a process on.
    pub(crate) fn look(&mut self) -> Vec<Arc<Scene>> {
        let found = find::framework_processes(Path::new(PROC));
        self.note = note(&found);
        for candidate in &found.candidates {
            if !self.watched.contains_key(&candidate.key) {
                self.admit(candidate.key);
            }
        }
        let mut scenes = Vec::new();
        self.watched.retain(|_, watched| {
            let sample = watched.live.next(&Interest::default(), Duration::ZERO);
            let scene = watched.model.next(Arc::new(sample));
            let alive = !scene.target.ended;
            if alive {
                scenes.push(Arc::new(scene));
            }
            alive
        });
        scenes.sort_by_key(|scene| {
            let framework = scene.target.framework().map(|found| found.framework);
            (framework.is_none(), framework)
        });
        scenes
    }

    /// What the newest look covered, in words.
    pub(crate) fn note(&self) -> String {
        self.note.clone()
    }

    fn admit(&mut self, key: ProcessKey) {
        // A process that ended since it was found is no error.
        if let Ok(live) = Live::attach(key.pid, self.options.clone()) {
            self.watched.insert(key, Watched { live, model: Model::new(self.families.clone()) });
        }
    }
}

fn note(found: &ProcessSearch) -> String {
    let mut note = format!("looked at {} processes for TensorFlow's, JAX's and PyTorch's libraries", found.looked_at);
    if found.unreadable > 0 {
        note += &format!(
            "; {} of them may not be read and were judged by their threads' names (sudo shows them too)",
            found.unreadable
        );
    }
    note
}

/// What to say where none was found.
pub(crate) fn nothing_found(note: &str) -> String {
    format!(
        "no process of TensorFlow, JAX or PyTorch here ({note}); `tftop demo` starts one, `tftop PID` watches any process"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_for_and_what_was_hidden_is_said() {
        let found = ProcessSearch { looked_at: 120, ..ProcessSearch::default() };
        assert_eq!(
            nothing_found(&note(&found)),
            "no process of TensorFlow, JAX or PyTorch here (looked at 120 processes for TensorFlow's, JAX's and PyTorch's \
             libraries); `tftop demo` starts one, `tftop PID` watches any process"
        );
        assert!(note(&ProcessSearch { unreadable: 7, ..found }).contains("; 7 of them may not be read"));
    }
}
