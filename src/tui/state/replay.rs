//! The dashboard on a recording: keys that move in time, and what a recording can't do.

use crossterm::event::KeyEvent;

use crate::tui::keys;
use crate::tui::keys::{Action, KeyContext};
use crate::tui::messages::effect::Effect;
use crate::tui::messages::replay::ReplayState;
use crate::tui::state::Dashboard;

impl Dashboard {
    /// How a recording is played; none for a live target.
    pub fn replay(&self) -> Option<ReplayState> {
        self.replay
    }

    /// What was asked for last and can't be had of a recording.
    pub fn refused(&self) -> Option<&'static str> {
        self.refused
    }

    /// Whether keys move in time now: they come before those of the table.
    pub fn has_time_keys(&self) -> bool {
        self.replay.is_some() && matches!(self.place(), KeyContext::Table | KeyContext::Output)
    }

    pub(super) fn time_key(&self, key: &KeyEvent) -> Option<Action> {
        self.has_time_keys().then(|| keys::action(key, KeyContext::Replay))?
    }

    /// What an action does where a recording is played; none where it does the same as elsewhere.
    pub(super) fn act_on_recording(&mut self, action: Action) -> Option<Option<Effect>> {
        self.replay?;
        let refused = match action {
            Action::Time(step) => return Some(Some(Effect::Time(step))),
            Action::Rerun => "this is a recording: there is no process to stop and start again",
            Action::Stacks | Action::Stop | Action::Sample => {
                "this is a recording: stacks are only taken of a live process"
            }
            Action::Type => "this is a recording: there is no command to type to",
            _ => return None,
        };
        self.refused = Some(refused);
        Some(None)
    }
}
