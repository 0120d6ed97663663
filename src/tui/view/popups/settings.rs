//! The box of settings, at the right: what they change is seen beside it.

use ratatui::Frame;
use ratatui::layout::{Margin, Position, Rect};
use ratatui::text::{Line, Span};

use crate::present::format;
use crate::tui::keys::Action;
use crate::tui::layout::below_header;
use crate::tui::settings::DashboardSettings;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::settings::{SettingsBox, SettingsItem};
use crate::tui::table::column::{Column, When};
use crate::tui::theme::Role;
use crate::tui::view::paint::{popup, span, write};

/// Cells it takes.
const WIDTH: u16 = 46;
/// Cells of the labels.
const LABEL: usize = 14;
/// Lines that always stand at the bottom.
const BOTTOM: u16 = 1;

/// What is at a place of the screen.
pub fn item_at(dashboard: &Dashboard, shown: SettingsBox, at: Position) -> Option<SettingsItem> {
    let items = shown.items(&dashboard.settings());
    let inside = area(dashboard, items.len()).inner(Margin::new(1, 1));
    let list = Rect { height: inside.height.saturating_sub(BOTTOM), ..inside };
    let row = top(&items, shown.chosen, list.height) + usize::from(at.y.checked_sub(list.y)?);
    items.get(row).copied().filter(|_| list.contains(at))
}

/// Draws it.
pub fn draw(frame: &mut Frame<'_>, shown: SettingsBox, dashboard: &Dashboard) {
    let (settings, theme) = (dashboard.settings(), dashboard.theme());
    let items = shown.items(&settings);
    let inside = popup(frame, area(dashboard, items.len()), "settings", theme);
    let height = inside.height.saturating_sub(BOTTOM);
    let top = top(&items, shown.chosen, height);
    for (row, &item) in (0..height).zip(items.iter().skip(top)) {
        let chosen = item == shown.chosen;
        let line = line(item, chosen, (shown, &settings), dashboard);
        write(frame, inside, row, &Line::from(line));
        if chosen {
            let area = Rect { y: inside.y + row, height: 1, ..inside };
            frame.buffer_mut().set_style(area, theme.style(Role::Selected));
        }
    }
    let below = items.len().saturating_sub(top + usize::from(height));
    let more = if below > 0 { format!("   ↓ {below} more") } else { String::new() };
    let (text, role) = match dashboard.has_unsaved_settings() {
        true => (dashboard.text_with_key(" not saved yet", ": ", (Action::SaveSettings, "saves them")), Role::Strong),
        false => (" nothing to save".to_owned(), Role::Faint),
    };
    write(frame, inside, height, &Line::from(span(format!("{text}{more}"), theme.style(role))));
}

fn area(dashboard: &Dashboard, items: usize) -> Rect {
    let all = below_header(&dashboard.areas());
    let width = WIDTH.min(all.width);
    let height = u16::try_from(items).unwrap_or(u16::MAX).saturating_add(BOTTOM + 2).min(all.height);
    Rect { x: all.right() - width, width, height, ..all }
}

/// The first one on screen: the chosen one is always among those shown.
fn top(items: &[SettingsItem], chosen: SettingsItem, height: u16) -> usize {
    let at = items.iter().position(|item| *item == chosen).unwrap_or(0);
    (at + 1).saturating_sub(usize::from(height))
}

fn line(
    item: SettingsItem,
    chosen: bool,
    (shown, settings): (SettingsBox, &DashboardSettings),
    dashboard: &Dashboard,
) -> Vec<Span<'static>> {
    let theme = dashboard.theme();
    let mark = if chosen { "▶" } else { " " };
    let table = settings.table(shown.table);
    let (label, value) = match item {
        SettingsItem::Column(column) => {
            let on = table.is_some_and(|table| table.columns.contains(&column));
            let box_ = if on { "[x]" } else { "[ ]" };
            let text = span(format!("{mark}  {box_} {}", column.title), theme.style(Role::Plain));
            return vec![text, span(condition(column), theme.style(Role::Faint))];
        }
        SettingsItem::Theme => ("theme", settings.theme.name().to_owned()),
        SettingsItem::StartView => ("start view", settings.view.name().to_owned()),
        SettingsItem::Interval => ("interval", format::interval(settings.interval.as_secs_f64())),
        SettingsItem::Mouse => ("mouse", if settings.mouse { "on" } else { "off" }.to_owned()),
        SettingsItem::Table => ("table", shown.table.name().to_owned()),
        SettingsItem::Sort => (" sorted by", table.map(|table| table.sort.words()).unwrap_or_default()),
    };
    let value = if chosen { format!("< {value} >") } else { format!("  {value}") };
    vec![span(format!("{mark} {label:<LABEL$}{value}"), theme.style(Role::Plain))]
}

/// Which targets have a column that not all have.
fn condition(column: &Column) -> &'static str {
    match column.when {
        When::Always => "",
        When::Capped => "  of runs with caps",
        When::Several => "  of several processes",
        When::Ranks => "  of several ranks",
    }
}
