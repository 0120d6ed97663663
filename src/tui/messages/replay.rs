//! The past, of a recording or of a live target: what is asked of whoever shows it, and which of its moments is shown.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use tokio::sync::watch;

use crate::data::Text;
use crate::data::scene::{Scene, Timeline};
pub use crate::tui::keys::TimeStep;

/// Where another moment is asked for.
#[derive(Debug)]
pub struct ReplayPane {
    /// What keys ask for.
    pub requests: Sender<TimeRequest>,
    /// The moment that is shown.
    pub moments: watch::Receiver<ShownMoment>,
    /// What is known of all looks.
    pub timeline: watch::Receiver<Arc<Timeline>>,
}

/// A step from the moment on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRequest {
    /// The step.
    pub step: TimeStep,
    /// Nanoseconds since boot of the look on screen. It counts where that is a look at a live target.
    pub from_ns: u64,
}

/// The moment that is shown.
#[derive(Clone, Debug)]
pub struct ShownMoment {
    /// Its scene; none where the newest look at a live target is shown.
    pub scene: Option<Arc<Scene>>,
    /// How it is shown.
    pub state: ReplayState,
}

/// How the past is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayState {
    /// Whether its end is a live target's now, or that of a recording.
    pub live: bool,
    /// Seconds of the past a second.
    pub speed: f64,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether it is on its way to a moment that was asked for.
    pub seeking: bool,
    /// Why what was asked for last can't be shown.
    pub says: Option<Text>,
}

impl ReplayState {
    /// A recording, not yet played.
    pub fn recorded() -> Self {
        Self { live: false, speed: 1.0, paused: true, seeking: false, says: None }
    }

    /// A live target, of which the newest look is shown.
    pub fn live() -> Self {
        Self { live: true, ..Self::recorded() }
    }
}
