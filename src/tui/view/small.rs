//! What a screen says that is too small for a dashboard.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::present::format;
use crate::tui::layout::LEAST;
use crate::tui::view::paint::write;

/// Says what is needed, in as much room as there is.
pub fn draw(frame: &mut Frame<'_>, area: Rect) {
    let text = format!("tftop needs {} x {}, here is {} x {} (q quits)", LEAST.0, LEAST.1, area.width, area.height);
    for (row, line) in (0..area.height).zip(format::wrap(&text, area.width, usize::from(area.height))) {
        write(frame, area, row, &Line::raw(line));
    }
}
