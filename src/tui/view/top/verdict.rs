//! The verdict on top: one sentence on how much is wanted and by whom, and what would fit.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::data::scene::{AdvisedEffect, Headline, Verdict};
use crate::present::format;
pub(crate) use crate::present::verdict::{level_role, role};
use crate::tui::keys::Action;
use crate::tui::layout::headline;
use crate::tui::layout::headline::Sentence;
use crate::tui::state::Dashboard;
use crate::tui::tabs::View;
use crate::tui::theme::Role;
use crate::tui::view::paint::{span, width, write};

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
    let why = beside(dashboard.key_line(&[(Action::Show(View::Explain), "why")]));
    let Sentence { word, lines: text } = headline::sentence(scene, size);
    let mut lines: Vec<Vec<Span<'static>>> = Vec::new();
    for line in text {
        // The condition stands first, unless there is no room even for that.
        let (first, rest) = line.split_at(if lines.is_empty() && line.starts_with(&word) { word.len() } else { 0 });
        let style = if word.is_empty() { theme.style(role) } else { theme.style(Role::Plain) };
        lines.push(vec![Span::raw(" "), span(first.to_owned(), theme.style(role)), span(rest.to_owned(), style)]);
    }
    if headline::has_advice(scene, size) {
        lines.push(advice(dashboard, room));
    } else if headline.condition != Verdict::TooSoon
        && let Some(last) = lines.last_mut()
        && width(last) + format::width(&why) <= room
    {
        last.push(span(why, theme.style(Role::Faint)));
    }
    lines
}

/// "r  rerun with intra=2: 13.5 → 2.1 CPUs wanted  e why  w what if": the key, what it does and what that is predicted to
/// do. In less room the keys of other views go first, then words.
fn advice(dashboard: &Dashboard, room: u16) -> Vec<Span<'static>> {
    let (headline, theme) = (&dashboard.scene().headline, dashboard.theme());
    let why = beside(dashboard.key_line(&[(Action::Show(View::Explain), "why")]));
    let what_if = beside(dashboard.key_line(&[(Action::WhatIf, "what if")]));
    let keys = [format!("{why}{what_if}"), why, String::new()];
    let offered = dashboard.offers(Action::Rerun);
    let texts = match headline.effect {
        Some(effect) => effects(headline, effect, dashboard.scene().capacity.effective_cpus, offered),
        None => vec![headline.advice.clone()],
    };
    let key = match offered && headline.effect.is_some() {
        true => Some(dashboard.key_of(Action::Rerun)).filter(|key| !key.is_empty()),
        false => None,
    };
    let key = key.map(|key| format!("{key}  ")).unwrap_or_default();
    let room = room.saturating_sub(format::width(&key));
    let all = texts.iter().flat_map(|text| keys.iter().map(move |keys| (text, keys)));
    let fitting = all.clone().find(|(text, keys)| format::width(text) + format::width(keys) <= room);
    let (text, keys) = fitting.or_else(|| all.last()).map_or((String::new(), ""), |(text, keys)| (text.clone(), keys));
    vec![
        Span::raw(" "),
        span(key, theme.style(Role::Key)),
        span(format::fit(&text, room), theme.style(Role::Strong)),
        span(keys.to_owned(), theme.style(Role::Faint)),
    ]
}

/// Two columns behind a text, where there is something.
fn beside(keys: String) -> String {
    if keys.is_empty() { keys } else { format!("  {keys}") }
}

/// What the advised caps are predicted to do, the longest text first.
fn effects(headline: &Headline, effect: AdvisedEffect, cpus: f64, offered: bool) -> Vec<String> {
    let [now, then] = [effect.wanted_now, effect.wanted].map(format::cpus_in_words);
    let (caps, change) = (headline.caps, format!("{now} → {then}"));
    let short = match effect.fits {
        true => String::new(),
        false => format!(", still more than {}", format::cpus_in_words(cpus)),
    };
    let verb = if offered { "rerun with" } else { "advised:" };
    vec![
        format!("{verb} {caps}: {change} CPUs wanted{short} (predicted)"),
        format!("{verb} {caps}: {change} CPUs wanted{short}"),
        format!("{verb} {caps}: {change} wanted{short}"),
        format!("{caps}: {change} wanted{short}"),
        format!("{caps}: {change}"),
    ]
}
