//! The sampler thread: opens the target, looks at it at each tick and publishes the scene. The newest wins; nobody waits for
//! the thread, neither for a look nor at the end: what it reads may block it.

use std::convert::Infallible;
use std::future::pending;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::{oneshot, watch};

use crate::commands::sampling::shared_interval::SharedInterval;
use crate::data::sample::{Interest, Sample};
use crate::data::scene::Scene;
use crate::model::activity::profile::Profile;
use crate::model::build_scene::Model;
use crate::probe::reading::Reading;
use crate::runs::recording::taken_look::TakenLook;

/// How often a thread with nothing left to sample looks whether anybody still shows the last scene.
const IDLE_CHECK: Duration = Duration::from_millis(500);

/// How long a look that was asked for may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Goes along with the sampler, on its thread: what takes long here delays the next look.
pub(crate) trait SampleObserver: Send + 'static {
    /// Completes a sample before anything is concluded from it.
    fn complete(&mut self, _sample: &mut Sample) {}

    /// The model before it sees a sample. `learnt`: it knows more since the look before than samples told it.
    fn before(&mut self, _model: &Model, _look: &Arc<TakenLook>, _learnt: bool) {}

    /// Every sample and what was concluded from it; nothing is left out, unlike where only the newest counts.
    fn see(&mut self, _look: &Arc<TakenLook>, _scene: &Scene) {}
}

/// Nobody goes along.
impl SampleObserver for () {}

/// A running sampler thread. It ends when this is dropped, or when nobody holds a receiver of its scenes.
#[derive(Debug)]
pub(crate) struct Sampler {
    /// The newest scene; an empty one before the first look.
    pub(crate) scenes: watch::Receiver<Arc<Scene>>,
    /// What the next look should read beside the usual.
    pub(crate) interest: watch::Sender<Interest>,
    /// What stacks showed that a person let be taken: before the next look the model hears of it.
    pub(crate) sampled: mpsc::Sender<Arc<Profile>>,
    /// The time between two looks.
    pace: SharedInterval,
    /// A word asks for a look now; dropped with the pump, which ends the thread at once.
    wake: mpsc::Sender<()>,
    /// What the look that goes on reads.
    pub(crate) reading: Reading,
}

/// Whether the first look was taken.
#[derive(Debug)]
pub(crate) struct FirstLook(Option<oneshot::Receiver<anyhow::Result<()>>>);

impl FirstLook {
    /// Comes with the first look, or with the reason why there will be none. Safe to give up and to call again.
    pub(crate) async fn taken(&mut self) -> anyhow::Result<()> {
        let Some(first) = &mut self.0 else { return Ok(()) };
        let taken = first.await;
        self.0 = None;
        taken.context("the sampler thread ended: this is a bug in tftop")?
    }

    /// Comes with the reason why there will be no look; never where there is one.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        match self.taken().await {
            Ok(()) => pending().await,
            Err(why) => why,
        }
    }
}

impl Sampler {
    /// Starts the thread: it makes by `open` what looks, takes the first look, then one an interval. `look` gets how late
    /// it is called. `reading` is what says what it reads. `pace` and `interest` are those of the first
    /// look.
    pub(crate) fn start<L, C>(
        open: impl FnOnce() -> anyhow::Result<L> + Send + 'static,
        observer: C,
        model: Model,
        (pace, interest): (SharedInterval, Interest),
        reading: Reading,
    ) -> std::io::Result<(Self, FirstLook)>
    where
        L: FnMut(&Interest, Duration) -> Sample + 'static,
        C: SampleObserver,
    {
        let (sampled, profiles) = mpsc::channel();
        let (publish, scenes) = watch::channel(Arc::default());
        let (interest, wanted) = watch::channel(interest);
        let (wake, woken) = mpsc::channel();
        let (opened, first) = oneshot::channel();
        let kept = pace.clone();
        let run = move || match open() {
            // Refused only where nobody waits for it.
            Err(why) => drop(opened.send(Err(why))),
            Ok(look) => {
                let interval = kept.interval();
                let ticks = Ticks { next: Instant::now() + interval, interval };
                let mut pipeline = Pipeline { look, companion: observer, model, profiles, newest: Arc::default() };
                publish.send_replace(Arc::new(pipeline.next(&wanted.borrow(), Duration::ZERO)));
                drop(opened.send(Ok(())));
                SamplerThread { pipeline, ticks, pace: kept, publish, wanted, woken }.run();
            }
        };
        thread::Builder::new().name("tftop-sampler".to_owned()).spawn(run)?;
        Ok((Self { scenes, interest, sampled, pace, wake, reading }, FirstLook(Some(first))))
    }

