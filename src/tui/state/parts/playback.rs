//! Which scene is on screen: the newest, a frozen one, or one of the past.

use std::sync::Arc;

use crate::data::scene::Scene;
use crate::tui::state::event::OverdueLook;

/// Which scene is on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaybackMode {
    /// Every new scene is shown.
    Live,
    /// The scene is frozen; newer ones are kept aside.
    Paused,
    /// A moment of the past, or of a recording, that was asked for; newer scenes are kept aside.
    Past,
    /// There are no newer scenes.
    Silent,
}

/// The scene on screen and the newest one.
#[derive(Debug)]
pub struct Playback {
    /// On screen.
    pub shown: Arc<Scene>,
    /// Another than the one on screen while that is frozen or of the past.
    pub newest: Arc<Scene>,
    /// Which one is on screen.
    pub pace: PlaybackMode,
    /// Set while the next scene is overdue.
    pub overdue: Option<OverdueLook>,
    /// Whether no newer scene will come.
    silent: bool,
}

impl Playback {
    /// Begins live.
    pub fn new(scene: Arc<Scene>) -> Self {
        Self { newest: scene.clone(), shown: scene, pace: PlaybackMode::Live, overdue: None, silent: false }
    }

    /// Takes a newer scene in; true when it is on screen now.
    pub fn take(&mut self, scene: Arc<Scene>) -> bool {
        self.newest = scene;
        self.overdue = None;
        matches!(self.pace, PlaybackMode::Live | PlaybackMode::Silent) && self.show_newest()
    }

    /// Freezes, or goes on; true when another scene is on screen now.
    pub fn pause(&mut self) -> bool {
        match self.pace {
            PlaybackMode::Live => self.pace = PlaybackMode::Paused,
            PlaybackMode::Paused => return self.go_on(),
            PlaybackMode::Past | PlaybackMode::Silent => {}
        }
        false
    }

    /// Shows a moment of the past; true when another scene is on screen now.
    pub fn look_back(&mut self, scene: Arc<Scene>) -> bool {
        let is_other = !Arc::ptr_eq(&scene, &self.shown);
        (self.pace, self.shown) = (PlaybackMode::Past, scene);
        is_other
    }

    /// From here on every new scene is shown again.
    pub fn go_on(&mut self) -> bool {
        self.pace = if self.silent { PlaybackMode::Silent } else { PlaybackMode::Live };
        self.show_newest()
    }

    /// No newer scene will come: the newest is the one to show, unless one of the past is.
    pub fn fall_silent(&mut self) -> bool {
        self.silent = true;
        self.pace != PlaybackMode::Past && self.go_on()
    }

    fn show_newest(&mut self) -> bool {
        self.shown = self.newest.clone();
        true
    }
}
