//! Every CPU: how much of it is ours, how much others have, how much is idle.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::text::{Line, Span};

use crate::data::scene::Cpu;
use crate::present::format;
use crate::tui::state::Dashboard;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint::{boxed, span, write};

/// Draws one bar a CPU; where that does not fit, one cell a CPU.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let (cpus, theme) = (&dashboard.scene().cpus, dashboard.theme());
    if area.is_empty() {
        return;
    }
    let bars_fit = bar_width(cpus.len(), area.inner(Margin::new(1, 1)));
    let title = if bars_fit.is_some() {
        "CPUs: ours █ others ▒ idle ·"
    } else {
        "CPUs: ours █, some ▄, others ▒, idle ·"
    };
    let inside = boxed(frame, area, title, theme);
    match bars_fit {
        Some(width) => bars(frame, inside, cpus, width, theme),
        None => cells(frame, inside, cpus, theme),
    }
}

/// Cells of a CPU's number, and of its share in percent.
const NUMBER: u16 = 4;
const SHARE: u16 = 6;
const GAP: u16 = 2;

/// The widest bar with which all CPUs fit.
fn bar_width(count: usize, inside: Rect) -> Option<u16> {
    let rows = usize::from(inside.height.max(1));
    let columns = u16::try_from(count.div_ceil(rows)).unwrap_or(u16::MAX).max(1);
    let each = (inside.width.saturating_add(GAP) / columns).saturating_sub(NUMBER + SHARE + GAP);
    (each >= 6).then_some(each.min(100))
}

fn bars(frame: &mut Frame<'_>, inside: Rect, cpus: &[Cpu], width: u16, theme: Theme) {
    let rows = usize::from(inside.height.max(1));
    for (at, cpu) in cpus.iter().enumerate() {
        let x = inside.x + (at / rows) as u16 * (NUMBER + width + SHARE + GAP);
        let area = Rect { x, width: inside.right().saturating_sub(x), ..inside };
        let mut line = vec![span(format!("{:>3} ", cpu.cpu), theme.style(Role::Faint))];
        line.extend(bar(cpu, width, theme));
        let share = if cpu.allowed { format!("{:>4} %", format::percent(cpu.ours)) } else { "  not ours".to_owned() };
        line.push(span(share, theme.style(if cpu.ours >= 0.005 { Role::Plain } else { Role::Faint })));
        write(frame, area, (at % rows) as u16, &Line::from(line));
    }
}

fn bar(cpu: &Cpu, width: u16, theme: Theme) -> Vec<Span<'static>> {
    let cells = |share: f64| (share.clamp(0.0, 1.0) * f64::from(width)).round() as usize;
    let (ours, busy) = (cells(cpu.ours), cells(cpu.ours + cpu.others));
    vec![
        span("█".repeat(ours), theme.style(Role::Got)),
        span("▒".repeat(busy.saturating_sub(ours)), theme.style(Role::Others)),
        span("·".repeat(usize::from(width).saturating_sub(busy.max(ours))), theme.style(Role::Faint)),
    ]
}

/// One cell a CPU, with the number of the first one of each row.
fn cells(frame: &mut Frame<'_>, inside: Rect, cpus: &[Cpu], theme: Theme) {
    let width = usize::from(inside.width.saturating_sub(NUMBER + 1)).max(1);
    for (row, cpus) in cpus.chunks(width).take(usize::from(inside.height)).enumerate() {
        let mut line = vec![span(format!("{:>4} ", cpus[0].cpu), theme.style(Role::Faint))];
        line.extend(cpus.iter().map(|cpu| {
            let (glyph, role) = match (cpu.ours, cpu.others) {
                (ours, others) if ours >= others && ours >= 0.5 => ("█", Role::Got),
                (ours, others) if ours >= others && ours >= 0.1 => ("▄", Role::Got),
                (ours, others) if others > ours && others >= 0.1 => ("▒", Role::Others),
                _ => ("·", Role::Faint),
            };
            span(glyph, theme.style(role))
        }));
        write(frame, inside, row as u16, &Line::from(line));
    }
}
