//! The parts of the dashboard's state.

pub(crate) mod playback;
pub(crate) mod rerun;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod stacks;
pub(crate) mod transcript;
pub(crate) mod watched;
pub(crate) mod what_if;

use crate::data::limits::Caps;
use crate::tui::messages::restart::StopStage;
use crate::tui::state::parts::rerun::RerunDialog;
use crate::tui::state::parts::settings::SettingsBox;
use crate::tui::state::parts::stacks::StacksBox;
use crate::tui::state::parts::watched::WatchedThread;
use crate::tui::state::parts::what_if::WhatIf;
use crate::tui::table::column::Column;
use crate::tui::table::cursor::Cursor;
use crate::tui::table::sort::Sort;

/// What keys are for at the moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    /// Moving in the table.
    Browse,
    /// Reading the help, from this line on.
    Help(usize),
    /// Choosing a column to sort by.
    Menu(&'static Column),
    /// Trying other caps.
    WhatIf(WhatIf),
    /// Typing to the command.
    Typing,
    /// Deciding on a rerun.
    Rerun(Box<RerunDialog>),
    /// Waiting for the end of the old run.
    Stopping(Caps, StopStage),
    /// Reading stacks.
    Stacks(Box<StacksBox>),
    /// Choosing among kept runs, or reading what comparing them said.
    Runs,
    /// Changing settings.
    Settings(SettingsBox),
    /// Typing a line; the text there was before comes back when it is abandoned.
    Line(Purpose, String),
}

/// What a typed line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To jump to a row.
    Search,
    /// To hide other rows.
    Filter,
    /// To go to another time.
    Time,
}

/// What is said of the last key, until the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Why it did nothing.
    Refused(String),
    /// What it found.
    Told(String),
}

/// The typed texts.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// What rows must contain.
    pub filter: String,
    /// What `n` looks for.
    pub search: String,
    /// A time, or what is looked for in time.
    pub time: String,
}

/// The detail pane beside or below the table.
#[derive(Clone, Debug)]
pub enum Pane {
    /// Not shown.
    Hidden,
    /// Shows the selected row: a thread with what was seen since, or else whatever is selected.
    Shown(Option<Box<WatchedThread>>),
}

/// A table's selection and order.
#[derive(Clone, Debug)]
pub struct TableState {
    /// Selection and scroll position.
    pub cursor: Cursor,
    /// Order of the rows.
    pub sort: Sort,
}
