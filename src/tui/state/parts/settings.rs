//! The box of settings: what can be chosen in it, and which of it is.

use crate::tui::settings::DashboardSettings;
use crate::tui::table::column::Column;
use crate::tui::table::columns;
use crate::tui::tabs::View;

/// Something that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsItem {
    /// The palette.
    Theme,
    /// The view that is shown first.
    StartView,
    /// Time between two looks.
    Interval,
    /// Whether the mouse is tftop's.
    Mouse,
    /// Which table the rest is about.
    Table,
    /// The order of its rows.
    Sort,
    /// One of its columns.
    Column(&'static Column),
}

/// The box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingsBox {
    /// What keys change.
    pub chosen: SettingsItem,
    /// Whose columns and order these are.
    pub table: View,
}

impl SettingsBox {
    /// Begins with the first one, and with the table on screen where there is one.
    pub fn beside(view: View) -> Self {
        Self { chosen: SettingsItem::Theme, table: if view.is_table() { view } else { View::Overview } }
    }

    /// All of them: columns in their order on screen, then those that are not shown.
    pub fn items(&self, settings: &DashboardSettings) -> Vec<SettingsItem> {
        use SettingsItem::{Interval, Mouse, Sort, StartView, Table, Theme};
        let shown = settings.table(self.table).map_or(&[][..], |table| &table.columns);
        let hidden = columns::all(self.table).into_iter().filter(|column| !shown.contains(column));
        let of_table = shown.iter().copied().chain(hidden).map(SettingsItem::Column);
        [Theme, StartView, Interval, Mouse, Table, Sort].into_iter().chain(of_table).collect()
    }
}
