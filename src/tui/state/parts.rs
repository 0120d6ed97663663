//! The parts of the dashboard's state.

use std::collections::HashSet;

use crate::data::scene::{GroupKey, Scene};
use crate::tui::block::Block;
use crate::tui::column::Column;
use crate::tui::cursor::Cursor;
use crate::tui::rerun::RerunDialog;
use crate::tui::sort::Sort;
use crate::tui::stacks::StacksBox;
use crate::tui::watched::WatchedThread;
use crate::tui::what_if::WhatIf;

/// What the main area shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Capacity, demand, groups.
    Overview,
    /// Every thread in one table.
    Threads,
    /// What limits each group, and what binds.
    Limits,
    /// Every cause: found, ruled out, too soon or can't tell.
    Explain,
    /// The target's processes as a tree.
    Processes,
    /// What is missing, and why.
    Missing,
    /// What the command writes.
    Output,
}

impl View {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Threads, Self::Limits, Self::Explain, Self::Processes, Self::Missing, Self::Output];

    /// Its name on the tab.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Threads => "Threads",
            Self::Limits => "Limits",
            Self::Explain => "Explain",
            Self::Processes => "Processes",
            Self::Missing => "Missing",
            Self::Output => "Output",
        }
    }

    /// Whether it is a table with columns, and its rows have details.
    pub fn is_table(self) -> bool {
        matches!(self, Self::Overview | Self::Threads | Self::Processes)
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
    /// Trying other caps.
    WhatIf(WhatIf),
    /// Typing to the command.
    Typing,
    /// Deciding on a rerun.
    Rerun(Box<RerunDialog>),
    /// Reading stacks.
    Stacks(Box<StacksBox>),
    /// Choosing among kept runs, or reading what comparing them said.
    Runs,
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

/// What shows more than its first row.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// Groups whose threads are shown.
    pub groups: HashSet<GroupKey>,
    /// Codes of the causes whose evidence is shown.
    pub causes: HashSet<&'static str>,
}

impl Opened {
    /// Whether a block shows all it has.
    pub fn shows(&self, scene: &Scene, block: Block) -> bool {
        match block {
            Block::Cause(at) => scene.judgements.get(at).is_some_and(|cause| self.causes.contains(cause.code)),
            _ => true,
        }
    }
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
