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
        capacity_line(frame, plot, row, cpus, theme);
    }
    axis(frame, plot, dashboard, &course);
    let mut label = |row: u16, value: f64, role| {
        let text = format!("{:>4}┤", format::cpus_in_words(value));
        write(frame, inside, row, &Line::from(span(text, theme.style(role))));
    };
    label(0, scale.value(0), Role::Faint);
    label(inside.height - 1, 0.0, Role::Faint);
    if let Some(row) = line {
        label(row, cpus, Role::Capacity);
    }
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

fn bars(frame: &mut Frame<'_>, plot: Rect, course: &Course, scale: &Scale, theme: Theme) {
    let first = plot.right().saturating_sub(course.cells.len() as u16).max(plot.x);
    for (x, cell) in (first..plot.right()).zip(&course.cells).filter(|(_, cell)| cell.wanted.is_finite()) {
        for row in 0..plot.height {
            let (wanted, got) = (scale.filled(f64::from(cell.wanted), row), scale.filled(f64::from(cell.got), row));
            let waiting = wanted - got;
            let (glyph, role) = match (wanted, got) {
                (wanted, _) if wanted < 0.0625 => continue,
                (wanted, got) if got >= waiting => (glyphs::block(wanted), Role::Got),
                (wanted, _) if wanted < 0.5 => ("░", Role::Waiting),
                _ => ("▒", Role::Waiting),
            };
            frame.buffer_mut()[(x, plot.y + row)].set_symbol(glyph).set_style(theme.style(role));
        }
    }
}

/// The line runs over the bars: demand above it is what waits.
fn capacity_line(frame: &mut Frame<'_>, plot: Rect, row: u16, cpus: f64, theme: Theme) {
    let style = theme.style(Role::Capacity);
    let label = format!(" {} CPUs ", format::cpus_in_words(cpus));
    let text = format!("{}{label}━━", "━".repeat(usize::from(plot.width.saturating_sub(format::width(&label) + 2))));
    write(frame, plot, row, &Line::from(span(text, style)));
}
