//! What each action does to the dashboard.

use crate::data::scene::GroupKey;
use crate::present::block::Block;
use crate::tui::keys::Action;
use crate::tui::messages::effect::Effect;
use crate::tui::state::Dashboard;
use crate::tui::state::dashboard::LANE_SECONDS;
use crate::tui::state::parts::stacks::{StacksBox, StopQuestion};
use crate::tui::state::parts::what_if::WhatIf;
use crate::tui::state::parts::{Mode, Pane, Purpose, Said};
use crate::tui::table::row_key::{RowKey, TableRow};
use crate::tui::tabs::View;

impl Dashboard {
    pub(super) fn act(&mut self, action: Action) -> Option<Effect> {
        let past = self.is_past();
        if !past && self.is_refused(action) {
            return None;
        }
        if let Some(done) = self.act_in_time(action) {
            return done;
        }
        if past && self.is_refused(action) {
            return None;
        }
        match action {
            Action::Quit => return Some(Effect::Quit),
            Action::Interrupt => return Some(self.interrupt_command()),
            Action::Type => self.begin_typing(),
            Action::Release => self.mode = Mode::Browse,
            Action::Rerun => return self.open_rerun(),
            Action::Yes => return self.agree().or_else(|| self.agree_to_stop()),
            Action::Stacks => return self.open_stacks(),
            Action::Stop => self.ask_to_stop(),
            Action::Sample => return self.ask_to_sample(),
            Action::SaveScreen => return Some(Effect::SaveScreen),
            Action::Another => return Some(Effect::Another),
            Action::NextStart => return Some(Effect::NextStart),
            Action::Copy(part) => return Some(Effect::Copy(part)),
            Action::Redraw => return Some(Effect::Redraw),
            Action::Suspend => return Some(Effect::Suspend),
            Action::Up | Action::Down | Action::PageUp | Action::PageDown | Action::First | Action::Last => {
                self.travel(action);
            }
            Action::Enter => return self.enter(),
            Action::Open => self.open(),
            Action::Close => self.close(),
            Action::Fold => self.fold(),
            Action::OpenAll | Action::FoldAll => self.fold_all_shown(action == Action::FoldAll),
            Action::Detail if self.view.is_table() => self.toggle_pane(),
            Action::Detail => self.fold(),
            Action::Search => self.begin_line(Purpose::Search),
            Action::Filter => self.begin_line(Purpose::Filter),
            Action::SearchNext => self.search(1),
            Action::SearchPrevious => self.search(-1),
            Action::SortMenu => self.open_menu(),
            Action::SortLeft => self.sort_beside(-1),
            Action::SortRight => self.sort_beside(1),
            Action::Invert => self.invert(),
            Action::Tree => self.tree(),
            // Done already.
            Action::Time(_) | Action::Jump | Action::Mark(_) | Action::Zoom => {}
            Action::Follow => {
                self.follow = !self.follow;
                self.settle(self.follow);
            }
            Action::Trace => self.toggle_trace(),
            Action::Show(view) => self.show(view),
            Action::NextView => self.show_beside(1),
            Action::PreviousView => self.show_beside(-1),
            Action::Help => {
                self.mode = if matches!(self.mode, Mode::Help(_)) { Mode::Browse } else { Mode::Help(0) };
            }
            Action::WhatIf => {
                self.mode = match self.mode {
                    Mode::WhatIf(_) => Mode::Browse,
                    Mode::Rerun(ref rerun) => Mode::WhatIf(WhatIf { caps: rerun.caps, chosen: 0 }),
                    _ => Mode::WhatIf(WhatIf::advised(&self.playback.shown)),
                };
            }
            Action::Runs => {
                self.mode = if self.mode == Mode::Runs { Mode::Browse } else { Mode::Runs };
            }
            Action::MarkRun => self.runs.toggle(),
            Action::Settings => self.open_settings(),
            Action::Toggle => self.toggle_setting(),
            Action::SaveSettings => return Some(Effect::SaveSettings),
            Action::Less | Action::More if matches!(self.mode, Mode::Settings(_)) => {
                self.change_setting(if action == Action::More { 1 } else { -1 });
            }
            Action::Less => self.try_caps(|what_if, scene| what_if.change(scene, -1)),
            Action::More => self.try_caps(|what_if, scene| what_if.change(scene, 1)),
            Action::Advised => self.try_caps(|what_if, scene| what_if.caps = scene.headline.caps),
            Action::NoCaps => self.try_caps(|what_if, _| what_if.caps = Default::default()),
            Action::Back => self.back(),
            Action::Erase | Action::EraseAll => self.erase(action),
        }
        None
    }

