//! Groups that open and fold, and what the selected row stands for.

use crate::present::block::Block;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::Pane;
use crate::tui::table::row_key::{RowKey, TableRow};
use crate::tui::tabs::View;

impl Dashboard {
    /// The selected row; without a selection the first row on screen, which gets selected.
    pub(super) fn acting_row(&mut self) -> Option<TableRow> {
        let at = self.cursor().at();
        self.select(at);
        self.rows.get(at).copied()
    }

    pub(super) fn group_of(&self, row: TableRow) -> Option<usize> {
        match row {
            TableRow::Group(group) => Some(group),
            TableRow::Thread(at) => self.playback.shown.threads.get(at).map(|thread| thread.group),
            _ => None,
        }
    }

    /// Folds or opens the group of the selected row and selects the group, or the cause.
    pub(super) fn fold(&mut self) {
        let Some(row) = self.acting_row() else { return };
        if let TableRow::Line(Block::Cause(at), _) = row {
            return self.fold_cause(at);
        }
        if self.view != View::Overview {
            return;
        }
        let Some(group) = self.group_of(row).and_then(|group| self.playback.shown.groups.get(group)) else { return };
        let key = group.key.clone();
        if !self.opened.groups.remove(&key) {
            self.opened.groups.insert(key.clone());
        }
        self.renew();
        self.select_key(&RowKey::Group(key));
    }

    fn fold_cause(&mut self, at: usize) {
        let Some(code) = self.playback.shown.judgements.get(at).map(|cause| cause.code) else { return };
        if !self.opened.causes.remove(code) {
            self.opened.causes.insert(code);
        }
        self.renew();
        self.select_key(&RowKey::Cause(code));
    }

    pub(super) fn fold_all(&mut self, fold: bool) {
        let selected = self.cursor().selected().cloned();
        if self.view == View::Explain {
            self.opened.causes.clear();
            if !fold {
                self.opened.causes.extend(self.playback.shown.judgements.iter().map(|cause| cause.code));
            }
            self.renew();
            return self.settle(true);
        }
        self.opened.groups.clear();
        if !fold {
            self.opened.groups.extend(self.playback.shown.groups.iter().map(|group| group.key.clone()));
        }
        if let (true, Some(RowKey::Thread(key))) = (fold, &selected) {
            let thread = self.playback.shown.threads.iter().position(|thread| thread.key == *key);
            let group = thread.and_then(|at| self.group_of(TableRow::Thread(at)));
            let group = group.and_then(|group| self.playback.shown.groups.get(group)).map(|group| group.key.clone());
            self.renew();
            if let Some(group) = group {
                self.select_key(&RowKey::Group(group));
            }
        } else {
            self.renew();
            self.settle(true);
        }
    }

    pub(super) fn open(&mut self) {
        match self.acting_row() {
            Some(row) if self.is_closed(row) => self.fold(),
            Some(TableRow::Thread(_) | TableRow::Process(..)) if matches!(self.pane, Pane::Hidden) => {
                self.toggle_pane()
            }
            _ => {}
        }
    }

    pub(super) fn close(&mut self) {
        if matches!(self.pane, Pane::Shown(_)) && self.view.is_table() {
            return self.toggle_pane();
        }
        match self.acting_row() {
            Some(row @ (TableRow::Group(_) | TableRow::Line(Block::Cause(_), _))) if !self.is_closed(row) => {
                self.fold()
            }
            Some(TableRow::Thread(_)) => self.fold(),
            _ => {}
        }
    }

    /// Whether this is a group or a cause that does not show all it has.
    pub(super) fn is_closed(&self, row: TableRow) -> bool {
        let scene = &self.playback.shown;
        match row {
            TableRow::Group(at) => scene.groups.get(at).is_some_and(|group| !self.opened.groups.contains(&group.key)),
            TableRow::Line(block, _) => !self.opened.shows(scene, block),
            TableRow::Thread(_) | TableRow::Process(..) => false,
        }
    }

    /// The same selection as a tree or as a flat table.
    pub(super) fn tree(&mut self) {
        let selected = self.cursor().selected().cloned();
        match self.view {
            View::Overview => self.show(View::Threads),
            _ => self.show(View::Overview),
        }
        let Some(RowKey::Thread(key)) = selected else { return };
        if self.view == View::Overview {
            let thread = self.playback.shown.threads.iter().find(|thread| thread.key == key);
            let group = thread.and_then(|thread| self.playback.shown.groups.get(thread.group));
            self.opened.groups.extend(group.map(|group| group.key.clone()));
            self.renew();
        }
        self.select_key(&RowKey::Thread(key));
    }
}
