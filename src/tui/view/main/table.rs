//! The table of a view: headings and the rows that are on screen. Only those are written.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::present::block;
use crate::present::block::Block;
use crate::tui::keys::Action;
use crate::tui::state::Dashboard;
use crate::tui::table::column::{BelowGroup, CellContext, CellRoom, Column};
use crate::tui::table::placing::Placed;
use crate::tui::table::row_key::TableRow;
use crate::tui::tabs::View;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint;
use crate::tui::view::paint::{span, write};

/// Where columns stand within the table's area.
pub fn inside(area: Rect) -> Rect {
    let margin = u16::from(area.width > 0);
    Rect { x: area.x + margin, width: area.width - margin, ..area }
}

/// Draws the table.
pub fn draw(frame: &mut Frame<'_>, headings: Rect, list: Rect, dashboard: &Dashboard) {
    draw_from(frame, (headings, list), dashboard.cursor().top(), dashboard);
}

/// Draws the table from a row on.
pub fn draw_from(frame: &mut Frame<'_>, (headings, list): (Rect, Rect), top: usize, dashboard: &Dashboard) {
    let placed = crate::tui::table::placing::place(&dashboard.columns(), inside(headings));
    self::headings(frame, headings, &placed, dashboard);
    let in_thread = match dashboard.view() {
        View::Overview => crate::tui::table::placing::place_below_group(&placed),
        _ => placed.clone(),
    };
    let height = usize::from(list.height);
    let selected = dashboard.cursor().selected();
    let context = dashboard.cell_context();
    let mut made: Option<(Block, Vec<crate::present::line::Line>)> = None;
    for (y, &row) in (0_u16..).zip(dashboard.rows().iter().skip(top).take(height)) {
        let line = Rect { y: list.y + y, height: 1, ..list };
        match row {
            TableRow::Line(block, part) => {
                let (_, lines) = match made.take() {
                    Some(same) if same.0 == block => made.insert(same),
                    _ => made.insert((block, lines(block, line.width, dashboard))),
                };
                if let Some(pieces) = lines.get(part) {
                    self::pieces(frame, line, pieces, dashboard);
                }
            }
            row => {
                let placed = if matches!(row, TableRow::Thread(_)) { &in_thread } else { &placed };
                for place in placed {
                    let area = Rect { x: place.x, width: place.width, ..line };
                    cell(frame, area, row, place.column, &context, dashboard.theme());
                }
            }
        }
        if selected.is_some_and(|key| crate::tui::table::row_key::is(dashboard.scene(), row, key)) {
            frame.buffer_mut().set_style(line, dashboard.theme().style(Role::Selected));
            write(frame, line, 0, &Line::raw("▶"));
        }
    }
    if dashboard.rows().is_empty() {
        let why = Line::from(span(nothing(dashboard), dashboard.theme().style(Role::Faint)));
        write(frame, inside(list), 0, &why);
    }
}

/// Writes a cell: numbers stand right, what a thread does below its group left.
fn cell(
    frame: &mut Frame<'_>,
    area: Rect,
    row: TableRow,
    column: &'static Column,
    context: &CellContext<'_>,
    theme: Theme,
) {
    let (scene, width) = (context.scene, area.width);
    let room = |depth| CellRoom { width, depth };
    let pieces = match row {
        TableRow::Group(at) => scene.groups.get(at).zip(column.group).map(|(it, of)| (of.write)(it, context, room(0))),
        TableRow::Thread(at) => {
            scene.threads.get(at).zip(column.thread).map(|(it, of)| (of.write)(it, context, room(0)))
        }
        TableRow::Process(at, depth) => {
            let process = scene.target.processes.get(at).zip(column.process);
            process.map(|(it, of)| (of.write)(it, context, room(depth)))
        }
        TableRow::Line(..) => None,
    };
    let pieces = pieces.unwrap_or_default().into_iter().map(|(role, text)| span(text, theme.style(role)));
    let spans: Vec<_> = pieces.collect();
    let merged = column.below_group == BelowGroup::Writes && matches!(row, TableRow::Thread(_));
    let pad = if column.is_number() && !merged { width.saturating_sub(paint::width(&spans)) } else { 0 };
    write(frame, Rect { x: area.x + pad, width: width - pad, ..area }, 0, &Line::from(spans));
}

fn headings(frame: &mut Frame<'_>, area: Rect, placed: &[Placed], dashboard: &Dashboard) {
    let (theme, sort) = (dashboard.theme(), dashboard.sort());
    frame.buffer_mut().set_style(area, theme.style(Role::Bar));
    for place in placed {
        let at = Rect { x: place.x, width: place.width, ..area };
        let sorted = sort.column == place.column;
        let text = place.column.heading(dashboard.scene(), place.width);
        let style = theme.style(Role::Bar).patch(theme.style(if sorted { Role::Strong } else { Role::Plain }));
        let pad =
            if place.column.is_number() { place.width.saturating_sub(crate::present::format::width(&text)) } else { 0 };
        let mark = match (sorted, sort.descending) {
            (true, true) => "▼",
            (true, false) => "▲",
            _ => "",
        };
        let line = Line::from(vec![span(" ".repeat(usize::from(pad)), style), span(text, style), span(mark, style)]);
        // The mark stands in the gap behind a heading that fills its column.
        write(frame, Rect { width: (at.width + 1).min(area.right().saturating_sub(at.x)), ..at }, 0, &line);
    }
}

fn lines(block: Block, width: u16, dashboard: &Dashboard) -> Vec<crate::present::line::Line> {
    block::lines(dashboard.scene(), block, dashboard.shows_all_of(block), width)
}

fn pieces(frame: &mut Frame<'_>, area: Rect, pieces: &[crate::present::line::Piece], dashboard: &Dashboard) {
    let theme = dashboard.theme();
    let line: Vec<_> = pieces.iter().map(|(role, text)| span(text.as_str(), theme.style(*role))).collect();
    write(frame, area, 0, &Line::from(line));
}

/// Why there is no row.
fn nothing(dashboard: &Dashboard) -> String {
    let why = match dashboard.view() {
        _ if !dashboard.typed().filter.is_empty() => {
            let text = "nothing here contains the filter's text";
            return dashboard.text_with_key(text, "; ", (Action::Back, "clears it"));
        }
        View::Explain => "no cause judged yet",
        View::Lanes if dashboard.is_recording() => "nothing was traced at this moment of the recording",
        View::Lanes if !dashboard.scene().target.ended => {
            let text = "when each thread runs is not traced";
            return dashboard.text_with_key(text, "; ", (Action::Trace, "begins a trace"));
        }
        View::Missing => "nothing is missing: tftop could read everything it looks for",
        _ if dashboard.scene().tick == 0 => "waiting for the first sample",
        _ if dashboard.scene().target.ended => "the target has ended",
        _ => "nothing to show",
    };
    why.to_owned()
}