    fn toggle_trace(&mut self) {
        self.trace = !self.trace;
        let told = match (self.trace, self.view) {
            (true, View::Lanes) => "a trace begins with the next sample".to_owned(),
            (true, _) => {
                let shows = (Action::Show(View::Lanes), "shows it");
                self.text_with_key("a trace begins with the next sample", "; ", shows)
            }
            (false, _) => "the trace has ended".to_owned(),
        };
        self.said = Some(Said::Told(told));
    }

    /// Lanes of less time, in larger steps; then of all there is.
    pub(super) fn zoom_lanes(&mut self) {
        let at = LANE_SECONDS.iter().position(|&seconds| seconds == self.lane_seconds).unwrap_or(0);
        self.lane_seconds = LANE_SECONDS[(at + 1) % LANE_SECONDS.len()];
        self.renew();
    }

    /// Groups or causes; in the box with stacks, idle threads.
    fn fold_all_shown(&mut self, fold: bool) {
        match &mut self.mode {
            Mode::Stacks(stacks) => (stacks.unfolded, stacks.top) = (!fold, 0),
            _ => self.fold_all(fold),
        }
    }

    pub(super) fn travel(&mut self, action: Action) {
        let page = self.list_height().max(1);
        let moved = |at: usize, last: usize| match action {
            Action::Up => at.saturating_sub(1),
            Action::Down => (at + 1).min(last),
            Action::PageUp => at.saturating_sub(page),
            Action::PageDown => (at + page).min(last),
            Action::First => 0,
            _ => last,
        };
        match &mut self.mode {
            Mode::Help(top) => *top = moved(*top, usize::from(u16::MAX)),
            Mode::Rerun(rerun) => rerun.top = moved(rerun.top, usize::from(u16::MAX)),
            Mode::Stacks(stacks) => stacks.top = moved(stacks.top, usize::from(u16::MAX)),
            Mode::WhatIf(what_if) => {
                let last = what_if.sliders(&self.playback.shown).len().saturating_sub(1);
                what_if.chosen = moved(what_if.chosen.min(last), last);
            }
            &mut Mode::Menu(column) => {
                let columns = self.sortable();
                let at = columns.iter().position(|other| *other == column).unwrap_or(0);
                if let Some(&next) = columns.get(moved(at, columns.len().saturating_sub(1))) {
                    self.mode = Mode::Menu(next);
                }
            }
            &mut Mode::Settings(shown) => self.travel_settings(shown, moved),
            Mode::Runs => {
                let height = self.runs_height();
                let page = height.max(1);
                let moved = |at: usize, last: usize| match action {
                    Action::PageUp => at.saturating_sub(page),
                    Action::PageDown => (at + page).min(last),
                    _ => moved(at, last),
                };
                self.runs.travel(moved, height);
            }
            _ if self.view == View::Output => self.travel_output(action),
            _ => self.travel_rows(action, moved),
        }
    }

    fn travel_rows(&mut self, action: Action, moved: impl Fn(usize, usize) -> usize) {
        let cursor = self.cursor();
        let last = self.rows.len().saturating_sub(1);
        // The first step only lands: it selects the row at which the eye is.
        if cursor.selected().is_none() && matches!(action, Action::Up | Action::Down) {
            return self.select(cursor.at());
        }
        let down = matches!(action, Action::Down | Action::PageDown);
        let block = crate::tui::table::row_key::whole(&self.rows, cursor.at());
        let bottom = cursor.top() + self.list_height();
        // What is left of a block that is cut off below is read before the next one.
        if down && cursor.selected().is_some() && (cursor.top() + 1..block.end).contains(&bottom) {
            let step = if action == Action::Down { 1 } else { self.list_height() as isize };
            return self.scroll(step);
        }
        // Steps lead from block to block: at least to the next one.
        self.select(match action {
            Action::Down => block.end.min(last),
            Action::PageDown => moved(block.start, last).max(block.end.min(last)),
            _ => moved(block.start, last),
        });
    }

