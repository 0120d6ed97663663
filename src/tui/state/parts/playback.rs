//! Which scene is on screen: the newest, or a frozen one.

use std::sync::Arc;

use crate::data::scene::Scene;
use crate::tui::state::event::OverdueLook;

/// Whether scenes keep coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackMode {
    /// Every new scene is shown.
    Live,
    /// The scene is frozen; newer ones are kept aside.
    Paused,
    /// There are no newer scenes.
    Silent,
}

/// The scene on screen and the newest one.
#[derive(Debug)]
pub struct Playback {
    /// On screen.
    pub shown: Arc<Scene>,
    /// Another than the one on screen while that is frozen.
    pub newest: Arc<Scene>,
    /// Whether scenes keep coming.
    pub pace: PlaybackMode,
    /// Set while the next scene is overdue.
    pub overdue: Option<OverdueLook>,
}

impl Playback {
    /// Begins live.
    pub fn new(scene: Arc<Scene>) -> Self {
        Self { newest: scene.clone(), shown: scene, pace: PlaybackMode::Live, overdue: None }
    }

    /// Takes a newer scene in; true when it is on screen now.
    pub fn take(&mut self, scene: Arc<Scene>) -> bool {
        self.newest = scene;
        self.overdue = None;
        self.pace != PlaybackMode::Paused && self.show_newest()
    }

    /// Freezes, or goes on; true when another scene is on screen now.
    pub fn pause(&mut self) -> bool {
        match self.pace {
            PlaybackMode::Live => self.pace = PlaybackMode::Paused,
            PlaybackMode::Paused => {
                self.pace = PlaybackMode::Live;
                return self.show_newest();
            }
            PlaybackMode::Silent => {}
        }
        false
    }

    /// No newer scene will come: the newest is the one to show.
    pub fn fall_silent(&mut self) {
        self.pace = PlaybackMode::Silent;
        self.show_newest();
    }

    fn show_newest(&mut self) -> bool {
        self.shown = self.newest.clone();
        true
    }
}
