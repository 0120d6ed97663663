//! The sliders: which caps are tried, what would be wanted under them, and the lines that set them.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::{Line, Span};

use crate::data::limits::Caps;
use crate::data::scene::Scene;
use crate::model::advice::Prediction;
use crate::model::{advice, prediction};
use crate::present::format;
use crate::tui::keys::Action;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::what_if::{Slider, WhatIf};
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint::{popup, span, write};

/// Cells in front of a slider's bar, and of the bar.
const NAME: u16 = 10;
const BAR: u16 = 20;
/// Rows that hold everything; where the table has fewer the sliders cover what is above it too.
const ROWS: u16 = 16;
/// What a prediction is not.
const CAVEAT: &str = "Predicts contention, not speed: work that overlaps less takes longer.";
/// Cells of the labels.
const LABEL: u16 = 13;

/// Where the sliders stand.
fn area(dashboard: &Dashboard) -> Rect {
    let areas = dashboard.areas();
    let below = |top: u16| Rect { y: top, height: areas.status.y.saturating_sub(top), ..areas.header };
    let list = below(areas.capacity.bottom());
    let area = if list.height >= ROWS { Rect { height: ROWS, ..list } } else { below(areas.header.bottom()) };
    Rect { width: area.width.min(110), ..area }
}

/// The slider at a place of the screen, and the value its bar has there: one beyond the most is no cap.
pub fn slider_at(dashboard: &Dashboard, what_if: &WhatIf, at: Position) -> Option<(usize, Option<u32>)> {
    let inside = area(dashboard).inner(Margin::new(1, 1));
    let sliders = what_if.sliders(dashboard.scene());
    let row = usize::from(at.y.checked_sub(inside.y)?);
    let slider = sliders.get(row).filter(|_| inside.contains(at))?;
    let cell = at.x.checked_sub(inside.x + NAME).filter(|cell| *cell <= BAR);
    let value = cell.map(|cell| match cell {
        BAR => slider.most.saturating_add(1),
        cell => (u64::from(cell + 1) * u64::from(slider.most)).div_ceil(u64::from(BAR)) as u32,
    });
    Some((row, value))
}

/// Draws the sliders.
pub fn draw(frame: &mut Frame<'_>, what_if: &WhatIf, dashboard: &Dashboard) {
    let (scene, theme) = (dashboard.scene(), dashboard.theme());
    let predict = |caps: &Caps| prediction::predict(scene, caps);
    let sliders = what_if.sliders(scene);
    let measured = predict(&Caps::default());
    let title = match measured {
        Some(it) => format!("what if: prediction from the last {}; nothing is changed", format::duration(it.from_s)),
        None => "what if: nothing is measured yet".to_owned(),
    };
    let inside = popup(frame, area(dashboard), &title, theme);
    let chosen = what_if.chosen.min(sliders.len().saturating_sub(1));
    let mut lines: Vec<Vec<Span<'static>>> = Vec::new();
    for (at, slider) in sliders.iter().enumerate() {
        lines.push(self::slider(slider, at == chosen, inside.width, theme));
    }
    if sliders.is_empty() {
        lines.push(vec![span(" no thread here can be capped", theme.style(Role::Faint))]);
    }
    if inside.height > 10 {
        lines.push(Vec::new());
    }
    lines.push(outcome("predicted", predict(&what_if.caps), scene, theme));
    lines.push(outcome("measured", measured, scene, theme));
    lines.extend(settings(&what_if.caps, inside.width, dashboard));
    lines.push(vec![span(format!(" {CAVEAT}"), theme.style(Role::Faint))]);
    for (row, line) in (0..inside.height).zip(lines) {
        write(frame, inside, row, &Line::from(line));
    }
}

/// "▶ intra   ██████··············  1 of 3   TF intra-op"
fn slider(slider: &Slider, chosen: bool, width: u16, theme: Theme) -> Vec<Span<'static>> {
    let (mark, role) = if chosen { ("▶", Role::Strong) } else { (" ", Role::Plain) };
    let name = format!("{mark} {:<width$}", slider.kind.name(), width = usize::from(NAME) - 2);
    let cells = match slider.value {
        Some(value) => (u64::from(value) * u64::from(BAR)).div_ceil(u64::from(slider.most)).min(u64::from(BAR)),
        None => u64::from(BAR),
    } as usize;
    let (value, bar) = match slider.value {
        Some(value) => (format!("  {value} of {}", slider.most), Role::Got),
        None => (format!("  no cap ({})", slider.most), Role::Faint),
    };
    let room = width.saturating_sub(NAME + BAR + 21);
    vec![
        span(name, theme.style(role)),
        span("█".repeat(cells), theme.style(bar)),
        span("·".repeat(usize::from(BAR).saturating_sub(cells)), theme.style(Role::Faint)),
        span(format!("{value:<21}"), theme.style(role)),
        span(format::fit(&slider.holds, room), theme.style(Role::Faint)),
    ]
}

/// "predicted   2.0 of 2.0 CPUs wanted, 1.0x: healthy by demand alone"
pub(crate) fn outcome(label: &str, prediction: Option<Prediction>, scene: &Scene, theme: Theme) -> Vec<Span<'static>> {
    let cpus = scene.capacity.effective_cpus;
    let label = span(format!(" {label:<width$}", width = usize::from(LABEL)), theme.style(Role::Faint));
    let Some(prediction) = prediction else {
        return vec![label, span(format::MISSING, theme.style(Role::Faint))];
    };
    let wanted = span(format::cpus_in_words(prediction.wanted), theme.style(Role::Strong));
    let Some(level) = prediction.level(cpus) else {
        return vec![label, wanted, span(" CPUs wanted", theme.style(Role::Plain))];
    };
    let times = format::cpus_in_words(prediction.wanted / cpus);
    let of = {
        let got = format::cpus_in_words(prediction.got);
        format!(" of {} CPUs wanted, {got} got, {times}x: ", format::cpus_in_words(cpus))
    };
    vec![
        label,
        wanted,
        span(of, theme.style(Role::Plain)),
        span(level.word(), theme.style(crate::tui::view::top::verdict::level_role(level))),
        span(" by demand alone", theme.style(Role::Faint)),
    ]
}

/// How these caps would be set.
fn settings(caps: &Caps, width: u16, dashboard: &Dashboard) -> Vec<Vec<Span<'static>>> {
    let theme = dashboard.theme();
    let mut lines = Vec::new();
    let texts = [("in the shell", advice::export(caps)), ("in Python", advice::python(caps))];
    for (label, text) in texts.into_iter().filter_map(|(label, text)| Some((label, text?))) {
        let room = width.saturating_sub(LABEL + 2);
        for (at, line) in format::wrap(&text, room, 3).into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let label = format!(" {label:<width$}", width = usize::from(LABEL));
            lines.push(vec![span(label, theme.style(Role::Faint)), span(line, theme.style(Role::Capacity))]);
        }
    }
    if lines.is_empty() {
        lines.push(vec![span(
            dashboard.text_with_key(" no cap is set", ": ", (Action::Less, "lowers the chosen one")),
            theme.style(Role::Faint),
        )]);
    }
    lines
}
