//! What views, layout and mouse may ask of the dashboard.

use ratatui::layout::Size;

use crate::data::scene::{Group, Scene};
use crate::tui::block::Block;
use crate::tui::column::{Column, Traits};
use crate::tui::cursor::Cursor;
use crate::tui::keys::KeyContext;
use crate::tui::rows::TableRow;
use crate::tui::runs::{RunsRequest, RunsScreen};
use crate::tui::sort::Sort;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::{Mode, Pane, Typed, View};
use crate::tui::state::playback::PlaybackMode;
use crate::tui::theme::Theme;
use crate::tui::watched::WatchedThread;
use crate::tui::{Appearance, rows};

impl Dashboard {
    /// How it looks.
    pub fn look(&self) -> Appearance {
        self.look
    }

    /// Roles as styles.
    pub fn theme(&self) -> Theme {
        Theme::new(self.look.theme, self.look.color)
    }

    /// The screen's size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The scene on screen.
    pub fn scene(&self) -> &Scene {
        &self.playback.shown
    }

    /// The newest scene; another than the one on screen while it is paused.
    pub fn newest(&self) -> &Scene {
        &self.playback.newest
    }

    /// Whether scenes keep coming.
    pub fn pace(&self) -> PlaybackMode {
        self.playback.pace
    }

    /// What the main area shows.
    pub fn view(&self) -> View {
        self.view
    }

    /// The views there are: output only where there is a command of tftop's own.
    pub fn views(&self) -> impl Iterator<Item = (usize, View)> {
        let all = View::ALL.into_iter().enumerate();
        all.filter(|(_, view)| *view != View::Output || self.output().is_some() || self.view == View::Output)
    }

    /// What keys are for.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The typed texts.
    pub fn typed(&self) -> &Typed {
        &self.typed
    }

    /// Which keys count now.
    pub fn place(&self) -> KeyContext {
        match self.mode {
            Mode::Browse if self.view == View::Output => KeyContext::Output,
            Mode::Browse => KeyContext::Table,
            Mode::Typing => KeyContext::Typing,
            Mode::Help(_) => KeyContext::Help,
            Mode::Menu(_) => KeyContext::Menu,
            Mode::WhatIf(_) => KeyContext::WhatIf,
            Mode::Rerun(_) => KeyContext::Rerun,
            Mode::Stacks(_) => KeyContext::Stacks,
            Mode::Runs => KeyContext::Runs,
            Mode::Line(..) => KeyContext::Line,
        }
    }

    /// How long threads were stopped for their stacks since it was opened, in nanoseconds.
    pub fn stopped_ns(&self) -> u64 {
        self.stopped_ns
    }

    /// The kept runs.
    pub fn runs(&self) -> &RunsScreen {
        &self.runs
    }

    /// What is to be found out about them.
    pub fn runs_wish(&self) -> RunsRequest {
        let shown = self.mode == Mode::Runs;
        RunsRequest { shown, compare: if shown { self.runs.wish() } else { Vec::new() } }
    }

    /// Selection and scroll position of the view.
    pub fn cursor(&self) -> &Cursor {
        &self.tables[self.view as usize].cursor
    }

    /// The view's order.
    pub fn sort(&self) -> Sort {
        self.tables[self.view as usize].sort
    }

    /// The view's columns.
    pub fn columns(&self) -> &'static [Column] {
        let scene = &self.playback.shown;
        let capped = scene.launch.as_ref().is_some_and(|launch| !launch.checks.is_empty());
        Column::of(self.view, self.size.width, Traits { several: scene.target.processes.len() > 1, capped })
    }

    /// Those of them that rows can be sorted by.
    pub fn sortable(&self) -> Vec<Column> {
        self.columns().iter().copied().filter(|column| column.sorts()).collect()
    }

    /// The view's rows.
    pub fn rows(&self) -> &[TableRow] {
        &self.rows
    }

    /// Whether a group's threads are shown: it was opened, or the filter's text is in them and not in its name.
    pub fn is_open(&self, group: &Group) -> bool {
        self.opened.groups.contains(&group.key) || !rows::contains(&group.label, &self.typed.filter)
    }

    /// Whether a block shows all it has.
    pub fn shows_all_of(&self, block: Block) -> bool {
        self.opened.shows(&self.playback.shown, block)
    }

    /// Whether the selected row is kept in sight.
    pub fn follows(&self) -> bool {
        self.follow
    }

    /// The detail pane.
    pub fn pane(&self) -> &Pane {
        &self.pane
    }

    /// The thread in the detail pane.
    pub fn watched(&self) -> Option<&WatchedThread> {
        match &self.pane {
            Pane::Shown(Some(watched)) => Some(watched),
            _ => None,
        }
    }
}