    /// Keeps the interval that is wanted, from a look on that is taken as soon as it changes.
    pub(crate) async fn follow(&self, mut wanted: watch::Receiver<Duration>) -> Infallible {
        while wanted.changed().await.is_ok() {
            self.keep(*wanted.borrow_and_update());
        }
        pending().await
    }

    /// Keeps this interval from now on.
    pub(crate) fn keep(&self, interval: Duration) {
        if self.pace.interval() != interval {
            self.pace.set(interval);
            // Refused only where the thread has ended.
            let _ = self.wake.send(());
        }
    }

    /// The scene of a look that is taken now, not at the next tick; the newest there is where that takes too long.
    pub(crate) async fn look_now(&self) -> Arc<Scene> {
        let mut scenes = self.scenes.clone();
        scenes.mark_unchanged();
        if self.wake.send(()).is_ok() {
            let _ = tokio::time::timeout(PATIENCE, scenes.changed()).await;
        }
        scenes.borrow().clone()
    }
}

/// From a look to a scene.
struct Pipeline<L, C> {
    look: L,
    companion: C,
    model: Model,
    profiles: mpsc::Receiver<Arc<Profile>>,
    /// The newest sample.
    newest: Arc<Sample>,
}

impl<L: FnMut(&Interest, Duration) -> Sample, C: SampleObserver> Pipeline<L, C> {
    fn next(&mut self, interest: &Interest, late: Duration) -> Scene {
        let profile = self.profiles.try_iter().last();
        let learnt = profile.is_some();
        profile.into_iter().for_each(|profile| self.model.use_profile(profile));
        let mut sample = (self.look)(interest, late);
        self.companion.complete(&mut sample);
        let sample = Arc::new(sample);
        let before = std::mem::replace(&mut self.newest, sample.clone());
        let look = Arc::new(TakenLook::new(before, sample.clone()));
        self.companion.before(&self.model, &look, learnt);
        let scene = self.model.next(sample);
        self.companion.see(&look, &scene);
        scene
    }
}

struct SamplerThread<L, C> {
    pipeline: Pipeline<L, C>,
    ticks: Ticks,
    pace: SharedInterval,
    publish: watch::Sender<Arc<Scene>>,
    wanted: watch::Receiver<Interest>,
    woken: mpsc::Receiver<()>,
}

impl<L: FnMut(&Interest, Duration) -> Sample, C: SampleObserver> SamplerThread<L, C> {
    fn run(mut self) {
        while !all_ended(&self.publish.borrow()) {
            if self.wait(self.ticks.wait(Instant::now())) == Waited::Stopped || self.publish.is_closed() {
                return;
            }
            self.look();
        }
        // The last scene stays on screen, so its channel must stay open.
        while !self.publish.is_closed() {
            match self.wait(IDLE_CHECK) {
                Waited::Stopped => return,
                Waited::Woken => self.look(),
                Waited::Timeout => {}
            }
        }
    }

    fn look(&mut self) {
        self.ticks.interval = self.pace.interval();
        let late = self.ticks.take(Instant::now());
        let interest = self.wanted.borrow().clone();
        let scene = self.pipeline.next(&interest, late);
        self.publish.send_replace(Arc::new(scene));
    }

    fn wait(&self, time: Duration) -> Waited {
        match self.woken.recv_timeout(time) {
            Ok(()) => Waited::Woken,
            Err(RecvTimeoutError::Timeout) => Waited::Timeout,
            Err(RecvTimeoutError::Disconnected) => Waited::Stopped,
        }
    }
}

/// What ended a wait.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waited {
    Timeout,
    Woken,
    Stopped,
}

fn all_ended(scene: &Scene) -> bool {
    scene.target.ended && scene.target.processes.iter().all(|process| process.ended)
}

/// Instants `interval` apart that never drift. Ticks that were missed are skipped, not caught up with in a burst.
struct Ticks {
    next: Instant,
    interval: Duration,
}

