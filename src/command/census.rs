//! Every TensorFlow process of this machine under watch at once: what `tftop ps` lists and the picker offers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::attach::{PROC, families, live_options};
use super::cli::Options;
use crate::fact::{Interest, Pid};
use crate::model::{Families, Model, Scene};
use crate::probe::{Live, LiveOptions, find};

/// Watches each TensorFlow process from its first sight to its end.
pub(super) struct Census {
    options: LiveOptions,
    families: Families,
    watched: BTreeMap<Pid, Watched>,
}

struct Watched {
    live: Live,
    model: Model,
}

impl Census {
    /// Nothing is read yet.
    pub(super) fn new(options: &Options) -> anyhow::Result<Self> {
        // Each process has its own row, a child too: counted with its parent it would be there twice.
        let live = LiveOptions { children: false, ..live_options(options) };
        Ok(Self { options: live, families: families(options)?, watched: BTreeMap::new() })
    }

    /// One look at every process, by rising pid. Demand is there from the second look at a process on.
    pub(super) fn look(&mut self) -> Vec<Arc<Scene>> {
        for pid in find::tensorflow_processes(Path::new(PROC)) {
            if !self.watched.contains_key(&pid) {
                self.admit(pid);
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
        scenes
    }

    fn admit(&mut self, pid: Pid) {
        // A process that ended since it was found is no error.
        if let Ok(live) = Live::attach(pid, self.options.clone()) {
            self.watched.insert(pid, Watched { live, model: Model::new(self.families.clone()) });
        }
    }
}

/// What to say where none was found.
pub(super) fn nothing_found() -> String {
    "no TensorFlow process here: looked for a mapped libtensorflow in every process that may be read, and for names of \
     TensorFlow's threads in the others; `tftop demo` starts one, `tftop PID` watches any process"
        .to_owned()
}
