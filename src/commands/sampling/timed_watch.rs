//! A watch of a given length, and the last scene of it: what `report`, `explain` and `rerun --advised` are made from.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::own_process::event_loop::{runtime, stop_signal};
use crate::commands::own_process::exit::Exit;
use crate::commands::own_process::progress::Progress;
use crate::commands::sampling::attach::{attach, families, names_readable};
use crate::commands::sampling::sampler::Sampler;
use crate::commands::sampling::stack_sampling;
use crate::commands::sampling::stack_sampling::{
    FixedThreads, SAMPLING_LIMIT, StackSampling, announce_stops, open_reader,
};
use crate::data::scene::{PastPredictions, Scene, Thread};
use crate::data::{Pid, Tid};
use crate::model::activity::waits;
use crate::model::build_scene::Model;
use crate::model::rules::input::COMPUTE;

/// Longer than judgements are apart.
const JUDGED_ANEW: Duration = Duration::from_secs(1);

/// What a watch came to.
pub(crate) struct WatchResult {
    /// The last scene.
    pub(crate) scene: Arc<Scene>,
    exit: Exit,
}

impl WatchResult {
    /// Of a process that was watched.
    fn live(scene: Arc<Scene>, names_readable: bool) -> Self {
        let exit = match (scene.target.ended, names_readable) {
            (true, _) => Exit::Gone,
            (false, false) => Exit::Partial,
            (false, true) => Exit::Clean,
        };
        Self { scene, exit }
    }

    /// Of a recording: that its target ended belongs to it.
    pub(crate) fn recorded(scene: Scene, is_broken: bool) -> Self {
        Self { scene: Arc::new(scene), exit: if is_broken { Exit::Broken } else { Exit::Clean } }
    }

    /// Adds what runs of the same command tell.
    pub(crate) fn remember(&mut self, past: Option<PastPredictions>) {
        if past.is_some() {
            Arc::make_mut(&mut self.scene).past_predictions = past;
        }
    }

    /// How to end once it is printed.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

/// Watches for `time`; sooner when the target ends or a signal comes.
pub(crate) fn see(pid: Pid, time: Duration, options: &GlobalArgs) -> anyhow::Result<WatchResult> {
    watch(pid, time, None, options)
}

pub(crate) fn watch(
    pid: Pid,
    time: Duration,
    sampling: Option<(bool, Duration)>,
    options: &GlobalArgs,
) -> anyhow::Result<WatchResult> {
    let model = Model::of_whole_watch(families(options)?);
    let (sampler, mut first) = attach(pid, &options.within(time), model)?;
    let scene = runtime()?.block_on(async {
        first.taken().await?;
        let scene = collect(&sampler, time, stop_signal()?).await?;
        match sampling.filter(|_| !scene.target.ended) {
            None => Ok(scene),
            Some(sampling) => sampled(&sampler, &scene, sampling, options).await,
        }
    })?;
    Ok(WatchResult::live(scene, names_readable(pid)))
}

/// The scene once stacks were taken of the target's pools and judged. Its children have a memory of their own and are not
/// looked into.
async fn sampled(
    sampler: &Sampler,
    scene: &Arc<Scene>,
    (stops, time): (bool, Duration),
    options: &GlobalArgs,
) -> anyhow::Result<Arc<Scene>> {
    let pid = scene.target.pid;
    let of_pool = |thread: &&Thread| thread.pid == pid && COMPUTE.contains(&thread.attribution.group.origin.as_ref());
    let tids: Vec<Tid> = scene.threads.iter().filter(of_pool).map(|thread| thread.key.tid).collect();
    let mut reader = open_reader(pid, &options.stacks_reading)?;
    if stops {
        announce_stops(pid, SAMPLING_LIMIT);
    }
    let sampling = StackSampling { stops, time, progress: Some(Progress::new(time)) };
    let mut threads = FixedThreads { scene, tids: &tids };
    let (profile, _) = stack_sampling::sample(&mut reader, &mut threads, sampling, stop_signal()?).await;
    // Refused only when the sampler ended: then the scene stays as it is.
    let _ = sampler.sampled.send(Arc::new(profile));
    // Judgements are made anew about once a second.
    tokio::time::sleep(JUDGED_ANEW).await;
    Ok(sampler.look_now().await)
}

/// The scene after `time`; sooner when the target ends or `stop` comes: its window says what it covers.
pub(crate) async fn collect(
    sampler: &Sampler,
    time: Duration,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<Arc<Scene>> {
    let mut scenes = sampler.scenes.clone();
    let first_ns = scenes.borrow().at_ns;
    let mut stop = std::pin::pin!(stop);
    let mut progress = Progress::new(time);
    loop {
        let scene = scenes.borrow_and_update().clone();
        let watched = Duration::from_nanos(scene.at_ns.saturating_sub(first_ns));
        if scene.target.ended || covers(watched, scene.interval_s, time) {
            return Ok(scene);
        }
        progress.show(scene.target.pid, watched);
        if ends_soon(watched, scene.interval_s, time) {
            ask_for_waits(sampler, &scene);
        }
        tokio::select! {
            () = &mut stop => return Ok(scene),
            changed = scenes.changed() => changed.context("the sampler thread ended: this is a bug in tftop")?,
        }
    }
}

/// What threads wait for is read at the end only: it is of one moment, however long the watch.
fn ask_for_waits(sampler: &Sampler, scene: &Scene) {
    sampler.interest.send_modify(|interest| interest.waits = waits::to_look_at(scene, |_| true));
}

/// Whether the next look but one is the last, or the next: a look may already have begun.
fn ends_soon(watched: Duration, interval_s: f64, time: Duration) -> bool {
    covers(watched.saturating_add(Duration::from_secs_f64(interval_s * 2.0)), interval_s, time)
}

/// Ticks come at whole intervals from the first look on, but each look begins a little late: a tenth of an interval is
/// forgiven.
fn covers(watched: Duration, interval_s: f64, time: Duration) -> bool {
    watched.as_secs_f64() + interval_s / 10.0 >= time.as_secs_f64()
}
