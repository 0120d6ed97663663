//! What the machine's GPUs do, and what of it is the target's.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::present::block::gpus;
use crate::tui::state::Dashboard;
use crate::tui::theme::Role;
use crate::tui::view::paint::{span, width, write};

/// Cells for how many more there are.
const MORE: u16 = 11;

/// Draws the line; of more GPUs than there is room for it says how many are left out.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let (all, theme) = (&dashboard.scene().gpus, dashboard.theme());
    let mut line: Vec<Span<'_>> = Vec::new();
    for (at, gpu) in all.iter().enumerate() {
        let separator = if at == 0 { " " } else { " │ " };
        let load = span(gpus::load(gpu), theme.style(Role::Strong));
        let part = [span(separator, theme.style(Role::Faint)), load, span(gpus::rest(gpu), theme.style(Role::Plain))];
        let kept = if at + 1 < all.len() { MORE } else { 0 };
        if at > 0 && width(&line).saturating_add(width(&part)).saturating_add(kept) > area.width {
            line.push(span(format!(" │ {} more", all.len() - at), theme.style(Role::Faint)));
            break;
        }
        line.extend(part);
    }
    write(frame, area, 0, &Line::from(line));
}
