//! What views and the mouse read of the dashboard.

use ratatui::layout::Size;

use crate::data::scene::Scene;
use crate::present::block::Block;
use crate::tui::keys::KeyContext;
use crate::tui::layout;
use crate::tui::layout::{Areas, Outline, StepRoom, headline};
use crate::tui::messages::runs::RunsRequest;
use crate::tui::state::Dashboard;
use crate::tui::state::event::OverdueLook;
use crate::tui::state::parts::playback::PlaybackMode;
use crate::tui::state::parts::runs::RunsScreen;
use crate::tui::state::parts::watched::WatchedThread;
use crate::tui::state::parts::{Mode, Pane, Typed};
use crate::tui::table::column::{CellContext, Column};
use crate::tui::table::columns;
use crate::tui::table::columns::Traits;
use crate::tui::table::cursor::Cursor;
use crate::tui::table::row_key::TableRow;
use crate::tui::table::sort::Sort;
use crate::tui::tabs::View;
use crate::tui::theme::{Appearance, Theme};

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

    /// What is said in the status line all the time.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Whether scenes keep coming.
    pub fn pace(&self) -> PlaybackMode {
        self.playback.pace
    }

    /// The look that is overdue, if it is.
    pub fn overdue(&self) -> Option<&OverdueLook> {
        self.playback.overdue.as_ref()
    }

    /// What the main area shows.
    pub fn view(&self) -> View {
        self.view
    }

    /// The views there are: output only where there is a command of tftop's own, lanes only where something is traced.
    pub fn views(&self) -> impl Iterator<Item = (usize, View)> {
        let all = View::ALL.into_iter().enumerate();
        let traced = self.trace || self.playback.shown.trace.is_some();
        all.filter(move |(_, view)| match view {
            View::Output => self.output().is_some() || self.view == View::Output,
            View::Lanes => traced || self.view == View::Lanes,
            _ => true,
        })
    }

    /// What keys are for.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The typed texts.
    pub fn typed(&self) -> &Typed {
        &self.typed
    }

    /// Where everything stands.
    pub fn areas(&self) -> Areas {
        let launch = self.playback.shown.launch.as_ref();
        let steps = match launch {
            None => StepRoom::None,
            Some(launch) if launch.steps.speed.is_none() => StepRoom::Line,
            Some(_) => StepRoom::Chart,
        };
        layout::of(&Outline {
            size: self.size,
            view: self.view,
            pane: matches!(self.pane, Pane::Shown(_)),
            verdict_rows: if self.has_room() { headline::rows(&self.playback.shown, self.size) } else { 0 },
            rows: self.rows.len(),
            steps,
            gpus: !self.playback.shown.gpus.is_empty(),
        })
    }

    /// Whether there is room for a dashboard.
    pub fn has_room(&self) -> bool {
        layout::is_large_enough(self.size)
    }

    /// Rows of the list of kept runs, and of their comparison but for its headings.
    pub fn runs_height(&self) -> usize {
        usize::from(layout::below_header(&self.areas()).height.saturating_sub(3))
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
            Mode::Stopping(..) => KeyContext::Stopping,
            Mode::Stacks(_) => KeyContext::Stacks,
            Mode::Runs => KeyContext::Runs,
            Mode::Settings(_) => KeyContext::Settings,
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
    pub fn runs_request(&self) -> RunsRequest {
        let shown = self.mode == Mode::Runs;
        RunsRequest { shown, compare: if shown { self.runs.compared_names() } else { Vec::new() } }
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
    pub fn columns(&self) -> Vec<&'static Column> {
        let scene = &self.playback.shown;
        let capped = scene.launch.as_ref().is_some_and(|launch| !launch.checks.is_empty());
        let traits = Traits { several: scene.target.processes.len() > 1, capped, ranks: scene.target.ranks_here() > 1 };
        match self.settings.now.table(self.view) {
            Some(table) if table.columns != columns::all(self.view) => columns::chosen(&table.columns, traits),
            _ => columns::columns(self.view, self.size.width, traits),
        }
    }

    /// Those of them that rows can be sorted by.
    pub fn sortable(&self) -> Vec<&'static Column> {
        self.columns().into_iter().filter(|column| column.sorts()).collect()
    }

    /// The view's rows.
    pub fn rows(&self) -> &[TableRow] {
        &self.rows
    }

    /// What all cells of a frame share.
    pub fn cell_context(&self) -> CellContext<'_> {
        CellContext::of(&self.playback.shown, &self.opened, &self.typed.filter)
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
