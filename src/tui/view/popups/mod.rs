//! Boxes over the table.

pub(crate) mod help;
pub(crate) mod menu;
pub(crate) mod rerun;
pub(crate) mod runs;
pub(crate) mod settings;
pub(crate) mod stacks;
pub(crate) mod stopping;
pub(crate) mod what_if;

use crate::tui::state::Dashboard;
use crate::tui::state::parts::Mode;

/// Lines of the popup's text that have no room: how far it can be scrolled.
pub fn overflow(dashboard: &Dashboard) -> usize {
    match dashboard.mode() {
        Mode::Help(_) => help::overflow(dashboard),
        Mode::Rerun(dialog) => rerun::overflow(dashboard, dialog),
        Mode::Stacks(stacks) => stacks::overflow(dashboard, stacks),
        _ => 0,
    }
}
