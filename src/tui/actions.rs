//! What each action does to the dashboard.

use super::{Dashboard, Mode, Pace, Pane, Purpose, View};
use crate::tui::column::Column;
use crate::tui::keys::Action;
use crate::tui::rows::{self, Row, RowKey};
use crate::tui::sort::Sort;
use crate::tui::{Effect, layout};

impl Dashboard {
    pub(super) fn act(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::Quit => return Some(Effect::Quit),
            Action::Redraw => return Some(Effect::Redraw),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                self.travel(action);
            }
            Action::Enter => self.enter(),
            Action::Open => self.open(),
            Action::Close => self.close(),
            Action::Fold => self.fold(),
            Action::OpenAll => self.fold_all(false),
            Action::FoldAll => self.fold_all(true),
            Action::Detail => self.toggle_pane(),
            Action::Search => self.begin_line(Purpose::Search),
            Action::Filter => self.begin_line(Purpose::Filter),
            Action::SearchNext => self.search(1),
            Action::SearchPrevious => self.search(-1),
            Action::SortMenu => self.open_menu(),
            Action::SortLeft => self.sort_beside(-1),
            Action::SortRight => self.sort_beside(1),
            Action::Invert => self.invert(),
            Action::Tree => self.tree(),
            Action::Pause => self.pause(),
            Action::Follow => {
                self.follow = !self.follow;
                self.settle(self.follow);
            }
            Action::Show(view) => self.show(view),
            Action::NextView => self.show(View::ALL[(self.view as usize + 1) % View::ALL.len()]),
            Action::PreviousView => {
                self.show(View::ALL[(self.view as usize + View::ALL.len() - 1) % View::ALL.len()]);
            }
            Action::Help => {
                self.mode = if matches!(self.mode, Mode::Help(_)) { Mode::Browse } else { Mode::Help(0) };
            }
            Action::Back => self.back(),
            Action::Erase | Action::EraseAll => self.erase(action),
        }
        None
    }

    fn travel(&mut self, action: Action) {
        let page = self.list_height().max(1);
        let moved = |at: usize, last: usize| match action {
            Action::Up => at.saturating_sub(1),
            Action::Down => (at + 1).min(last),
            Action::PageUp => at.saturating_sub(page),
            Action::PageDown => (at + page).min(last),
            Action::First => 0,
            _ => last,
        };
        match self.mode {
            Mode::Help(top) => self.mode = Mode::Help(moved(top, usize::from(u16::MAX))),
            Mode::Menu(column) => {
                let columns = self.sortable();
                let at = columns.iter().position(|other| *other == column).unwrap_or(0);
                if let Some(&next) = columns.get(moved(at, columns.len().saturating_sub(1))) {
                    self.mode = Mode::Menu(next);
                }
            }
            _ => {
                let cursor = self.cursor();
                // The first step only lands: it selects the row at which the eye is.
                let lands = cursor.selected().is_none() && matches!(action, Action::Up | Action::Down);
                let at = if lands { cursor.at() } else { moved(cursor.at(), self.rows.len().saturating_sub(1)) };
                self.select(at);
            }
        }
        self.bound_help();
    }

    fn enter(&mut self) {
        match self.mode {
            Mode::Line(..) => self.mode = Mode::Browse,
            Mode::Menu(column) => {
                self.mode = Mode::Browse;
                self.sort_by(column);
            }
            _ => match self.acting_row() {
                Some(Row::Group(_)) => self.fold(),
                Some(Row::Thread(_)) => self.toggle_pane(),
                _ => {}
            },
        }
    }

    /// The selected row; without a selection the first row on screen, which gets selected.
    fn acting_row(&mut self) -> Option<Row> {
        let at = self.cursor().at();
        self.select(at);
        self.rows.get(at).copied()
    }

    fn group_of(&self, row: Row) -> Option<usize> {
        match row {
            Row::Group(group) => Some(group),
            Row::Thread(at) => self.scene.threads.get(at).map(|thread| thread.group),
            _ => None,
        }
    }

    /// Folds or opens the group of the selected row and selects the group.
    fn fold(&mut self) {
        let Some(row) = self.acting_row().filter(|_| self.view == View::Overview) else { return };
        let Some(group) = self.group_of(row).and_then(|group| self.scene.groups.get(group)) else { return };
        let key = group.key.clone();
        if !self.unfolded.remove(&key) {
            self.unfolded.insert(key.clone());
        }
        self.renew();
        self.select_key(&RowKey::Group(key));
    }

    fn fold_all(&mut self, fold: bool) {
        let selected = self.cursor().selected().cloned();
        self.unfolded.clear();
        if !fold {
            self.unfolded.extend(self.scene.groups.iter().map(|group| group.key.clone()));
        }
        if let (true, Some(RowKey::Thread(key))) = (fold, &selected) {
            let thread = self.scene.threads.iter().position(|thread| thread.key == *key);
            let group = thread.and_then(|at| self.group_of(Row::Thread(at)));
            let group = group.and_then(|group| self.scene.groups.get(group)).map(|group| group.key.clone());
            self.renew();
            if let Some(group) = group {
                self.select_key(&RowKey::Group(group));
            }
        } else {
            self.renew();
            self.settle(true);
        }
    }

    fn open(&mut self) {
        match self.acting_row() {
            Some(Row::Group(group)) if !self.unfolded.contains(&self.scene.groups[group].key) => self.fold(),
            Some(Row::Thread(_)) if matches!(self.pane, Pane::Hidden) => self.toggle_pane(),
            _ => {}
        }
    }

    fn close(&mut self) {
        if matches!(self.pane, Pane::Shown(_)) {
            return self.toggle_pane();
        }
        match self.acting_row() {
            Some(Row::Group(group)) if self.unfolded.contains(&self.scene.groups[group].key) => self.fold(),
            Some(Row::Thread(_)) => self.fold(),
            _ => {}
        }
    }

    fn toggle_pane(&mut self) {
        self.pane = match self.pane {
            Pane::Hidden => Pane::Shown(None),
            Pane::Shown(_) => Pane::Hidden,
        };
        let at = self.cursor().at();
        self.select(at);
    }

    fn begin_line(&mut self, purpose: Purpose) {
        let before = self.line(purpose).clone();
        self.mode = Mode::Line(purpose, before);
        if purpose == Purpose::Search {
            self.typed.search.clear();
        }
    }

    fn erase(&mut self, action: Action) {
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
        let width = layout::of(self).list.width;
        let all = rows::of(&self.scene, &self.wish(None, &self.typed.filter, width));
        let from = match self.cursor().selected() {
            Some(key) => all.iter().position(|&row| rows::is(&self.scene, row, key)).unwrap_or(0),
            None => 0,
        };
        let found = |at: &usize| rows::found(&self.scene, self.view, all[*at], &self.typed.search);
        let count = all.len();
        let at = match step {
            -1 => (1..=count).map(|by| (from + count - by) % count).find(found),
            _ => (0..count).map(|by| (from + by + step.unsigned_abs()) % count).find(found),
        };
        let Some(row) = at.map(|at| all[at]) else { return };
        let Some(key) = rows::key(&self.scene, row) else { return };
        if let (View::Overview, Row::Thread(_)) = (self.view, row) {
            let group = self.group_of(row).and_then(|group| self.scene.groups.get(group));
            self.unfolded.extend(group.map(|group| group.key.clone()));
            self.renew();
        }
        self.select_key(&key);
    }

    fn open_menu(&mut self) {
        let columns = self.sortable();
        let sort = self.sort().column;
        if let Some(&first) = columns.first() {
            self.mode = Mode::Menu(if columns.contains(&sort) { sort } else { first });
        }
    }

    pub(super) fn sort_by(&mut self, column: Column) {
        if self.sort().column == column {
            return self.invert();
        }
        if column.sorts() {
            self.tables[self.view as usize].sort = Sort::by(column);
            self.renew();
            self.settle(true);
        }
    }

    fn sort_beside(&mut self, step: isize) {
        let columns = self.sortable();
        let at = columns.iter().position(|&column| column == self.sort().column);
        if let Some(&next) = at.and_then(|at| at.checked_add_signed(step)).and_then(|at| columns.get(at)) {
            self.sort_by(next);
        }
    }

    fn invert(&mut self) {
        let sort = &mut self.tables[self.view as usize].sort;
        sort.falling = !sort.falling;
        self.renew();
        self.settle(true);
    }

    /// The same selection as a tree or as a flat table.
    fn tree(&mut self) {
        let selected = self.cursor().selected().cloned();
        match self.view {
            View::Overview => self.show(View::Threads),
            _ => self.show(View::Overview),
        }
        let Some(RowKey::Thread(key)) = selected else { return };
        if self.view == View::Overview {
            let thread = self.scene.threads.iter().find(|thread| thread.key == key);
            let group = thread.and_then(|thread| self.scene.groups.get(thread.group));
            self.unfolded.extend(group.map(|group| group.key.clone()));
            self.renew();
        }
        self.select_key(&RowKey::Thread(key));
    }

    fn pause(&mut self) {
        match self.pace {
            Pace::Live => self.pace = Pace::Paused,
            Pace::Paused => {
                self.pace = Pace::Live;
                self.show_newest();
            }
            Pace::Silent => {}
        }
    }

    fn show(&mut self, view: View) {
        self.view = view;
        self.mode = Mode::Browse;
        self.renew();
        self.watch_selected();
    }

    fn back(&mut self) {
        match std::mem::replace(&mut self.mode, Mode::Browse) {
            Mode::Line(purpose, before) => {
                *self.line(purpose) = before;
                self.renew();
            }
            Mode::Browse if matches!(self.pane, Pane::Shown(_)) => self.pane = Pane::Hidden,
            Mode::Browse if !self.typed.filter.is_empty() => {
                self.typed.filter.clear();
                self.renew();
                self.settle(true);
            }
            Mode::Browse => self.tables[self.view as usize].cursor.clear(),
            Mode::Help(_) | Mode::Menu(_) => {}
        }
    }
}
