//! What views, layout and mouse may ask of the dashboard.

use ratatui::layout::Size;

use super::{Block, Dashboard, Mode, Pace, Pane, Row, Typed, View};
use crate::model::Scene;
use crate::model::scene::Group;
use crate::tui::Look;
use crate::tui::column::Column;
use crate::tui::cursor::Cursor;
use crate::tui::keys::Place;
use crate::tui::rows;
use crate::tui::sort::Sort;
use crate::tui::theme::Theme;
use crate::tui::watched::Watched;

impl Dashboard {
    /// How it looks.
    pub fn look(&self) -> Look {
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
    pub fn pace(&self) -> Pace {
        self.playback.pace
    }

    /// What the main area shows.
    pub fn view(&self) -> View {
        self.view
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
    pub fn place(&self) -> Place {
        match self.mode {
            Mode::Browse => Place::Table,
            Mode::Help(_) => Place::Help,
            Mode::Menu(_) => Place::Menu,
            Mode::WhatIf(_) => Place::WhatIf,
            Mode::Line(..) => Place::Line,
        }
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
        Column::of(self.view, self.size.width, self.playback.shown.target.processes.len() > 1)
    }

    /// Those of them that rows can be sorted by.
    pub fn sortable(&self) -> Vec<Column> {
        self.columns().iter().copied().filter(|column| column.sorts()).collect()
    }

    /// The view's rows.
    pub fn rows(&self) -> &[Row] {
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
    pub fn watched(&self) -> Option<&Watched> {
        match &self.pane {
            Pane::Shown(Some(watched)) => Some(watched),
            _ => None,
        }
    }
}
