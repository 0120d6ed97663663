//! The thread in the detail pane: its newest state and, for as long as it is looked at, where and how much it ran.

use std::collections::VecDeque;

use crate::data::ThreadKey;
use crate::data::sample::ThreadDetail;
use crate::data::scene::{Demand, Scene, Thread, ThreadActivity};

/// A thread somebody looks at. Outlives the thread.
#[derive(Clone, Debug)]
pub struct WatchedThread {
    /// As it was last seen.
    pub thread: Thread,
    /// Its details as last read.
    pub detail: Option<ThreadDetail>,
    /// What it did when it was last looked at.
    pub doing: Option<ThreadActivity>,
    /// Whether it has ended.
    pub ended: bool,
    /// One entry a scene since it is looked at, oldest first.
    pub moments: VecDeque<ThreadMoment>,
    /// The scene it was last seen in.
    seen_ns: u64,
}

/// One scene of a watched thread.
#[derive(Clone, Copy, Debug)]
pub struct ThreadMoment {
    /// What it got and wanted.
    pub demand: Option<Demand>,
    /// The CPU it last ran on.
    pub cpu: Option<u32>,
}

/// Ticks that may be missed between two moments: a busy machine shows every few looks one.
const MOST_MISSED: f64 = 10.0;

/// Moments kept.
const LONGEST: usize = 240;

impl WatchedThread {
    /// Begins to watch a thread of this scene.
    pub fn begin(scene: &Scene, key: ThreadKey) -> Option<Self> {
        let thread = scene.threads.iter().find(|thread| thread.key == key)?.clone();
        let mut watched =
            Self { thread, detail: None, doing: None, ended: false, moments: VecDeque::new(), seen_ns: 0 };
        watched.see(scene);
        Some(watched)
    }

    /// Takes the next scene in.
    pub fn see(&mut self, scene: &Scene) {
        let key = self.thread.key;
        let Some(thread) = scene.threads.iter().find(|thread| thread.key == key) else {
            self.ended = true;
            return;
        };
        // Somebody moved in time: what was seen at another moment does not come before this.
        let missed_s = scene.at_ns.saturating_sub(self.seen_ns) as f64 / 1e9;
        if scene.at_ns < self.seen_ns || missed_s > scene.interval_s.max(1.0) * MOST_MISSED {
            self.moments.clear();
        }
        (self.seen_ns, self.ended) = (scene.at_ns, false);
        self.thread = thread.clone();
        if let Some((_, detail)) = scene.details.iter().find(|(of, _)| *of == key) {
            self.detail = Some(detail.clone());
            self.doing = scene.doing(key).cloned();
        }
        if self.moments.len() == LONGEST {
            self.moments.pop_front();
        }
        self.moments.push_back(ThreadMoment { demand: thread.demand, cpu: thread.last_cpu });
    }
}
