//! The line to look at first: what the target wants of the CPUs it may use, in words and as a bar.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::data::sample::CounterSource;
use crate::data::scene::{Demand, Scene};
use crate::present::format;
use crate::tui::state::Dashboard;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint::{span, width, write};

/// Bars narrower than this say nothing.
const LEAST_BAR: u16 = 12;
const MOST_BAR: u16 = 60;

/// Draws the demand line.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let (scene, theme) = (dashboard.scene(), dashboard.theme());
    let Some(demand) = scene.demand else {
        let why = if scene.tick == 0 { "waiting for the first sample" } else { "numbers need two samples" };
        let words = [span(" measuring… ", theme.style(Role::Strong)), span(why, theme.style(Role::Faint))];
        return write(frame, area, 0, &Line::from(words.to_vec()));
    };
    let mut words = in_words(scene, demand, true, theme);
    if width(&words) > area.width {
        words = in_words(scene, demand, false, theme);
    }
    let used = width(&words).saturating_add(3);
    write(frame, area, 0, &Line::from(words));
    let room = area.width.saturating_sub(used + 1).min(MOST_BAR);
    if room >= LEAST_BAR && !scene.capacity.terms.is_empty() {
        let bar = bar(demand, scene.capacity.effective_cpus, room, theme);
        write(frame, Rect { x: area.x + used, width: room, ..area }, 0, &Line::from(bar));
    }
}

/// "wanted 4.6 of 2.0 CPUs, got 1.9, waiting 58 %"; short without what follows from the rest.
fn in_words(scene: &Scene, demand: Demand, long: bool, theme: Theme) -> Vec<Span<'static>> {
    let plain = |text: &str| span(text.to_owned(), theme.style(Role::Plain));
    let number = |value: String, role| span(value, theme.style(Role::Strong).patch(theme.style(role)));
    let strong = |value: f64, role| number(format::cpus_in_words(value), role);
    let estimated = scene.source == CounterSource::StatTicks;
    let mut words = vec![plain(match (scene.target.ended, estimated) {
        (true, _) => " at last wanted ",
        (false, true) => " estimated: wanted ",
        (false, false) => " wanted ",
    })];
    words.push(strong(demand.wanted, Role::Strong));
    if !scene.capacity.terms.is_empty() {
        words.extend([plain(" of "), strong(scene.capacity.effective_cpus, Role::Capacity)]);
    }
    words.push(plain(" CPUs"));
    let faint = theme.style(Role::Faint);
    let over =
        (long && scene.window_s > 0.0).then(|| span(format!(" over {}", format::interval(scene.window_s)), faint));
    if long {
        words.extend([plain(", got "), strong(demand.got, Role::Got)]);
    }
    if let Some(share) = demand.wait_share {
        words.extend([plain(", waiting "), number(format!("{} %", format::percent(share)), Role::Waiting)]);
    }
    words.extend(over);
    words
}

/// got █, waiting ▒, what is free ·, and ┃ at the effective CPUs.
fn bar(demand: Demand, cpus: f64, room: u16, theme: Theme) -> Vec<Span<'static>> {
    let scale = demand.wanted.max(cpus).max(f64::MIN_POSITIVE);
    let cells = |value: f64| (value / scale * f64::from(room)).round() as u16;
    let (got, wanted, line) = (cells(demand.got), cells(demand.wanted), cells(cpus).clamp(1, room) - 1);
    (0..room)
        .map(|at| match at {
            at if at == line => span("┃", theme.style(Role::Capacity)),
            at if at < got => span("█", theme.style(Role::Got)),
            at if at < wanted => span("▒", theme.style(Role::Waiting)),
            _ => span("·", theme.style(Role::Faint)),
        })
        .collect()
}