impl Ticks {
    fn wait(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// Uses the tick that is due and says how late that is.
    fn take(&mut self, now: Instant) -> Duration {
        let late = now.saturating_duration_since(self.next);
        let into_interval = late.as_nanos() % self.interval.as_nanos().max(1);
        self.next = now + self.interval.saturating_sub(Duration::from_nanos(into_interval as u64));
        late
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::model::origin::families::Families;

    const INTERVAL: Duration = Duration::from_millis(100);

    #[test]
    fn a_tick_taken_late_does_not_move_the_next_one() {
        let start = Instant::now();
        let mut ticks = Ticks { next: start + INTERVAL, interval: INTERVAL };
        assert_eq!(ticks.take(start + Duration::from_millis(130)), Duration::from_millis(30));
        assert_eq!(ticks.next, start + Duration::from_millis(200));
    }

    #[test]
    fn missed_ticks_are_skipped() {
        let start = Instant::now();
        let mut ticks = Ticks { next: start + INTERVAL, interval: INTERVAL };
        assert_eq!(ticks.take(start + Duration::from_millis(1_050)), Duration::from_millis(950));
        assert_eq!(ticks.next, start + Duration::from_millis(1_100));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn scenes_come_until_the_pump_is_dropped() {
        let looks = Arc::new(AtomicU32::new(0));
        let counted = looks.clone();
        let look = move |_: &Interest, _: Duration| {
            counted.fetch_add(1, Ordering::SeqCst);
            Sample::default()
        };
        let (sampler, _first) = started(look, Duration::from_millis(1));
        let mut scenes = sampler.scenes.clone();
        for _ in 0..3 {
            within_seconds(scenes.changed()).await.unwrap();
        }
        drop(sampler);
        // The sender goes with the thread: that ends the wait, however many scenes are still on their way.
        within_seconds(async { while scenes.changed().await.is_ok() {} }).await;
        assert!(looks.load(Ordering::SeqCst) >= 3);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_look_that_is_asked_for_comes_at_once_even_after_the_end() {
        let looks = Arc::new(AtomicU32::new(0));
        let counted = looks.clone();
        let look = move |_: &Interest, _: Duration| {
            let count = counted.fetch_add(1, Ordering::SeqCst);
            Sample { at_ns: u64::from(count), ..Sample::default() }
        };
        // Without a process the target counts as ended from the first look on.
        let (sampler, mut first) = started(look, Duration::from_secs(1_000));
        within_seconds(first.taken()).await.unwrap();
        for count in 1..4 {
            assert_eq!(within_seconds(sampler.look_now()).await.at_ns, count);
        }
        assert_eq!(looks.load(Ordering::SeqCst), 4);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn the_next_look_hears_what_is_wanted() {
        let seen = Arc::new(AtomicU32::new(0));
        let received = seen.clone();
        let look = move |interest: &Interest, _: Duration| {
            received.fetch_max(interest.details.len() as u32, Ordering::SeqCst);
            Sample::default()
        };
        let (sampler, _first) = started(look, Duration::from_millis(1));
        let _ =
            sampler.interest.send(Interest { details: vec![crate::data::ThreadKey::default()], ..Interest::default() });
        let mut scenes = sampler.scenes.clone();
        within_seconds(async {
            while seen.load(Ordering::SeqCst) == 0 {
                scenes.changed().await.unwrap();
            }
        })
        .await;
    }

    #[tokio::test(flavor = "current_thread")]
    async fn another_interval_counts_at_once() {
        let (sampler, mut first) = started(|_: &Interest, _: Duration| Sample::default(), Duration::from_secs(1_000));
        within_seconds(first.taken()).await.unwrap();
        let (wanted, interval) = watch::channel(Duration::from_secs(1_000));
        let mut scenes = sampler.scenes.clone();
        scenes.mark_unchanged();
        wanted.send_replace(INTERVAL);
        tokio::select! {
            never = sampler.follow(interval) => match never {},
            news = within_seconds(scenes.changed()) => news.unwrap(),
        }
        assert_eq!(sampler.pace.interval(), INTERVAL);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn what_can_not_be_opened_says_why() {
        let open = || Err::<fn(&Interest, Duration) -> Sample, _>(anyhow::anyhow!("no such process"));
        let model = Model::new(Families::default());
        let (_sampler, mut first) =
            Sampler::start(open, (), model, (SharedInterval::of(INTERVAL), Interest::default()), Reading::default())
                .unwrap();
        assert_eq!(within_seconds(first.failed()).await.to_string(), "no such process");
    }

    #[tokio::test(flavor = "current_thread")]
    async fn nobody_waits_for_a_look_that_hangs() {
        let (hold, held) = mpsc::channel::<()>();
        let look = move |_: &Interest, _: Duration| {
            // Until the test is over.
            let _ = held.recv();
            Sample::default()
        };
        let (sampler, mut first) = started(look, INTERVAL);
        assert!(tokio::time::timeout(Duration::from_millis(50), first.taken()).await.is_err());
        assert_eq!(within_seconds(sampler.look_now()).await.tick, 0);
        drop(sampler);
        drop(hold);
    }

    fn started(
        look: impl FnMut(&Interest, Duration) -> Sample + Send + 'static,
        interval: Duration,
    ) -> (Sampler, FirstLook) {
        let model = Model::new(Families::default());
        Sampler::start(|| Ok(look), (), model, (SharedInterval::of(interval), Interest::default()), Reading::default())
            .unwrap()
    }

    async fn within_seconds<F: Future>(what: F) -> F::Output {
        tokio::time::timeout(Duration::from_secs(20), what).await.unwrap()
    }
}
