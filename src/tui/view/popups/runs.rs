//! The kept runs: a list to mark some of, and what comparing them said.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::Line;

use crate::present::format;
use crate::present::format::MISSING;
use crate::tui::keys::Action;
use crate::tui::layout::{below_header, cut_top};
use crate::tui::messages::runs::{ComparisonText, RunLine};
use crate::tui::state::Dashboard;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint::{popup, span, write};

/// Cells in front of a run: the selection, and the letter of its side.
const FRONT: u16 = 5;

/// Heading, cells, and the width of the box from which on it is shown. The command takes the rest.
const COLUMNS: [(&str, u16, u16); 6] =
    [("RUN", 19, 0), ("STATE", 10, 50), ("LENGTH", 7, 60), ("SPEED", 8, 0), ("HELD?", 10, 110), ("CAPS", 24, 70)];

/// Rows that the list has at least.
const LEAST_ROWS: usize = 8;

/// The run at a place of the screen.
pub fn run_at(dashboard: &Dashboard, at: Position) -> Option<&RunLine> {
    let runs = dashboard.runs();
    let mut list = area(dashboard).inner(Margin::new(1, 1));
    cut_top(&mut list, 1);
    let row = top(runs.at(), list) + usize::from(at.y.checked_sub(list.y)?);
    runs.list().runs.get(row).filter(|_| list.contains(at) && runs.comparison().is_none())
}

/// Where the list stands: as high as it is long.
fn area(dashboard: &Dashboard) -> Rect {
    let whole = below_header(&dashboard.areas());
    let rows = dashboard.runs().list().runs.len().max(LEAST_ROWS).saturating_add(1);
    Rect { height: u16::try_from(rows).map_or(whole.height, |rows| whole.height.min(rows.saturating_add(2))), ..whole }
}

/// Draws the list or the comparison.
pub fn draw(frame: &mut Frame<'_>, dashboard: &Dashboard) {
    let (runs, theme) = (dashboard.runs(), dashboard.theme());
    match runs.comparison() {
        Some((top, Some(compared))) => comparison(frame, below_header(&dashboard.areas()), top, compared, theme),
        Some((_, None)) => {
            let inside = popup(frame, below_header(&dashboard.areas()), "runs compared", theme);
            write(frame, inside, 0, &Line::from(span(" reading their samples…", theme.style(Role::Faint))));
        }
        None => list(frame, dashboard),
    }
}

fn list(frame: &mut Frame<'_>, dashboard: &Dashboard) {
    let (runs, theme) = (dashboard.runs(), dashboard.theme());
    let list = runs.list();
    let title = match (list.runs.len(), runs.marks()) {
        (0 | 1, _) => "runs".to_owned(),
        (_, 0) => {
            let keys = dashboard.key_line(&[(Action::MarkRun, "marks two or more"), (Action::Enter, "compares them")]);
            format!("runs: {}", keys.replace("   ", ", "))
        }
        (_, 1) => "runs: 1 is marked, it takes two".to_owned(),
        (_, marks) => {
            let text = format!("runs: {marks} are marked");
            dashboard.text_with_key(&text, ", ", (Action::Enter, "compares them"))
        }
    };
    let mut inside = popup(frame, area(dashboard), &title, theme);
    if list.runs.is_empty() {
        let text = match (&list.trouble, list.looked) {
            (Some(trouble), _) => trouble.as_str(),
            (None, false) => "looking for them…",
            (None, true) => {
                "No run is kept yet. `tftop run --intra 2 -- python train.py` makes one; two can be compared."
            }
        };
        for (row, line) in (0..inside.height).zip(format::wrap(text, inside.width.saturating_sub(2), 8)) {
            write(frame, inside, row, &Line::from(span(format!(" {line}"), theme.style(Role::Plain))));
        }
        return;
    }
    let headings = cut_top(&mut inside, 1);
    let front = " ".repeat(usize::from(FRONT));
    write(frame, headings, 0, &Line::from(span(front + &headings_line(headings.width), theme.style(Role::Heading))));
    let top = top(runs.at(), inside);
    for (row, (at, run)) in (0..inside.height).zip(list.runs.iter().enumerate().skip(top)) {
        let area = Rect { y: inside.y + row, height: 1, ..inside };
        let mark = runs.mark(&run.id).map_or(' ', letter);
        let pointer = if at == runs.at() { '▶' } else { ' ' };
        let text = format!("{pointer}[{mark}] {}", run_line(run, area.width));
        write(frame, area, 0, &Line::from(span(text, theme.style(Role::Plain))));
        if at == runs.at() {
            frame.buffer_mut().set_style(area, theme.style(Role::Selected));
        }
    }
}

fn comparison(frame: &mut Frame<'_>, area: Rect, top: usize, compared: &ComparisonText, theme: Theme) {
    let rows = usize::from(area.height.saturating_sub(3));
    let more = if compared.lines.len() > top + rows { " (↓ for more)" } else { "" };
    let mut inside = popup(frame, area, &format!("runs compared{more}"), theme);
    // The verdict stays on screen, however far down one reads.
    let headline = cut_top(&mut inside, 1);
    write(frame, headline, 0, &Line::from(span(compared.headline.as_str(), theme.style(Role::Strong))));
    for (row, line) in (0..inside.height).zip(compared.lines.iter().skip(top)) {
        let heading = line.starts_with(|c: char| !c.is_whitespace());
        let role = if heading { Role::Heading } else { Role::Plain };
        write(frame, inside, row, &Line::from(span(line.as_str(), theme.style(role))));
    }
}

/// The first row on screen: the selected one is always among those shown.
fn top(at: usize, list: Rect) -> usize {
    (at + 1).saturating_sub(usize::from(list.height))
}

/// The side's letter; beyond the alphabet a plus.
fn letter(side: usize) -> char {
    ('A'..='Z').nth(side).unwrap_or('+')
}

fn headings_line(width: u16) -> String {
    cells(width, COLUMNS.map(|(heading, ..)| heading), "COMMAND")
}

fn run_line(run: &RunLine, width: u16) -> String {
    let shown = [&run.id, &run.state, &run.length, &run.speed, &run.held, &run.caps];
    cells(width, shown.map(|text| if text.is_empty() { MISSING } else { text }), &run.command)
}

fn cells(width: u16, texts: [&str; 6], command: &str) -> String {
    let mut line = String::new();
    for ((_, cells, _), text) in COLUMNS.iter().zip(texts).filter(|((_, _, from), _)| width >= *from) {
        let text = format::fit(text, *cells);
        let pad = usize::from(cells.saturating_sub(format::width(&text)));
        line += &format!("{text}{} ", " ".repeat(pad));
    }
    let left = width.saturating_sub(FRONT).saturating_sub(format::width(&line));
    line + &format::command(command, left)
}
