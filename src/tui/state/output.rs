//! The command's output on screen: which of it, from which line on, and what was sent to the command.

use std::sync::Arc;

use crate::data::run::{TerminalOutput, WindowSize};
use crate::tui::keys::Action;
use crate::tui::messages::effect::Effect;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::Mode;
use crate::tui::state::parts::playback::PlaybackMode;
use crate::tui::state::parts::transcript::{Interrupt, TranscriptTop};
use crate::tui::tabs::View;

/// Rows of a screen beside the output.
const OTHER_ROWS: u16 = 6;
/// What Ctrl-C types.
const INTERRUPT: u8 = 3;

impl Dashboard {
    /// The output on screen; none for a process that was attached to.
    pub fn output(&self) -> Option<&TerminalOutput> {
        self.transcript.shown.as_deref()
    }

    /// How the command ended, as soon as that is known, paused or not.
    pub fn command_end(&self) -> Option<&str> {
        self.transcript.newest.as_ref()?.ended.as_deref()
    }

    /// Whether Ctrl-C was just sent to the command.
    pub fn interrupt(&self) -> Interrupt {
        self.transcript.interrupt
    }

    /// Numbers of the first line on screen and of the one behind the last.
    pub fn output_lines(&self) -> (u64, u64) {
        let Some(output) = self.output() else { return (0, 0) };
        let height = self.list_height() as u64;
        let last_top = output.end().saturating_sub(height).max(output.dropped);
        let top = match self.transcript.top {
            TranscriptTop::Live => last_top,
            TranscriptTop::At(line) => line.clamp(output.dropped, last_top),
        };
        (top, (top + height).min(output.end()))
    }

    /// Whether new output is shown as it comes.
    pub fn is_live(&self) -> bool {
        self.transcript.top == TranscriptTop::Live
    }

    /// Whether news of the output would change the screen before the next scene does.
    pub fn wants_output(&self) -> bool {
        self.view == View::Output || self.playback.pace == PlaybackMode::Silent || self.newest().target.ended
    }

    /// The size the command's terminal should have: what there is of the screen, whatever it shows now.
    pub fn window(&self) -> WindowSize {
        WindowSize { columns: self.size.width, rows: self.size.height.saturating_sub(OTHER_ROWS).max(OTHER_ROWS) }
    }

    /// The place of the command's cursor on the screen, while it is typed to.
    pub fn typing_at(&self) -> Option<(u16, u16)> {
        let (output, list) = (self.output()?, self.areas().list);
        let (top, end) = self.output_lines();
        let (column, row) = output.cursor;
        let line = output.screen_start() + u64::from(row);
        let inside = self.mode == Mode::Typing && (top..end).contains(&line) && column < list.width;
        inside.then(|| (list.x + column, list.y + (line - top) as u16))
    }

    pub(super) fn take_output(&mut self, output: Arc<TerminalOutput>) {
        if output.ended.is_some() {
            self.transcript.interrupt = Interrupt::None;
            if self.mode == Mode::Typing {
                self.mode = Mode::Browse;
            }
        }
        self.transcript.newest = Some(output);
        if self.playback.pace != PlaybackMode::Paused || self.mode == Mode::Typing || self.transcript.shown.is_none() {
            self.show_newest_output();
        }
    }

    pub(super) fn show_newest_output(&mut self) {
        self.transcript.shown.clone_from(&self.transcript.newest);
    }

    pub(super) fn scroll_output(&mut self, down: isize) {
        let (top, _) = self.output_lines();
        self.transcript.top = TranscriptTop::At(top.saturating_add_signed(down as i64));
        let Some(output) = self.output() else { return };
        // The end is followed again by whoever goes there.
        if down > 0 && self.output_lines().1 == output.end() {
            self.transcript.top = TranscriptTop::Live;
        }
    }

    pub(super) fn travel_output(&mut self, action: Action) {
        let page = self.list_height().max(1) as isize;
        match action {
            Action::Up => self.scroll_output(-1),
            Action::Down => self.scroll_output(1),
            Action::PageUp => self.scroll_output(-page),
            Action::PageDown => self.scroll_output(page),
            Action::First => self.transcript.top = TranscriptTop::At(0),
            _ => self.transcript.top = TranscriptTop::Live,
        }
    }

    /// From here on keys are the command's.
    pub(super) fn begin_typing(&mut self) {
        if self.transcript.newest.is_some() && self.command_end().is_none() {
            self.transcript.top = TranscriptTop::Live;
            self.show_newest_output();
            self.mode = Mode::Typing;
        }
    }

    /// The first one is the command's, the next one leaves; without a command that runs the first one does.
    pub(super) fn interrupt_command(&mut self) -> Effect {
        match (&self.transcript.newest, self.command_end(), self.transcript.interrupt) {
            (None, ..) | (_, Some(_), _) => Effect::Quit,
            (_, _, Interrupt::Sent) => Effect::Abandon,
            _ => {
                self.transcript.interrupt = Interrupt::Sent;
                Effect::Type(vec![INTERRUPT])
            }
        }
    }

    pub(super) fn forget_interrupt(&mut self) {
        self.transcript.interrupt = Interrupt::None;
    }
}
