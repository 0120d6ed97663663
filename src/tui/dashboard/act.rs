//! What each action does to the dashboard.

use super::{Dashboard, Mode, Pane, Purpose, Row, View};
use crate::tui::Effect;
use crate::tui::keys::Action;

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
            Action::Pause => {
                if self.playback.pause() {
                    self.show_scene();
                }
            }
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
                Some(Row::Thread(_) | Row::Process(..)) => self.toggle_pane(),
                _ => {}
            },
        }
    }

    pub(super) fn toggle_pane(&mut self) {
        self.pane = match self.pane {
            Pane::Hidden => Pane::Shown(None),
            Pane::Shown(_) => Pane::Hidden,
        };
        let at = self.cursor().at();
        self.select(at);
    }

    pub(super) fn show(&mut self, view: View) {
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
