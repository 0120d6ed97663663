//! The last line: views as tabs, then the keys that count now, out of the table of keys. All of it can be clicked.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::present::format;
use crate::tui::keys::{Action, BoundRow, KeyContext, KeyMap, TimeStep};
use crate::tui::state::Dashboard;
use crate::tui::state::parts::playback::PlaybackMode;
use crate::tui::tabs::View;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint::{span, write};

/// A piece of the line that does something.
#[derive(Clone, Debug)]
pub struct Button {
    /// Where it stands.
    pub area: Rect,
    /// The key, set off.
    pub key: String,
    /// What it does, in a word.
    pub word: String,
    /// What it does.
    pub action: Action,
    /// Whether it names what is on screen.
    pub current: bool,
}

/// Draws tabs and keys.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    paint(frame, area, &buttons(dashboard, area), dashboard.theme());
}

/// Draws buttons.
pub fn paint(frame: &mut Frame<'_>, area: Rect, buttons: &[Button], theme: Theme) {
    let bar = theme.style(Role::Bar);
    frame.buffer_mut().set_style(area, bar);
    for button in buttons {
        let style = if button.current { theme.style(Role::Key) } else { bar };
        let key = span(format!(" {}", button.key), style.patch(theme.style(Role::Strong)));
        let word = span(if button.word.is_empty() { " ".to_owned() } else { format!(" {} ", button.word) }, style);
        write(frame, button.area, 0, &Line::from(vec![key, word]));
    }
}

/// Keys for what people come for: tabs have words only where all of these have room.
const LEADING: usize = 8;

/// Tabs and keys that fit, of those that do something now. Where not all do, tabs lose their words first, then keys go, the
/// last ones first; help and quit stay.
pub fn buttons(dashboard: &Dashboard, area: Rect) -> Vec<Button> {
    let place = dashboard.place();
    let stands = dashboard.replay().is_some_and(|replay| replay.paused);
    let pace = match dashboard.pace() {
        PlaybackMode::Past if !stands => PlaybackMode::Live,
        pace => pace,
    };
    let mut keys = keys(dashboard.keys(), place, pace);
    if dashboard.is_past() && place == KeyContext::Table {
        // Who is back in time moves in it; what acts on a process has no place there.
        let is_time = |action| matches!(action, Action::Time(_) | Action::Jump);
        keys.sort_by_key(|(button, stays)| (*stays, !is_time(button.action)));
        let is_end = |button: &Button| button.action == Action::Time(TimeStep::End) && dashboard.is_recording();
        keys.iter_mut().filter(|(button, _)| is_end(button)).for_each(|(button, _)| button.word = "end".to_owned());
    } else {
        keys.retain(|(button, _)| match button.action {
            Action::Time(step) => matches!(step, TimeStep::PlayOrPause | TimeStep::LookBack),
            _ => true,
        });
    }
    if dashboard.is_past() && place == KeyContext::Stacks {
        keys.retain(|(button, _)| !matches!(button.action, Action::Yes | Action::Stop | Action::Sample));
    }
    keys.retain(|(button, _)| dashboard.offers(button.action));
    if !dashboard.view().is_table() {
        keys.retain(|(button, _)| button.action != Action::Detail);
    }
    if !matches!(place, KeyContext::Table | KeyContext::Output) {
        return fit(Vec::new(), keys, area);
    }
    let staying = keys.iter().filter(|(_, stays)| *stays);
    let with = |tabs: &[Button], most: usize| {
        let leading = keys.iter().filter(|(_, stays)| !stays).take(most).chain(staying.clone());
        leading.map(|(button, _)| button).chain(tabs).map(button_width).sum::<u16>()
    };
    let mut tabs = self::tabs(dashboard, true);
    if with(&tabs, LEADING) > area.width {
        tabs = self::tabs(dashboard, false);
    }
    if with(&tabs, 1) > area.width {
        tabs.retain(|tab| tab.current);
    }
    fit(tabs, keys, area)
}

/// Keys of a place as buttons, in the order of the table; the flag marks those that stay.
pub fn keys(map: &KeyMap, place: KeyContext, pace: PlaybackMode) -> Vec<(Button, bool)> {
    let shown = map.rows_of(place).filter(|row| !row.binding.word.is_empty());
    let mut keys: Vec<_> = shown
        .filter_map(|row| Some((key_button(row, pace)?, matches!(row.binding.action, Action::Help | Action::Quit))))
        .collect();
    // Help and quit stand last, where hands look for them.
    keys.sort_by_key(|(_, stays)| *stays);
    keys
}

/// Places buttons from the left; keys that don't fit are left out, last ones first, those that stay excepted.
pub fn fit(tabs: Vec<Button>, mut keys: Vec<(Button, bool)>, area: Rect) -> Vec<Button> {
    let mut total: u16 = tabs.iter().chain(keys.iter().map(|(button, _)| button)).map(button_width).sum();
    while total > area.width {
        let Some(at) = keys.iter().rposition(|(_, stays)| !stays) else { break };
        total -= button_width(&keys.remove(at).0);
    }
    let mut x = area.x;
    let mut placed = Vec::new();
    for mut button in tabs.into_iter().chain(keys.into_iter().map(|(button, _)| button)) {
        let width = button_width(&button).min(area.right().saturating_sub(x));
        button.area = Rect { x, width, ..area };
        x += width;
        placed.push(button);
    }
    placed
}

fn button_width(button: &Button) -> u16 {
    let word = format::width(&button.word);
    format::width(&button.key) + 2 + if word == 0 { 0 } else { word + 1 }
}

fn tabs(dashboard: &Dashboard, words: bool) -> Vec<Button> {
    let tab = |(at, view): (usize, View)| {
        let current = view == dashboard.view();
        let word = if words || current { view.name().to_owned() } else { String::new() };
        let action = Action::Show(view);
        let (number, keys) = ((at + 1).to_string(), dashboard.keys());
        let is_key = keys.has(&number, action, KeyContext::Table);
        let key = if is_key { number } else { keys.label(action, KeyContext::Table).unwrap_or_default() };
        Button { area: Rect::default(), key, word, action, current }
    };
    dashboard.views().map(tab).collect()
}

/// None where no key restarts it.
fn key_button(row: &BoundRow, pace: PlaybackMode) -> Option<Button> {
    let (binding, key) = (row.binding, row.keys.first()?.to_string());
    let word = match (binding.action, pace) {
        (Action::Time(TimeStep::PlayOrPause), PlaybackMode::Paused) => "go on",
        (Action::Time(TimeStep::PlayOrPause), PlaybackMode::Past) => "play",
        _ => binding.word,
    };
    Some(Button { area: Rect::default(), key, word: word.to_owned(), action: binding.action, current: false })
}
