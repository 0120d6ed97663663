//! A recording that is played: what is asked of whoever plays it, and how it stands.

use std::sync::mpsc::Sender;

use tokio::sync::watch;

pub use crate::tui::keys::TimeStep;

/// Where another moment is asked for.
#[derive(Debug)]
pub struct ReplayPane {
    /// What keys ask for.
    pub requests: Sender<TimeStep>,
    /// How it is played.
    pub state: watch::Receiver<ReplayState>,
}

/// How a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplayState {
    /// Seconds of the recording a second.
    pub speed: f64,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether it is on its way to a moment that was asked for.
    pub seeking: bool,
}
