//! How fast the training goes, for a target that was started by tftop: steps a second, time of a step, epoch.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::data::sample::{SpeedChange, StepSource};
use crate::data::scene::{EpochNow, LaunchState, MarkCount, Speed};
use crate::present::format;
use crate::present::replaced::line;
use crate::tui::glyphs;
use crate::tui::state::Dashboard;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::graphs::chart;
use crate::tui::view::graphs::course::{Course, SCALE};
use crate::tui::view::paint::{boxed, span, width, write};

/// Cells that the speed of now takes beside a comparison.
const NOW: u16 = 16;

/// Draws the line; what has no room is left out from the right.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let (scene, theme) = (dashboard.scene(), dashboard.theme());
    let Some(launch) = &scene.launch else { return };
    let mut line = Vec::new();
    for part in parts(launch, scene.target.ended, area.width, theme) {
        if !line.is_empty() && width(&line).saturating_add(width(&part)) > area.width {
            break;
        }
        line.extend(part);
    }
    write(frame, area, 0, &Line::from(line));
}

/// "steps 24.3/s  41 ms p50  58 ms p95  epoch 3/30 (62 %)", the most telling first.
fn parts(launch: &LaunchState, ended: bool, room: u16, theme: Theme) -> Vec<Vec<Span<'static>>> {
    let (steps, replaced) = (&launch.steps, launch.replaced.as_deref());
    let piece = |text: String, role| span(text, theme.style(role));
    let Some(speed) = &steps.speed else {
        let none = steps.none.unwrap_or_default();
        let why = vec![piece(format!(" no step marks: {}", none.text()), Role::Faint)];
        let remark = none.remark().map(|remark| vec![piece(format!("; {remark}"), Role::Faint)]);
        return std::iter::once(why).chain(remark).collect();
    };
    let number = |text: String| vec![piece("  ".to_owned(), Role::Plain), piece(text, Role::Strong)];
    let words = |text: String| vec![piece(format!("  {text}"), Role::Plain)];
    let label = if ended { " steps at last " } else { " steps " };
    let rate = speed.per_s.map_or(format::MISSING.to_owned(), format::steps_per_s);
    let mut parts = vec![vec![piece(label.to_owned(), Role::Plain), piece(rate.clone(), Role::Strong)]];
    if let Some(replaced) = replaced {
        let role = match replaced.change {
            SpeedChange::Faster => Role::Healthy,
            SpeedChange::Slower => Role::Alarm,
            _ => Role::Strong,
        };
        // Too long a reason is cut, not left out.
        let compared = format::fit(&line(replaced), room.saturating_sub(NOW));
        let now = |label: &str| vec![piece(label.to_owned(), Role::Plain), piece(rate.clone(), Role::Strong)];
        parts = match replaced.before.steps_per_s.is_some() && replaced.change != SpeedChange::TooSoon {
            true => vec![vec![piece(format!(" {compared}"), role)], now("  now ")],
            false => vec![now(label), vec![piece(format!("  {compared}"), Role::Plain)]],
        };
    }
    if let (Some(silent_s), false) = (speed.silent_s, ended) {
        parts.push(vec![piece(format!("  none for {}", format::duration(silent_s)), Role::Paused)]);
    }
    parts.push([number(format::step_time(speed.p50_ms)), vec![piece(" p50".to_owned(), Role::Faint)]].concat());
    if let Some(p95_ms) = speed.p95_ms {
        parts.push([number(format::step_time(p95_ms)), vec![piece(" p95".to_owned(), Role::Faint)]].concat());
    }
    parts.extend(speed.epoch.as_ref().map(|it| words(epoch(it))));
    if speed.processes > 1 {
        parts.push(words(format!("pid {}, 1 of {}", speed.pid, speed.processes)));
    }
    parts.push(vec![piece(format!("  {}", total(speed)), Role::Faint)]);
    parts.push(vec![piece(format!("  {}", whose(speed)), Role::Faint)]);
    parts
}

/// "epoch 3/30 (62 %)"
fn epoch(epoch: &EpochNow) -> String {
    let of = epoch.of.map_or(String::new(), |of| format!("/{of}"));
    let done = epoch.done.map_or(String::new(), |done| format!(" ({} %)", (done * 100.0).floor()));
    format!("epoch {}{of}{done}", epoch.number)
}

fn total(speed: &Speed) -> String {
    let at_least = if speed.count == MarkCount::AtLeast { "at least " } else { "" };
    format!("{at_least}{}", format::count(usize::try_from(speed.total).unwrap_or(usize::MAX), "step", "steps"))
}

/// "Keras fit at train.py:9"
fn whose(speed: &Speed) -> String {
    let what = match speed.source {
        StepSource::Keras => "Keras fit".to_owned(),
        StepSource::Iterator => "loop over an iterator".to_owned(),
        StepSource::Session => "Session.run".to_owned(),
        StepSource::Function => {
            let name = speed.name.as_ref().map_or("", |name| name.as_str());
            format!("calls of tf.function {}", format::fit(name, 40))
        }
    };
    let at = speed.at.as_ref().map(|at| format!(" at {}", format::fit(at.rsplit('/').next().unwrap_or(at), 40)));
    format!("{what}{}", at.unwrap_or_default())
}

/// Draws steps a second below the curve of what is wanted, cell below cell; what is not known yet stays empty.
pub fn draw_chart(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let (scene, theme) = (dashboard.scene(), dashboard.theme());
    let Some(steps) = scene.launch.as_ref().map(|launch| &launch.steps) else { return };
    let Some(speed) = &steps.speed else { return };
    let course = Course::of(dashboard, area);
    let room = usize::from(area.width.saturating_sub(2 + SCALE)).saturating_sub(course.after_here());
    let mean = |looks: &[Option<f32>]| {
        let known: Vec<f32> = looks.iter().copied().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f32>() / known.len() as f32)
    };
    let mut shown: Vec<Option<f32>> = steps.history.rchunks(course.each.max(1)).take(room).map(mean).collect();
    shown.reverse();
    let lately = format::duration(speed.covers_s);
    let title = format!("steps/s █, none ·, {} a step over the last {lately}", format::step_time(speed.p50_ms));
    let inside = boxed(frame, area, &title, theme);
    if inside.height == 0 || inside.width <= SCALE || shown.iter().all(Option::is_none) {
        return;
    }
    let known: Vec<f32> = shown.iter().copied().flatten().collect();
    let scale = chart::Scale::of(glyphs::greatest(&known) * 1.1, inside.height);
    // What came after the moment that is shown is not known at it.
    let right = inside.right().saturating_sub(course.after_here() as u16);
    let first = right.saturating_sub(shown.len() as u16);
    for (x, per_s) in (first..right).zip(shown) {
        let Some(per_s) = per_s.map(f64::from) else { continue };
        for row in 0..inside.height {
            let filled = scale.filled(per_s, row);
            let bottom = row + 1 == inside.height;
            let (glyph, role) = match filled {
                filled if filled >= 0.0625 => (glyphs::block(filled), Role::Live),
                _ if bottom && per_s > 0.0 => (glyphs::block(0.0), Role::Live),
                _ if bottom => ("·", Role::Faint),
                _ => continue,
            };
            frame.buffer_mut()[(x, inside.y + row)].set_symbol(glyph).set_style(theme.style(role));
        }
    }
    for (row, value) in [(0, scale.value(0)), (inside.height - 1, 0.0)] {
        let text = format!("{:>4}┤", format::rate(value));
        write(frame, inside, row, &Line::from(span(text, theme.style(Role::Faint))));
    }
}
