//! What an action can't do now, and why: every key that does nothing says so.

use crossterm::event::KeyEvent;

use crate::tui::keys::{Action, Key, KeyContext};
use crate::tui::state::Dashboard;
use crate::tui::state::parts::Mode;
use crate::tui::state::parts::stacks::StopQuestion;
use crate::tui::tabs::View;

impl Dashboard {
    /// Whether the key bar and the advice offer an action.
    pub(crate) fn offers(&self, action: Action) -> bool {
        let of_now = matches!(action, Action::Rerun | Action::Type);
        !(of_now && self.is_past()) && self.refusal(action).is_none()
    }

    /// Why an action does nothing now; none where it does something.
    pub(super) fn refusal(&self, action: Action) -> Option<String> {
        let ended = self.playback.newest.target.ended;
        let why = match action {
            Action::Rerun if self.read_only => "--read-only: nothing is stopped or started",
            Action::Rerun if self.playback.newest.target.ranks_here() > 1 => {
                "these are ranks: start their job again, with `tftop run --no-ui` and the caps before its command"
            }
            Action::Rerun if ended && self.output().is_none() => "it has ended: only a running process can be rerun",
            Action::Another | Action::NextStart if self.is_recording() => {
                return Some(self.text_with_key("this is a recording", ": ", (Action::Quit, "leaves it")));
            }
            Action::Another | Action::NextStart if self.output().is_some() => {
                let text = "tftop started this command";
                return Some(self.text_with_key(text, ": ", (Action::Quit, "leaves its dashboard")));
            }
            Action::NextStart if !ended => {
                let text = "it still runs: once it has ended";
                return Some(self.text_with_key(text, ", ", (Action::NextStart, "waits for its next start")));
            }
            Action::Stacks if ended && !self.is_past() => {
                "it has ended: there are no threads whose stacks could be taken"
            }
            Action::Type if self.output().is_none() => "tftop did not start this process: there is nothing to type to",
            Action::Type if self.command_end().is_some() => "the command has ended: there is nothing to type to",
            Action::SortMenu | Action::SortLeft | Action::SortRight | Action::Invert if !self.view.is_table() => {
                "this view has an order of its own"
            }
            Action::OpenAll | Action::FoldAll if matches!(self.mode, Mode::Stacks(_)) => return None,
            Action::OpenAll | Action::FoldAll if !matches!(self.view, View::Overview | View::Explain) => {
                "nothing folds in this view"
            }
            Action::Trace if ended => "it has ended: there is nothing to trace",
            Action::Zoom if self.view == View::Lanes => return None,
            Action::Zoom if self.areas().chart.is_empty() => {
                "no chart is shown here: a larger screen has one in view 1"
            }
            Action::Yes => return self.refused_yes(),
            Action::Stop => return self.refused_stop(),
            Action::SearchNext | Action::SearchPrevious if self.typed.search.is_empty() && self.sought.is_none() => {
                let text = "nothing was searched for yet";
                return Some(self.text_with_key(text, ": ", (Action::Search, "does")));
            }
            _ => return None,
        };
        Some(why.to_owned())
    }

    /// Says why an action does nothing; false where it does something.
    pub(super) fn is_refused(&mut self, action: Action) -> bool {
        let why = self.refusal(action);
        why.iter().for_each(|why| self.refuse(why));
        why.is_some()
    }

    /// A yes to nothing.
    fn refused_yes(&self) -> Option<String> {
        let why = match &self.mode {
            Mode::Rerun(rerun) if rerun.answer.is_none() => "not yet: its command is being read",
            Mode::Rerun(rerun) if !rerun.can_begin() => "it is not rerun: the box says why",
            Mode::Stacks(stacks) if stacks.question == StopQuestion::Nothing => {
                let keys = [(Action::Stop, "stops threads"), (Action::Sample, "samples them")];
                let keys: Vec<String> = keys.map(|key| self.key_line(&[key])).into();
                return Some(format!("nothing is asked: {}", keys.join(", ")));
            }
            _ => return None,
        };
        Some(why.to_owned())
    }

    fn refused_stop(&self) -> Option<String> {
        let Mode::Stacks(stacks) = &self.mode else { return None };
        if stacks.stoppable().is_some() {
            return None;
        }
        let taken = stacks.answer.as_ref().and_then(|answer| answer.taken.as_ref().ok());
        Some(match taken {
            Some(taken) => {
                let refused = taken.refused.as_ref().map(ToString::to_string);
                refused.unwrap_or_else(|| "a stop would show no more".to_owned())
            }
            None => "there are no stacks yet".to_owned(),
        })
    }

    /// Says that a key means nothing here.
    pub(super) fn refuse_key(&mut self, key: &KeyEvent) {
        let Some(key) = Key::of(key) else { return };
        let next = match self.place() {
            KeyContext::Table | KeyContext::Output | KeyContext::Help => (Action::Help, "lists the keys"),
            KeyContext::Stopping => (Action::Interrupt, "leaves"),
            _ => (Action::Back, "goes back"),
        };
        let why = self.text_with_key(&format!("{key} does nothing here"), "; ", next);
        self.refuse(&why);
    }
}
