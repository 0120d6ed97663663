//! Finding rows: the typed lines, the search and the order.

use crate::tui::column::Column;
use crate::tui::keys::Action;
use crate::tui::rows::TableRow;
use crate::tui::sort::Sort;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::{Mode, Purpose, View};
use crate::tui::{layout, rows};

impl Dashboard {
    pub(crate) fn begin_line(&mut self, purpose: Purpose) {
        let before = self.line(purpose).clone();
        self.mode = Mode::Line(purpose, before);
        if purpose == Purpose::Search {
            self.typed.search.clear();
        }
    }

    pub(crate) fn erase(&mut self, action: Action) {
        let Mode::Line(purpose, _) = self.mode else { return };
        let line = self.line(purpose);
        match action {
            Action::Erase => drop(line.pop()),
            _ => line.clear(),
        }
        self.typed_more(purpose);
    }

    /// Selects the next row with the searched text, also inside folded groups: those open. `step` 0 begins at the
    /// selected row itself.
    pub(crate) fn search(&mut self, step: isize) {
        if self.typed.search.is_empty() {
            return;
        }
        let width = layout::of(self).list.width;
        let all = rows::of(&self.playback.shown, &self.wish(None, &self.typed.filter, width));
        let from = match self.cursor().selected() {
            Some(key) => all.iter().position(|&row| rows::is(&self.playback.shown, row, key)).unwrap_or(0),
            None => 0,
        };
        let found = |at: &usize| rows::found(&self.playback.shown, self.view, all[*at], &self.typed.search);
        let count = all.len();
        let at = match step {
            -1 => (1..=count).map(|by| (from + count - by) % count).find(found),
            _ => (0..count).map(|by| (from + by + step.unsigned_abs()) % count).find(found),
        };
        let Some(row) = at.map(|at| all[at]) else { return };
        let Some(key) = rows::key(&self.playback.shown, row) else { return };
        if let (View::Overview, TableRow::Thread(_)) = (self.view, row) {
            let group = self.group_of(row).and_then(|group| self.playback.shown.groups.get(group));
            self.opened.groups.extend(group.map(|group| group.key.clone()));
            self.renew();
        }
        self.select_key(&key);
    }

    pub(crate) fn open_menu(&mut self) {
        let columns = self.sortable();
        let sort = self.sort().column;
        if let Some(&first) = columns.first() {
            self.mode = Mode::Menu(if columns.contains(&sort) { sort } else { first });
        }
    }

    pub(crate) fn sort_by(&mut self, column: Column) {
        if self.sort().column == column {
            return self.invert();
        }
        if column.sorts() {
            self.tables[self.view as usize].sort = Sort::by(column);
            self.renew();
            self.settle(true);
        }
    }

    pub(crate) fn sort_beside(&mut self, step: isize) {
        let columns = self.sortable();
        let at = columns.iter().position(|&column| column == self.sort().column);
        if let Some(&next) = at.and_then(|at| at.checked_add_signed(step)).and_then(|at| columns.get(at)) {
            self.sort_by(next);
        }
    }

    pub(crate) fn invert(&mut self) {
        let sort = &mut self.tables[self.view as usize].sort;
        sort.falling = !sort.falling;
        self.renew();
        self.settle(true);
    }
}
