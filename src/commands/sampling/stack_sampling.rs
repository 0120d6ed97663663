//! Stacks taken again and again for a while: the one loop behind `stack --sample`, `report --sample` and the dashboard.
//! Stops threads only where that was agreed to, and then less than 1 % of the time.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::commands::own_process::exit::CommandError;
use crate::commands::own_process::progress::Progress;
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::PROC;
use crate::commands::sampling::stop_budget::StopBudget;
use crate::data::sample::Stack;
use crate::data::scene::Scene;
use crate::data::{Pid, Tid};
use crate::model::activity::meaning::MeaningCache;
use crate::model::activity::profile::{Profile, ProfiledGroup};
use crate::probe::reading::Reading;
use crate::probe::stack::{StackReader, Stops};

/// The threads that are sampled.
pub(crate) trait SampledThreads {
    /// The process at the last listing.
    fn scene(&self) -> &Scene;

    /// The threads at the last listing.
    fn tids(&self) -> &[Tid];

    /// Lists them anew where that is due, or where those known have `all_gone`; false when there will be no more.
    fn renew(&mut self, all_gone: bool) -> bool;
}

/// Threads that are not listed again.
pub(crate) struct FixedThreads<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) tids: &'a [Tid],
}

impl SampledThreads for FixedThreads<'_> {
    fn scene(&self) -> &Scene {
        self.scene
    }

    fn tids(&self) -> &[Tid] {
        self.tids
    }

    fn renew(&mut self, all_gone: bool) -> bool {
        !all_gone
    }
}

/// For how long stacks are taken, and what of it is shown.
pub(crate) struct StackSampling {
    /// Whether threads may be stopped.
    pub(crate) stops: bool,
    pub(crate) time: Duration,
    /// None where stderr is not to be written to.
    pub(crate) progress: Option<Progress>,
}

/// What the threads did until the time was over, they were gone for good (then true) or `stop` came.
pub(crate) async fn sample(
    reader: &mut StackReader,
    threads: &mut impl SampledThreads,
    StackSampling { stops, time, mut progress }: StackSampling,
    stop: impl Future<Output = ()>,
) -> (Profile, bool) {
    let pid = threads.scene().target.pid;
    let (mut profile, mut meanings) = (Profile::default(), MeaningCache::builtin());
    let (mut stop, mut budget) = (std::pin::pin!(stop), StopBudget::new(stops, time));
    // Not counted: it opens the libraries, which takes seconds where they are large.
    reader.take(threads.tids(), Stops::Never);
    let began = Instant::now();
    let mut all_gone = false;
    while began.elapsed() < time && threads.renew(all_gone) {
        if let Some(progress) = &mut progress {
            progress.show(pid, began.elapsed());
        }
        let rest = match budget.next(threads.tids(), began.elapsed()) {
            Ok((some, allowed)) => {
                let stacks = reader.sample(&some, allowed);
                let whole_round = some.len() == threads.tids().len();
                all_gone = whole_round && stacks.stacks.iter().all(Stack::is_of_ended_thread);
                profile.add(&stacks, &mut meanings, |tid| group_of(threads.scene(), tid));
                budget.spent(&stacks)
            }
            Err(until) => until,
        };
        tokio::select! {
            () = &mut stop => break,
            () = tokio::time::sleep(rest.min(time.saturating_sub(began.elapsed()))) => {}
        }
    }
    profile.sampled_s = began.elapsed().as_secs_f64();
    (profile, !threads.renew(all_gone))
}

/// The group of a thread.
pub(crate) fn group_of(scene: &Scene, tid: Tid) -> ProfiledGroup<'_> {
    let thread = scene.threads.iter().find(|thread| thread.key.tid == tid);
    match thread.and_then(|thread| scene.groups.get(thread.group)) {
        Some(group) => ProfiledGroup { label: &group.label, key: Some(&group.key) },
        None => "unknown origin".into(),
    }
}

/// Opens a process for its stacks; `reading` says while they are read.
pub(crate) fn open_reader(pid: Pid, reading: &Reading) -> Result<StackReader, CommandError> {
    StackReader::attach(Path::new(PROC), pid, reading.clone()).map_err(|error| CommandError::stacks(pid, &error))
}

/// Says on stderr that threads will be stopped, before the first one is.
pub(crate) fn announce_stops(pid: Pid, limit: &str) {
    stdio::say(&format!(
        "tftop: stopping threads of {pid} whose stack can't be read otherwise, one at a time, {limit}"
    ));
}

/// The limit of stops while stacks are sampled.
pub(crate) const SAMPLING_LIMIT: &str = "less than 1 % of the time";
