//! The verdict on top: one sentence on how much is wanted and by whom, and what would fit.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::data::scene::{Headline, Level, Verdict};
use crate::present::format;
use crate::tui::layout::headline;
use crate::tui::layout::headline::Sentence;
use crate::tui::state::Dashboard;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint::{span, width, write};

/// Where more is said.
const WHY: &str = "e why";

/// Draws the verdict.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    for (row, line) in (0..area.height).zip(lines(dashboard)) {
        write(frame, area, row, &Line::from(line));
    }
}

fn lines(dashboard: &Dashboard) -> Vec<Vec<Span<'static>>> {
    let (scene, theme, size) = (dashboard.scene(), dashboard.theme(), dashboard.size());
    let headline = &scene.headline;
    let role = role(headline.condition);
    let room = size.width.saturating_sub(2);
    let Sentence { word, lines: text } = headline::sentence(scene, size);
    let mut lines: Vec<Vec<Span<'static>>> = Vec::new();
    for line in text {
        // The condition stands first, unless there is no room even for that.
        let (first, rest) = line.split_at(if lines.is_empty() && line.starts_with(&word) { word.len() } else { 0 });
        let style = if word.is_empty() { theme.style(role) } else { theme.style(Role::Plain) };
        lines.push(vec![Span::raw(" "), span(first.to_owned(), theme.style(role)), span(rest.to_owned(), style)]);
    }
    if headline::has_advice(scene, size) {
        lines.push(advice(headline, room, theme));
    } else if headline.condition != Verdict::TooSoon
        && let Some(last) = lines.last_mut()
        && width(last) + format::width(WHY) + 2 <= room
    {
        last.push(span(format!("  {WHY}"), theme.style(Role::Faint)));
    }
    lines
}

/// "intra=1 inter=1 data=1 would fit.  e why  w what if"
fn advice(headline: &Headline, room: u16, theme: Theme) -> Vec<Span<'static>> {
    let keys = format!("  {WHY}  w what if");
    let room = room.saturating_sub(format::width(&keys)).max(room / 2);
    // A call that is cut in its middle helps nobody: where there is no room for it, the caps alone.
    let whole = format::width(&headline.advice) <= room || headline.caps.is_empty();
    let advice = if whole { headline.advice.clone() } else { format!("try {}", headline.caps) };
    vec![
        Span::raw(" "),
        span(format::fit(&advice, room), theme.style(Role::Strong)),
        span(keys, theme.style(Role::Faint)),
    ]
}

/// A condition as a role.
pub fn role(condition: Verdict) -> Role {
    match condition {
        Verdict::TooSoon => Role::Faint,
        Verdict::Healthy => Role::Healthy,
        _ => level_role(condition.level()),
    }
}

/// How bad something is, as a role.
pub fn level_role(level: Level) -> Role {
    match level {
        Level::Healthy => Role::Healthy,
        Level::Notice => Role::Paused,
        Level::Oversubscribed => Role::Alarm,
        Level::Severe => Role::Severe,
    }
}
