//! Which row is selected and which row is the first on screen. The selection is a key: rows come, go and change places.

use crate::data::scene::Scene;
use crate::tui::table::row_key::{RowKey, TableRow};

/// Selection and scroll position of one table.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    selected: Option<RowKey>,
    /// Where the selected row was last seen: its successor when it is gone.
    at: usize,
    /// The first row on screen.
    top: usize,
}

impl Cursor {
    /// The first row on screen.
    pub fn top(&self) -> usize {
        self.top
    }

    /// The selected row's key.
    pub fn selected(&self) -> Option<&RowKey> {
        self.selected.as_ref()
    }

    /// The selected row's index, or where acting without a selection would begin: the first row on screen.
    pub fn at(&self) -> usize {
        if self.selected.is_some() { self.at } else { self.top }
    }

    /// Takes the selection away.
    pub fn clear(&mut self) {
        self.selected = None;
    }

    /// Selects a row, of a block its first line, and brings it on screen.
    pub fn select(&mut self, scene: &Scene, rows: &[TableRow], at: usize, height: usize) {
        self.at = crate::tui::table::row_key::whole(rows, at.min(rows.len().saturating_sub(1))).start;
        self.selected = rows.get(self.at).and_then(|&row| crate::tui::table::row_key::key(scene, row));
        self.reveal(rows, height);
    }

    /// Makes the selected row the first on screen, as far as there are rows below it.
    pub fn raise(&mut self, rows: &[TableRow], height: usize) {
        self.top = self.at.min(rows.len().saturating_sub(height));
    }

    /// Selects a key if there is such a row.
    pub fn select_key(&mut self, scene: &Scene, rows: &[TableRow], key: &RowKey, height: usize) {
        if let Some(at) = rows.iter().position(|&row| crate::tui::table::row_key::is(scene, row, key)) {
            self.select(scene, rows, at, height);
        }
    }

    /// Scrolls without selecting.
    pub fn scroll(&mut self, rows: usize, down: isize, height: usize) {
        self.top = self.top.saturating_add_signed(down).min(rows.saturating_sub(height));
    }

    /// Finds its row again after the rows have changed; a row that is gone hands the selection to its successor.
    pub fn settle(&mut self, scene: &Scene, rows: &[TableRow], height: usize, follow: bool) {
        if let Some(key) = &self.selected {
            match rows.iter().position(|&row| crate::tui::table::row_key::is(scene, row, key)) {
                Some(at) => self.at = at,
                None => {
                    self.at = crate::tui::table::row_key::whole(rows, self.at.min(rows.len().saturating_sub(1))).start;
                    self.selected = rows.get(self.at).and_then(|&row| crate::tui::table::row_key::key(scene, row));
                }
            }
            if follow {
                self.reveal(rows, height);
            }
        }
        self.top = self.top.min(rows.len().saturating_sub(height));
    }

    /// Brings the selected row on screen, a block as a whole where there is room.
    fn reveal(&mut self, rows: &[TableRow], height: usize) {
        let end = crate::tui::table::row_key::whole(rows, self.at).end.max(self.at + 1);
        let lowest_top = end.saturating_sub(height).min(self.at);
        self.top = self.top.clamp(lowest_top, self.at).min(rows.len().saturating_sub(height));
    }
}
