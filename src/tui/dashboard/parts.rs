//! The parts of the dashboard's state.

use crate::tui::column::Column;
use crate::tui::cursor::Cursor;
use crate::tui::sort::Sort;
use crate::tui::watched::Watched;

/// What the main area shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Capacity, demand, groups.
    Overview,
    /// Every thread in one table.
    Threads,
    /// The target's processes as a tree.
    Processes,
    /// What is missing, and why.
    Missing,
}

impl View {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Overview, Self::Threads, Self::Processes, Self::Missing];

    /// Its name on the tab.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Threads => "Threads",
            Self::Processes => "Processes",
            Self::Missing => "Missing",
        }
    }
}

/// What keys are for at the moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    /// Moving in the table.
    Browse,
    /// Reading the help, from this line on.
    Help(usize),
    /// Choosing a column to sort by.
    Menu(Column),
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
}

/// The typed texts.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// What rows must contain.
    pub filter: String,
    /// What `n` looks for.
    pub search: String,
}

/// The detail pane beside or below the table.
#[derive(Clone, Debug)]
pub enum Pane {
    /// Not shown.
    Hidden,
    /// Shows the selected row: a thread with what was seen since, or else whatever is selected.
    Shown(Option<Box<Watched>>),
}

/// A table's selection and order.
#[derive(Clone, Debug)]
pub struct Table {
    /// Selection and scroll position.
    pub cursor: Cursor,
    /// Order of the rows.
    pub sort: Sort,
}
