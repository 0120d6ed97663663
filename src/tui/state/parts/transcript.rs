//! What is kept of the command's output, and from which line on it is shown.

use std::sync::Arc;

use crate::data::run::TerminalOutput;
/// The output of the command, where tftop has started it.
#[derive(Debug, Default)]
pub struct Transcript {
    /// On screen; none for a process that was attached to.
    pub(in crate::tui::state) shown: Option<Arc<TerminalOutput>>,
    pub(in crate::tui::state) newest: Option<Arc<TerminalOutput>>,
    pub(in crate::tui::state) top: TranscriptTop,
    pub(in crate::tui::state) interrupt: Interrupt,
}

/// From where on output is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TranscriptTop {
    /// As far down as there is any.
    #[default]
    Live,
    /// From the line of this number on.
    At(u64),
}

/// Whether Ctrl-C was just sent to the command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interrupt {
    /// No, or it is some time ago.
    #[default]
    None,
    /// Yes: once more means to leave.
    Sent,
}
