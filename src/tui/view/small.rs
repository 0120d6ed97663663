//! What a screen says that is too small for a dashboard.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::present::format;
use crate::tui::keys::{Action, KeyContext, KeyMap};
use crate::tui::layout::LEAST;
use crate::tui::view::paint::write;

/// Says what is needed, in as much room as there is.
pub fn draw(frame: &mut Frame<'_>, area: Rect, keys: &KeyMap) {
    let room = format!("tftop needs {} x {}, here is {} x {}", LEAST.0, LEAST.1, area.width, area.height);
    let text = match keys.line(KeyContext::Table, &[(Action::Quit, "quits")]) {
        quit if quit.is_empty() => room,
        quit => format!("{room} ({quit})"),
    };
    for (row, line) in (0..area.height).zip(format::wrap(&text, area.width, usize::from(area.height))) {
        write(frame, area, row, &Line::raw(line));
    }
}
