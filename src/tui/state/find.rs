//! Finding rows: the typed lines, the search and the order.

use crate::tui::keys::Action;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::{Mode, Purpose};
use crate::tui::table::column::Column;
use crate::tui::table::row_key::TableRow;
use crate::tui::table::rows;
use crate::tui::table::sort::Sort;
use crate::tui::tabs::View;

impl Dashboard {
    pub(super) fn begin_line(&mut self, purpose: Purpose) {
        let before = self.line(purpose).clone();
        self.mode = Mode::Line(purpose, before);
        if purpose != Purpose::Filter {
            self.line(purpose).clear();
        }
        if purpose == Purpose::Search {
            self.sought = None;
        }
    }

    pub(super) fn erase(&mut self, action: Action) {
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
    pub(super) fn search(&mut self, step: isize) {
        if self.typed.search.is_empty() {
            return;
        }
        let width = self.areas().list.width;
        let all = rows::of(&self.playback.shown, &self.row_request(None, &self.typed.filter, width));
        let from = match self.cursor().selected() {
            Some(key) => {
                all.iter().position(|&row| crate::tui::table::row_key::is(&self.playback.shown, row, key)).unwrap_or(0)
            }
            None => 0,
        };
        let found = |at: &usize| rows::found(&self.playback.shown, self.view, all[*at], &self.typed.search);
        let count = all.len();
        let at = match step {
            -1 => (1..=count).map(|by| (from + count - by) % count).find(found),
            _ => (0..count).map(|by| (from + by + step.unsigned_abs()) % count).find(found),
        };
        let Some(row) = at.map(|at| all[at]) else {
            let filter = if self.typed.filter.is_empty() { "" } else { " among those of the filter" };
            return self.refuse(&format!("no row contains \"{}\"{filter}", self.typed.search));
        };
        let Some(key) = crate::tui::table::row_key::key(&self.playback.shown, row) else { return };
        if let (View::Overview, TableRow::Thread(_)) = (self.view, row) {
            let group = self.group_of(row).and_then(|group| self.playback.shown.groups.get(group));
            self.opened.groups.extend(group.map(|group| group.key.clone()));
            self.renew();
        }
        self.select_key(&key);
    }

    pub(super) fn open_menu(&mut self) {
        let columns = self.sortable();
        let sort = self.sort().column;
        if let Some(&first) = columns.first() {
            self.mode = Mode::Menu(if columns.contains(&sort) { sort } else { first });
        }
    }

    pub(super) fn sort_by(&mut self, column: &'static Column) {
        if self.sort().column == column {
            return self.invert();
        }
        if column.sorts() {
            self.tables[self.view as usize].sort = Sort::by(column);
            self.renew();
            self.settle(true);
        }
    }

    pub(super) fn sort_beside(&mut self, step: isize) {
        let columns = self.sortable();
        let at = columns.iter().position(|&column| column == self.sort().column);
        match at.and_then(|at| at.checked_add_signed(step)).and_then(|at| columns.get(at)) {
            Some(&next) => self.sort_by(next),
            None => self.refuse("there is no column on that side to sort by"),
        }
    }

    pub(super) fn invert(&mut self) {
        let sort = &mut self.tables[self.view as usize].sort;
        sort.descending = !sort.descending;
        self.renew();
        self.settle(true);
    }
}
