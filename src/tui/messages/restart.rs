//! A rerun that was agreed to, while the old run is being stopped: who does it, and how far that is.

use tokio::sync::{mpsc, watch};

use crate::data::limits::Caps;

/// Who stops the old run while the dashboard stays.
#[derive(Debug)]
pub struct RestartWorker {
    /// Caps that were agreed to: stop the old run.
    pub requests: mpsc::UnboundedSender<Caps>,
    /// How far that is.
    pub stages: watch::Receiver<StopStage>,
}

/// How far a stop is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopStage {
    /// No signal was sent yet.
    Begins,
    /// A signal was sent.
    Waits {
        /// Its name.
        sent: &'static str,
        /// The next one, and seconds until then; none where no other is sent.
        next: Option<(&'static str, u64)>,
    },
    /// It goes on, and nothing was started: why.
    Failed(String),
    /// It has ended.
    Ended,
}