    pub(super) fn enter(&mut self) -> Option<Effect> {
        match self.mode {
            Mode::Line(Purpose::Time, _) => return self.jump(),
            Mode::Line(purpose, _) => {
                self.mode = Mode::Browse;
                match purpose {
                    Purpose::Search => self.search(0),
                    _ if self.rows.is_empty() => self.refuse(&format!("no row contains \"{}\"", self.typed.filter)),
                    _ => {}
                }
            }
            Mode::Menu(column) => {
                self.mode = Mode::Browse;
                self.sort_by(column);
            }
            Mode::Runs if self.runs.marks() < 2 => {
                let why = self.text_with_key("two runs at least are compared", ": ", (Action::MarkRun, "marks one"));
                self.refuse(&why);
            }
            Mode::Runs => self.runs.compare(),
            _ => match self.acting_row() {
                Some(TableRow::Group(_)) => self.fold(),
                Some(TableRow::Thread(_) | TableRow::Process(..)) => self.toggle_pane(),
                Some(TableRow::Line(Block::Cause(_), _)) => self.fold(),
                _ => self.refuse("nothing to open in this row"),
            },
        }
        None
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
        let group = self.selected_group();
        self.view = view;
        self.mode = Mode::Browse;
        self.renew();
        match (view, group) {
            (View::Limits, Some(group)) => {
                self.select_key(&RowKey::Limits(group));
                let height = self.list_height();
                self.tables[self.view as usize].cursor.raise(&self.rows, height);
            }
            (View::Explain, _) if self.cursor().selected().is_none() => self.select(0),
            _ => self.watch_selected(),
        }
    }

    fn show_beside(&mut self, step: isize) {
        let views: Vec<View> = self.views().map(|(_, view)| view).collect();
        let at = views.iter().position(|view| *view == self.view).unwrap_or(0);
        let next = (at + views.len()).saturating_add_signed(step) % views.len().max(1);
        if let Some(&view) = views.get(next) {
            self.show(view);
        }
    }

    /// The group of the selected row, if there is one.
    fn selected_group(&self) -> Option<GroupKey> {
        let scene = &self.playback.shown;
        match self.cursor().selected()? {
            RowKey::Group(key) => Some(key.clone()),
            RowKey::Thread(key) => {
                let thread = scene.threads.iter().find(|thread| thread.key == *key)?;
                scene.groups.get(thread.group).map(|group| group.key.clone())
            }
            _ => None,
        }
    }

    pub(super) fn back(&mut self) {
        if self.mode == Mode::Runs && self.runs.back() {
            return;
        }
        match std::mem::replace(&mut self.mode, Mode::Browse) {
            Mode::Line(purpose, before) => {
                *self.line(purpose) = before;
                self.renew();
            }
            Mode::Stacks(stacks) if stacks.question != StopQuestion::Nothing => {
                self.mode = Mode::Stacks(Box::new(StacksBox { question: StopQuestion::Nothing, ..*stacks }));
            }
            Mode::Rerun(rerun) => self.mode = rerun.from.map_or(Mode::Browse, Mode::WhatIf),
            Mode::Browse if matches!(self.pane, Pane::Shown(_)) && self.view.is_table() => self.pane = Pane::Hidden,
            Mode::Browse if !self.typed.filter.is_empty() => {
                self.typed.filter.clear();
                self.renew();
                self.settle(true);
            }
            Mode::Browse if self.view == View::Output => self.travel_output(Action::Last),
            Mode::Browse => self.tables[self.view as usize].cursor.clear(),
            Mode::Help(_)
            | Mode::Menu(_)
            | Mode::WhatIf(_)
            | Mode::Typing
            | Mode::Runs
            | Mode::Settings(_)
            | Mode::Stopping(..)
            | Mode::Stacks(_) => {}
        }
    }
}
