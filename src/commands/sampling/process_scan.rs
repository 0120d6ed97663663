//! Every process of this machine that runs a framework under watch at once: what `tftop ps` lists and the picker offers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::commands::args::global::GlobalArgs;
use crate::commands::sampling::attach::{PROC, families, live_options};
use crate::commands::sampling::jobs::{Jobs, LookedProcess};
use crate::data::ProcessKey;
use crate::data::job::Job;
use crate::data::sample::Interest;
use crate::data::scene::Scene;
use crate::linux::patience::Patience;
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::probe::live::{Live, LiveOptions};
use crate::probe::reading::Reading;
use crate::probe::target::find::{LONGEST_HOLD, ProcessFinder, ProcessSearch};
use crate::probe::target::stuck::{StuckLook, why_held_up};

/// Processes that a note names one by one.
const SHOWN: usize = 3;

/// Watches each of them from its first sight to its end. None of them is waited for: one that holds a look up is
/// shown without what its memory would say, until the look comes back.
pub(crate) struct ProcessScan {
    options: LiveOptions,
    families: Families,
    finder: ProcessFinder,
    patience: Patience,
    watched: BTreeMap<ProcessKey, Watched>,
    jobs: Jobs,
    note: String,
    unknown: Option<String>,
}

/// What one look found.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScanLook {
    /// One scene a process: TensorFlow's before those of other frameworks, each by rising pid.
    pub(crate) scenes: Vec<Arc<Scene>>,
    /// Jobs of which several ranks are among them.
    pub(crate) jobs: Vec<Job>,
}

/// A process under watch, and the look at it that holds everything up, where one does.
#[derive(Default)]
struct Watched {
    watch: Option<ProcessWatch>,
    /// Whether it takes nothing of the process's memory, because a look at it holds up whoever takes one.
    stand_in: bool,
    stuck: Option<StuckLook>,
}

/// What looks at one process.
struct ProcessWatch {
    live: Live,
    model: Model,
}

impl ProcessScan {
    /// Nothing is read yet.
    pub(crate) fn new(options: &GlobalArgs) -> anyhow::Result<Self> {
        // Each process has its own row, a child too: counted with its parent it would be there twice. What a look reads is
        // said of this scan alone.
        let live = LiveOptions {
            children: false,
            job: false,
            reading: Reading::default(),
            exit_records: false,
            ..live_options(options)
        };
        Ok(Self {
            options: live,
            families: families(options)?,
            finder: ProcessFinder::new(Path::new(PROC)),
            patience: Patience::new(LONGEST_HOLD),
            watched: BTreeMap::new(),
            jobs: Jobs::default(),
            note: String::new(),
            unknown: None,
        })
    }

    /// One look at every process. Demand is there from the second look at a process on.
    pub(crate) fn look(&mut self) -> ScanLook {
        let found = self.finder.framework_processes();
        self.note = note(&found);
        self.unknown = unknown(&found);
        let mut watched = std::mem::take(&mut self.watched);
        for candidate in found.candidates {
            let known = watched.entry(candidate.key).or_default();
            match candidate.silent {
                Some(why) if !known.stand_in => {
                    *known = Watched { watch: self.stand_in(candidate.key, why), stand_in: true, stuck: None };
                }
                None if known.stand_in && known.stuck.is_none() => *known = Watched::default(),
                _ => {}
            }
        }
        let mut looked = Vec::new();
        watched.retain(|key, watched| {
            let next = self.next(*key, watched).filter(|(scene, _)| !scene.target.ended);
            let lives = next.is_some();
            looked.extend(next);
            lives
        });
        self.watched = watched;
        looked.sort_by_key(|(scene, _): &LookedProcess| {
            let framework = scene.target.framework().map(|found| found.framework);
            (framework.is_none(), framework)
        });
        let jobs = self.jobs.next(&looked, &self.families);
        ScanLook { scenes: looked.into_iter().map(|(scene, _)| scene).collect(), jobs }
    }

    /// The next scene of a process; none where it has ended.
    fn next(&mut self, key: ProcessKey, watched: &mut Watched) -> Option<LookedProcess> {
        if watched.stuck.take_if(|look| !look.is_out()).is_some() {
            *watched = Watched::default();
        }
        let (options, families) = (self.options.clone(), self.families.clone());
        let watch = watched.watch.take();
        let look = move || {
            let watch = watch.or_else(|| ProcessWatch::open(key, options, families));
            watch.map(ProcessWatch::next)
        };
        let (why, stuck) = match self.patience.run(look) {
            Ok(looked) => {
                let (watch, looked) = looked?;
                watched.watch = Some(watch);
                return Some(looked);
            }
            Err(held_up) => why_held_up(held_up, &self.options.reading),
        };
        self.options.reading.end();
        let (watch, looked) = self.stand_in(key, why)?.next();
        *watched = Watched { watch: Some(watch), stand_in: true, stuck };
        Some(looked)
    }

    /// Looks at what the kernel itself says of a process.
    fn stand_in(&mut self, key: ProcessKey, why: String) -> Option<ProcessWatch> {
        let options = LiveOptions { silent: Some(why), ..self.options.clone() };
        ProcessWatch::open(key, options, self.families.clone())
    }

    /// Processes of which nobody knows what they are, because they hold up whoever looks; none where there are none.
    pub(crate) fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// What the newest look covered, in words.
    pub(crate) fn note(&self) -> String {
        self.note.clone()
    }
}

impl ProcessWatch {
    /// None for a process that ended since it was found: no error.
    fn open(key: ProcessKey, options: LiveOptions, families: Families) -> Option<Self> {
        Some(Self { live: Live::attach(key.pid, options).ok()?, model: Model::new(families) })
    }

    fn next(mut self) -> (Self, LookedProcess) {
        let sample = Arc::new(self.live.next(&Interest::default(), Duration::ZERO));
        let scene = Arc::new(self.model.next(sample.clone()));
        (self, (scene, sample))
    }
}

fn note(found: &ProcessSearch) -> String {
    let mut note = format!("{} processes checked", found.looked_at);
    if found.unreadable > 0 {
        note +=
            &format!(", {} of them unreadable and judged by thread names alone; sudo reads them too", found.unreadable);
    }
    note + &unknown(found).map_or_else(String::new, |unknown| format!("; {unknown}"))
}

fn unknown(found: &ProcessSearch) -> Option<String> {
    let shown = found.held_up.iter().take(SHOWN).map(|(pid, why)| format!("process {pid} {why}"));
    let more = found.held_up.len().saturating_sub(SHOWN);
    let said: Vec<String> = shown.chain((more > 0).then(|| format!("and {more} more"))).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// What to say where none was found.
pub(crate) fn nothing_found(note: &str) -> String {
    format!(
        "no TensorFlow, JAX or PyTorch process here ({note}); `tftop demo` starts one, `tftop PID` watches any process"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Pid;

    #[test]
    fn what_was_looked_for_and_what_was_hidden_is_said() {
        let found = ProcessSearch { looked_at: 120, ..ProcessSearch::default() };
        assert_eq!(
            nothing_found(&note(&found)),
            "no TensorFlow, JAX or PyTorch process here (120 processes checked); `tftop demo` starts one, `tftop PID` \
             watches any process"
        );
        assert!(note(&ProcessSearch { unreadable: 7, ..found.clone() }).contains(", 7 of them unreadable"));
        let held_up = (1..=5).map(|pid| (Pid(pid), "does not answer".to_owned())).collect();
        let note = note(&ProcessSearch { held_up, ..found });
        assert!(note.ends_with("; process 3 does not answer; and 2 more"), "{note}");
    }
}
