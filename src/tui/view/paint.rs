//! What all views write with: a piece of a line, a line in an area, a frame around an area.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear};

use crate::present::format;
use crate::tui::state::Dashboard;
use crate::tui::theme::{Role, Theme};
/// Writes a line into a row of an area; outside the area nothing is written, and a line that is cut ends with `…`.
pub(crate) fn write(frame: &mut Frame<'_>, area: Rect, row: u16, line: &Line<'_>) {
    if row < area.height && area.width > 0 {
        frame.buffer_mut().set_line(area.x, area.y + row, line, area.width);
        // What is cut says so; blanks at the end are no loss.
        let cut = width(&line.spans) > area.width && {
            let text: String = line.spans.iter().map(|span| span.content.as_ref()).collect();
            format::width(text.trim_end()) > area.width
        };
        if cut {
            frame.buffer_mut()[(area.right() - 1, area.y + row)].set_symbol("…");
        }
    }
}

/// Columns a line takes.
pub(crate) fn width(spans: &[Span<'_>]) -> u16 {
    spans.iter().fold(0, |sum: u16, span| sum.saturating_add(format::width(&span.content)))
}

/// A piece of a line.
pub(crate) fn span<'a>(text: impl Into<Cow<'a, str>>, style: Style) -> Span<'a> {
    Span::styled(text, style)
}

/// A frame with a title around what is returned; too small an area is left alone.
pub(crate) fn boxed(frame: &mut Frame<'_>, area: Rect, title: &str, theme: Theme) -> Rect {
    if area.width < 4 || area.height < 3 {
        return Rect::default();
    }
    let title = format!(" {} ", format::fit(title, area.width.saturating_sub(6)));
    let block = Block::bordered().border_style(theme.style(Role::Frame));
    frame.render_widget(block.title(span(title, theme.style(Role::Heading))), area);
    area.inner(Margin::new(1, 1))
}

/// Rows of a box's border.
const BORDERS: usize = 2;

/// Where a box with that many lines inside stands: below the header, above the status line, as high as it must be.
pub(crate) fn below_header(dashboard: &Dashboard, lines: usize, widest: u16) -> Rect {
    let areas = dashboard.areas();
    let top = areas.header.bottom();
    let most = areas.status.y.saturating_sub(top);
    let height = u16::try_from(lines + BORDERS).map_or(most, |height| height.min(most));
    Rect { y: top, width: areas.header.width.min(widest), height, ..areas.header }
}

pub(crate) fn popup(frame: &mut Frame<'_>, area: Rect, title: &str, theme: Theme) -> Rect {
    frame.render_widget(Clear, area);
    frame.buffer_mut().set_style(area, theme.ground());
    boxed(frame, area, title, theme)
}
