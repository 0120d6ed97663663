//! Settings that are changed on screen: each counts at once, and is kept only once it was saved.

use crate::tui::keys::{Action, KeyContext, KeyMap};
use crate::tui::messages::effect::Effect;
use crate::tui::settings::{DashboardSettings, SettingsInForce};
use crate::tui::state::Dashboard;
use crate::tui::state::parts::settings::{SettingsBox, SettingsItem};
use crate::tui::state::parts::{Mode, Said};
use crate::tui::table::column::Column;
use crate::tui::table::columns;
use crate::tui::table::sort::Sort;
use crate::tui::tabs::View;
use crate::tui::theme::ThemeName;

impl Dashboard {
    /// The settings as they are, orders that were chosen in a table among them.
    pub fn settings(&self) -> DashboardSettings {
        let mut now = self.settings.now.clone();
        for view in View::TABLES {
            let sort = self.tables[view as usize].sort;
            now.table_mut(view).into_iter().for_each(|table| table.sort = sort);
        }
        now
    }

    /// Whether they differ from what the file has.
    pub fn has_unsaved_settings(&self) -> bool {
        self.settings() != self.settings.kept
    }

    /// The keys.
    pub fn keys(&self) -> &KeyMap {
        &self.settings.now.keys
    }

    /// Keys and what they do now, those without a key left out.
    pub(crate) fn key_line(&self, words: &[(Action, &str)]) -> String {
        self.keys().line(self.place(), words)
    }

    /// A text and the key that helps: "this is now: [ goes back in time".
    pub(crate) fn text_with_key(&self, text: &str, separator: &str, words: (Action, &str)) -> String {
        self.keys().after(text, separator, self.place(), words)
    }

    /// The name of the key of an action in the tables; of one without a key what it would do has no name.
    pub(crate) fn key_of(&self, action: Action) -> String {
        self.keys().label(action, KeyContext::Table).unwrap_or_default()
    }

    /// Begins with these settings.
    pub(super) fn use_settings(&mut self, settings: &SettingsInForce) {
        self.settings = settings.clone();
        self.look.theme = settings.now.theme;
        for view in View::TABLES {
            if let Some(table) = settings.now.table(view) {
                self.tables[view as usize].sort = table.sort;
            }
        }
        // Whether there is output is known later.
        if settings.now.view != View::Output {
            self.view = settings.now.view;
        }
    }

    pub(super) fn take_saved_settings(&mut self, saved: Result<String, String>) {
        self.said = Some(match saved {
            Ok(path) => {
                self.settings.kept = self.settings();
                Said::Told(format!("saved {path}"))
            }
            Err(why) => Said::Refused(format!("not saved: {why}")),
        });
    }

    pub(super) fn take_settings_problems(&mut self, problems: &[String]) {
        let more = match problems.len() {
            0 => return,
            1 => String::new(),
            more => format!(" (`tftop config` says {} more)", more - 1),
        };
        self.said = problems.first().map(|first| Said::Refused(format!("{first}{more}")));
    }

    pub(super) fn open_settings(&mut self) {
        self.mode = match self.mode {
            Mode::Settings(_) => Mode::Browse,
            _ => Mode::Settings(SettingsBox::beside(self.view)),
        };
    }

    /// Moves to another one.
    pub(super) fn travel_settings(&mut self, shown: SettingsBox, moved: impl FnOnce(usize, usize) -> usize) {
        let items = shown.items(&self.settings.now);
        let at = items.iter().position(|item| *item == shown.chosen).unwrap_or(0);
        if let Some(&chosen) = items.get(moved(at, items.len().saturating_sub(1))) {
            self.mode = Mode::Settings(SettingsBox { chosen, ..shown });
        }
    }

