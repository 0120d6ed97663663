//! The menu of columns to sort by.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::state::Dashboard;
use crate::tui::table::column::Column;
use crate::tui::theme::Role;
use crate::tui::view::paint::{popup, span, write};

/// Draws the menu over the table.
pub fn draw(frame: &mut Frame<'_>, over: Rect, chosen: &'static Column, dashboard: &Dashboard) {
    let (columns, theme) = (dashboard.sortable(), dashboard.theme());
    let height = (columns.len() as u16 + 2).min(over.height);
    let area = Rect { x: over.x + 1, width: 22.min(over.width.saturating_sub(1)), height, ..over };
    let inside = popup(frame, area, "sort by", theme);
    let at = columns.iter().position(|column| *column == chosen).unwrap_or(0);
    let top = (at + 1).saturating_sub(usize::from(inside.height));
    for (row, column) in (0..inside.height).zip(columns.iter().skip(top)) {
        let style = theme.style(if *column == chosen { Role::Selected } else { Role::Plain });
        let text = format!(" {:<width$}", column.title, width = usize::from(inside.width));
        write(frame, inside, row, &Line::from(span(text, style)));
    }
}
