//! Demand over time: got and, on top of it, waiting, against a line at the effective CPUs. Below it stand the marks of what
//! happened and, in the past, the moment that is shown.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::present::format;
use crate::tui::glyphs;
use crate::tui::state::Dashboard;
use crate::tui::state::jump::clock;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::graphs::course::{Course, SCALE};
use crate::tui::view::paint::{boxed, span, write};

/// Cells from one dash over the bars to the next.
const DASH: u16 = 4;

/// Draws the chart, one look a cell or as many as were zoomed to, the newest at the right.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let (scene, theme) = (dashboard.scene(), dashboard.theme());
    let course = Course::of(dashboard, area);
    let inside = boxed(frame, area, &title(dashboard, &course), theme);
    if inside.height == 0 || inside.width <= SCALE {
        return;
    }
    let cpus = scene.capacity.effective_cpus;
    let wanted: Vec<f32> = course.cells.iter().map(|cell| cell.wanted).collect();
    let scale = Scale::of(glyphs::greatest(&wanted).max(cpus) * 1.1, inside.height);
    let plot = Rect { x: inside.x + SCALE, width: inside.width - SCALE, ..inside };
    bars(frame, plot, &course, &scale, theme);
    let line = (!scene.capacity.terms.is_empty()).then(|| scale.row(cpus));
    if let Some(row) = line {
        capacity_line(frame, plot, row, theme);
    }
    axis(frame, plot, dashboard, &course);
    let mut label = |row: u16, text: String, role| {
        write(frame, inside, row, &Line::from(span(text, theme.style(role))));
    };
    let at = |value: f64| format!("{:>4}┤", format::cpus_in_words(value));
    label(0, at(scale.value(0)), Role::Faint);
    if let Some(row) = line {
        label(row, at(cpus), Role::Capacity);
    }
    // Zero is the frame itself.
    let zero = Rect { x: inside.x + SCALE - 2, y: inside.bottom(), width: 2, height: 1 };
    write(frame, zero, 0, &Line::from(span("0┴", theme.style(Role::Faint))));
}

fn title(dashboard: &Dashboard, course: &Course) -> String {
    let what = "CPUs wanted = got █ + waiting ▒";
    match (course.here, course.cells.first(), course.cells.last()) {
        (Some(_), Some(first), Some(last)) => {
            let [first, last] = [first, last].map(|cell| clock(dashboard.timeline().unix_s(cell.at_ns)));
            format!("{what}, {first} to {last}")
        }
        _ => format!("{what}, last {}", format::duration(course.span_s)),
    }
}

/// On the frame below the plot: a letter where something happened, ▲ below the moment that is shown.
fn axis(frame: &mut Frame<'_>, plot: Rect, dashboard: &Dashboard, course: &Course) {
    let theme = dashboard.theme();
    let first = plot.right().saturating_sub(course.cells.len() as u16).max(plot.x);
    for (x, mark) in (first..plot.right()).zip(course.marks(dashboard.timeline())) {
        let Some(kind) = mark else { continue };
        frame.buffer_mut()[(x, plot.bottom())].set_char(kind.letter()).set_style(theme.style(Role::Strong));
    }
    let Some(here) = course.here.and_then(|here| first.checked_add(u16::try_from(here).ok()?)) else { return };
    if here >= plot.right() {
        return;
    }
    let style = theme.style(Role::Paused);
    frame.buffer_mut()[(here, plot.bottom())].set_symbol("▲").set_style(style);
    for y in plot.y..plot.bottom() {
        let cell = &mut frame.buffer_mut()[(here, y)];
        if cell.symbol() == " " {
            cell.set_symbol("│").set_style(style);
        }
    }
}

/// Values as rows of cells.
pub(crate) struct Scale {
    top: f64,
    rows: u16,
}

impl Scale {
    /// The highest value that is shown, in so many rows.
    pub(crate) fn of(top: f64, rows: u16) -> Self {
        Self { top: if top.is_finite() { top.max(0.1) } else { 1.0 }, rows }
    }

    /// The row in which a value ends.
    fn row(&self, value: f64) -> u16 {
        let above = (1.0 - value / self.top).clamp(0.0, 1.0) * f64::from(self.rows);
        (above as u16).min(self.rows - 1)
    }

    /// The value at the upper edge of a row.
    pub(crate) fn value(&self, row: u16) -> f64 {
        self.top * f64::from(self.rows - row) / f64::from(self.rows)
    }

    /// How much of a row's cell a value fills, 0 to 1.
    pub(crate) fn filled(&self, value: f64, row: u16) -> f64 {
        let below = self.value(row + 1);
        ((value - below) / (self.value(row) - below)).clamp(0.0, 1.0)
    }
}

/// Shares of a cell from which on there is something in it, and from which on its upper half is.
const SOME: f64 = 0.0625;
const UPPER_HALF: f64 = 0.5;

fn bars(frame: &mut Frame<'_>, plot: Rect, course: &Course, scale: &Scale, theme: Theme) {
    let first = plot.right().saturating_sub(course.cells.len() as u16).max(plot.x);
    for (x, cell) in (first..plot.right()).zip(&course.cells).filter(|(_, cell)| cell.wanted.is_finite()) {
        for row in 0..plot.height {
            let (wanted, got) = (scale.filled(f64::from(cell.wanted), row), scale.filled(f64::from(cell.got), row));
            // In the cell where got ends, what waits is the background; below half a cell there is no room for both.
            let both = (SOME..1.0 - SOME).contains(&got) && wanted - got >= UPPER_HALF / 2.0 && wanted > UPPER_HALF;
            let (glyph, style) = match (wanted, got) {
                (wanted, _) if wanted < SOME => continue,
                (_, got) if both => {
                    let waiting = theme.style(Role::Waiting).fg;
                    let style = theme.style(Role::Got);
                    (glyphs::block(got), waiting.map_or(style, |colour| style.bg(colour)))
                }
                (wanted, got) if got >= wanted - got => (glyphs::block(wanted), theme.style(Role::Got)),
                (wanted, _) if wanted < UPPER_HALF => ("░", theme.style(Role::Waiting)),
                _ => ("▒", theme.style(Role::Waiting)),
            };
            frame.buffer_mut()[(x, plot.y + row)].set_symbol(glyph).set_style(style);
        }
    }
}

/// The line runs where no bar is, and every so often over them: a bar is never hidden.
fn capacity_line(frame: &mut Frame<'_>, plot: Rect, row: u16, theme: Theme) {
    let style = theme.style(Role::Capacity);
    for x in plot.x..plot.right() {
        let cell = &mut frame.buffer_mut()[(x, plot.y + row)];
        if cell.symbol() == " " || (x - plot.x).is_multiple_of(DASH) {
            cell.set_symbol("━").set_style(style);
        }
    }
    frame.buffer_mut()[(plot.right(), plot.y + row)].set_symbol("┤").set_style(style);
}