    /// The value before or the next one; of a column its place.
    pub(super) fn change_setting(&mut self, step: isize) {
        let Mode::Settings(shown) = self.mode else { return };
        let recording = self.is_recording();
        let now = &mut self.settings.now;
        match shown.chosen {
            SettingsItem::Theme => {
                now.theme = beside(&ThemeName::ALL.map(|(theme, _)| theme), now.theme, step);
                self.look.theme = now.theme;
            }
            SettingsItem::StartView => now.view = beside(&View::ALL, now.view, step),
            SettingsItem::Interval if recording => self.refuse("a recording has the times of its looks"),
            SettingsItem::Interval => match now.interval_beside(step > 0) {
                Some(interval) => now.interval = interval,
                None => self.refuse("an interval is 0.1 s to 60 s"),
            },
            SettingsItem::Mouse => now.mouse = !now.mouse,
            SettingsItem::Table => {
                let table = beside(&View::TABLES, shown.table, step);
                self.show(table);
                self.mode = Mode::Settings(SettingsBox { table, ..shown });
            }
            SettingsItem::Sort => {
                let sorting: Vec<_> = columns::all(shown.table).into_iter().filter(|column| column.sorts()).collect();
                let by = self.tables[shown.table as usize].sort.column;
                self.sort_table(shown.table, Sort::by(beside(&sorting, by, step)));
            }
            SettingsItem::Column(column) => self.move_column(shown.table, column, step),
        }
    }

    /// The next value; shows or hides a column, turns an order around.
    pub(super) fn toggle_setting(&mut self) {
        let Mode::Settings(shown) = self.mode else { return };
        match shown.chosen {
            SettingsItem::Sort => {
                let Sort { column, descending } = self.tables[shown.table as usize].sort;
                self.sort_table(shown.table, Sort { column, descending: !descending });
            }
            SettingsItem::Column(column) => self.show_or_hide(shown.table, column),
            _ => self.change_setting(1),
        }
    }

    pub(super) fn click_setting(&mut self, item: SettingsItem) -> Option<Effect> {
        let Mode::Settings(shown) = self.mode else { return None };
        if shown.chosen == item {
            return self.act(Action::Toggle);
        }
        self.mode = Mode::Settings(SettingsBox { chosen: item, ..shown });
        None
    }

    fn sort_table(&mut self, view: View, sort: Sort) {
        self.tables[view as usize].sort = sort;
        if self.view == view {
            self.renew();
            self.settle(true);
        }
    }

    fn show_or_hide(&mut self, view: View, column: &'static Column) {
        let all = columns::all(view);
        let Some(table) = self.settings.now.table_mut(view) else { return };
        let place = |column: &'static Column| all.iter().position(|other| *other == column);
        match table.columns.iter().position(|other| *other == column) {
            Some(_) if table.columns.len() == 1 => return self.refuse("a table has one column at least"),
            Some(at) => drop(table.columns.remove(at)),
            // In front of the first one that usually stands further to the right.
            None => {
                let before = table.columns.iter().position(|other| place(other) > place(column));
                table.columns.insert(before.unwrap_or(table.columns.len()), column);
            }
        }
        self.renew();
    }

    fn move_column(&mut self, view: View, column: &'static Column, step: isize) {
        let Some(table) = self.settings.now.table_mut(view) else { return };
        let Some(at) = table.columns.iter().position(|other| *other == column) else {
            let why = self.text_with_key("it is not shown", ": ", (Action::Toggle, "shows it"));
            return self.refuse(&why);
        };
        match at.checked_add_signed(step).filter(|to| *to < table.columns.len()) {
            Some(to) => table.columns.swap(at, to),
            None => return self.refuse("there is no place on that side"),
        }
        self.renew();
    }
}

/// The one beside another, around in a ring.
fn beside<T: Copy + PartialEq>(all: &[T], from: T, step: isize) -> T {
    let at = all.iter().position(|other| *other == from).unwrap_or(0);
    let next = (at + all.len()).saturating_add_signed(step) % all.len().max(1);
    all.get(next).copied().unwrap_or(from)
}
