//! What lies under the mouse: asks the same layout as drawing does.

use ratatui::layout::{Position, Rect};

use crate::tui::column::Column;
use crate::tui::keys::Action;
use crate::tui::rows::TableRow;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::{Mode, View};
use crate::tui::{column, layout, view};

/// Something that can be clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseTarget {
    /// A row of the table.
    Row(usize),
    /// A kept run.
    Run(usize),
    /// The mark that folds a group.
    Fold(usize),
    /// The heading of a column.
    Heading(Column),
    /// A tab or a key on the key bar, or the verdict.
    Button(Action),
    /// A slider, and the value under the mouse.
    Slider(usize, Option<u32>),
}

/// What is at this place of the screen.
pub fn hit(dashboard: &Dashboard, x: u16, y: u16) -> Option<MouseTarget> {
    let (areas, at) = (layout::of(dashboard), Position::new(x, y));
    if areas.keys.contains(at) {
        let buttons = view::footer::buttons(dashboard, areas.keys);
        return buttons.iter().find(|button| button.area.contains(at)).map(|button| MouseTarget::Button(button.action));
    }
    match dashboard.mode() {
        Mode::WhatIf(what_if) => {
            return view::what_if::slider_at(dashboard, what_if, at).map(|(at, value)| MouseTarget::Slider(at, value));
        }
        Mode::Runs => return view::runs::row_at(dashboard, at).map(MouseTarget::Run),
        Mode::Browse => {}
        _ => return None,
    }
    if areas.verdict.contains(at) {
        return Some(MouseTarget::Button(Action::Show(View::Explain)));
    }
    if areas.headings.contains(at) {
        let placed = column::place(dashboard.columns(), view::table::inside(areas.headings));
        // The gap behind a heading holds its mark and belongs to it.
        let under = placed.iter().find(|it| Rect::new(it.x, y, it.width + 1, 1).contains(at));
        return under.filter(|it| it.column.sorts()).map(|it| MouseTarget::Heading(it.column));
    }
    if areas.list.contains(at) {
        let row = dashboard.cursor().top() + usize::from(y - areas.list.y);
        let group = matches!(dashboard.rows().get(row)?, TableRow::Group(_)) && dashboard.view() == View::Overview;
        return Some(if group && x <= areas.list.x + 2 { MouseTarget::Fold(row) } else { MouseTarget::Row(row) });
    }
    None
}
