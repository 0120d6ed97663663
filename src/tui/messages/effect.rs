//! What an event asks of whoever runs the dashboard.

use crate::data::limits::Caps;
use crate::data::run::WindowSize;
use crate::tui::keys::{CopyPart, TimeStep};
use crate::tui::messages::stacks;
/// What the person wants of the command's terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsoleRequest {
    /// These bytes are typed.
    Type(Vec<u8>),
    /// It should have this size.
    Resize(WindowSize),
}

/// What a key or event asks of the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The user wants to leave.
    Quit,
    /// The user wants to leave and to end the command as well.
    Abandon,
    /// Type this to the command; [`run`] does so itself and never returns it.
    Type(Vec<u8>),
    /// The user wants the target stopped and started again with these caps.
    Rerun(Caps),
    /// What would a rerun with these caps do; [`run`] asks and never returns it.
    RequestRerun(Caps),
    /// Take these stacks; [`run`] asks and never returns it.
    RequestStacks(stacks::StacksRequest),
    /// Save the screen as a picture and as text; [`run`] does so itself and never returns it.
    SaveScreen,
    /// Write the settings into their file; [`run`] does so itself and never returns it.
    SaveSettings,
    /// Put this on the terminal's clipboard; [`run`] does so itself and never returns it.
    Copy(CopyPart),
    /// Show another moment, or play the past otherwise; [`run`] asks and never returns it.
    Time(TimeStep),
    /// The user wants to watch another process.
    Another,
    /// The user wants to watch the next process of the same command.
    NextStart,
    /// `stop` was resolved: a signal, or the caller's own reason.
    Stopped,
    /// The terminal sends no more events.
    InputClosed,
    /// Give the terminal back and stop until the shell lets tftop go on; [`run`] does so itself and never returns it.
    Suspend,
    /// Draw everything anew; [`run`] does so itself and never returns it.
    Redraw,
}
