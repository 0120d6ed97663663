//! Keeps what a sampler sees in memory, so that the dashboard can go back to it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;

use crate::commands::sampling::replayer;
use crate::commands::sampling::sampler::SampleObserver;
use crate::data::sample::Sample;
use crate::data::scene::{Scene, Timeline};
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::model::timeline::TimelineBuilder;
use crate::runs::history::history_writer::HistoryWriter;
use crate::runs::history::live_history::SharedHistory;
use crate::runs::history::live_player::{LivePlayer, OlderLooks};
use crate::runs::recording::taken_look::TakenLook;
use crate::tui::messages::replay::ReplayPane;

/// Goes along with the sampler beside another observer.
pub(crate) struct WithHistory<C> {
    observer: C,
    /// None where nobody goes back.
    kept: Option<KeptCourse>,
}

struct KeptCourse {
    writer: HistoryWriter,
    course: TimelineBuilder,
    timelines: watch::Sender<Arc<Timeline>>,
}

/// What a sampler has seen, for whoever shows it.
#[derive(Clone, Debug)]
pub(crate) struct SeenHistory {
    pub(crate) looks: SharedHistory,
    /// Newer with each scene.
    pub(crate) timeline: watch::Receiver<Arc<Timeline>>,
}

impl SeenHistory {
    /// Has it ready for a dashboard; looks that memory has no room for are `older`.
    ///
    /// # Errors
    /// That there can be no thread.
    pub(crate) fn pane(self, older: OlderLooks, families: Families) -> anyhow::Result<ReplayPane> {
        replayer::follow(LivePlayer::new(self.looks, older, families), self.timeline)
    }
}

impl<C> WithHistory<C> {
    /// Nothing was seen yet. Where there can be no thread that keeps it there is no history.
    pub(crate) fn new(observer: C) -> (Self, Option<SeenHistory>) {
        let looks = SharedHistory::new();
        let Ok(writer) = HistoryWriter::start(looks.clone()) else { return (Self::none(observer), None) };
        let (timelines, timeline) = watch::channel(Arc::default());
        let kept = KeptCourse { writer, course: TimelineBuilder::new(boot_unix_ms()), timelines };
        (Self { observer, kept: Some(kept) }, Some(SeenHistory { looks, timeline }))
    }

    /// The observer alone.
    pub(crate) fn none(observer: C) -> Self {
        Self { observer, kept: None }
    }
}

impl<C: SampleObserver> SampleObserver for WithHistory<C> {
    fn complete(&mut self, sample: &mut Sample) {
        self.observer.complete(sample);
    }

    fn before(&mut self, model: &Model, look: &Arc<TakenLook>, learnt: bool) {
        self.observer.before(model, look, learnt);
        if let Some(kept) = &mut self.kept {
            kept.writer.take(model, look, learnt);
        }
    }

    fn see(&mut self, look: &Arc<TakenLook>, scene: &Scene) {
        self.observer.see(look, scene);
        if let Some(kept) = &mut self.kept {
            kept.course.add(scene);
            kept.timelines.send_replace(Arc::new(kept.course.timeline().clone()));
        }
    }
}

/// When this machine was started, as its clock says it now, in milliseconds after 1970. Samples count from there.
fn boot_unix_ms() -> u64 {
    let since_boot = clock_gettime(ClockId::Boottime);
    let since_boot_ms = since_boot.tv_sec.unsigned_abs() * 1000 + since_boot.tv_nsec.unsigned_abs() / 1_000_000;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX).saturating_sub(since_boot_ms)
}
