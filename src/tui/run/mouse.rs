//! What lies under the mouse: asks the same layout as drawing does.

use ratatui::layout::{Position, Rect};

use crate::tui::keys::Action;
use crate::tui::state::Dashboard;
use crate::tui::state::event::MouseTarget;
use crate::tui::state::parts::Mode;
use crate::tui::table::row_key;
use crate::tui::table::row_key::TableRow;
use crate::tui::tabs::View;
use crate::tui::view;

/// What is at this place of the screen.
pub fn hit(dashboard: &Dashboard, x: u16, y: u16) -> Option<MouseTarget> {
    let (areas, at) = (dashboard.areas(), Position::new(x, y));
    if areas.keys.contains(at) {
        let buttons = view::bottom::footer::buttons(dashboard, areas.keys);
        return buttons.iter().find(|button| button.area.contains(at)).map(|button| MouseTarget::Button(button.action));
    }
    match dashboard.mode() {
        Mode::WhatIf(what_if) => {
            return view::popups::what_if::slider_at(dashboard, what_if, at)
                .map(|(at, value)| MouseTarget::Slider(at, value));
        }
        Mode::Runs => return view::popups::runs::run_at(dashboard, at).map(|run| MouseTarget::Run(run.id.clone())),
        &Mode::Settings(shown) => {
            return view::popups::settings::item_at(dashboard, shown, at).map(MouseTarget::Setting);
        }
        Mode::Browse => {}
        _ => return None,
    }
    if areas.verdict.contains(at) {
        return Some(MouseTarget::Button(Action::Show(View::Explain)));
    }
    if areas.headings.contains(at) {
        let placed = crate::tui::table::placing::place(&dashboard.columns(), view::main::table::inside(areas.headings));
        // The gap behind a heading holds its mark and belongs to it.
        let under = placed.iter().find(|it| Rect::new(it.x, y, it.width + 1, 1).contains(at));
        return under.filter(|it| it.column.sorts()).map(|it| MouseTarget::Heading(it.column));
    }
    if areas.list.contains(at) {
        let row = *dashboard.rows().get(dashboard.cursor().top() + usize::from(y - areas.list.y))?;
        let key = row_key::key(dashboard.scene(), row)?;
        let fold = matches!(row, TableRow::Group(_)) && dashboard.view() == View::Overview && x <= areas.list.x + 2;
        return Some(if fold { MouseTarget::Fold(key) } else { MouseTarget::Row(key) });
    }
    None
}
