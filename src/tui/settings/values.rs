//! The settings of the dashboard as values, and those it has unless told otherwise.

use std::sync::Arc;
use std::time::Duration;

use crate::tui::keys::KeyMap;
use crate::tui::table::column::Column;
use crate::tui::table::columns;
use crate::tui::table::sort::Sort;
use crate::tui::tabs::View;
use crate::tui::theme::ThemeName;

/// Intervals to choose from on screen, in milliseconds; the file may have others.
const INTERVALS_MS: [u64; 9] = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

/// What a person can set of the dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct DashboardSettings {
    /// The palette.
    pub theme: ThemeName,
    /// The view that is shown first.
    pub view: View,
    /// Time between two looks.
    pub interval: Duration,
    /// Whether clicks and the wheel are tftop's; else they are the terminal's, which selects text by them.
    pub mouse: bool,
    /// Columns and order of each table, as [`View::TABLES`] has them.
    pub tables: [TableSettings; View::TABLES.len()],
    /// The keys.
    pub keys: Arc<KeyMap>,
}

/// Columns and order of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSettings {
    /// From the left; one at least.
    pub columns: Vec<&'static Column>,
    /// By which column rows are sorted.
    pub sort: Sort,
}

impl Default for DashboardSettings {
    fn default() -> Self {
        Self {
            theme: ThemeName::default(),
            view: View::Overview,
            interval: Duration::from_secs(1),
            mouse: true,
            tables: View::TABLES.map(TableSettings::usual),
            keys: Arc::default(),
        }
    }
}

impl TableSettings {
    /// All columns, in the usual order.
    pub fn usual(view: View) -> Self {
        Self { columns: columns::all(view), sort: Sort::usual(view) }
    }
}

impl DashboardSettings {
    /// Those of a view's table; none of a view without columns.
    pub fn table(&self, view: View) -> Option<&TableSettings> {
        let at = View::TABLES.iter().position(|table| *table == view)?;
        self.tables.get(at)
    }

    /// The same, to be changed.
    pub(crate) fn table_mut(&mut self, view: View) -> Option<&mut TableSettings> {
        let at = View::TABLES.iter().position(|table| *table == view)?;
        self.tables.get_mut(at)
    }

    /// The interval beside this one on the list, shorter or longer; at its end none.
    pub(crate) fn interval_beside(&self, longer: bool) -> Option<Duration> {
        let mut all = INTERVALS_MS.into_iter().map(Duration::from_millis);
        if longer { all.find(|it| *it > self.interval) } else { all.rfind(|it| *it < self.interval) }
    }
}
