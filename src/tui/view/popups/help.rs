//! The help screen: every key out of the table of keys, and what the words on screen mean.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::present::format;
use crate::tui::keys::{BoundRow, KeyContext, KeyMap};
use crate::tui::state::Dashboard;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint::{popup, span, write};

/// Words that need saying what is meant by them.
const WORDS: &[(&str, &str)] = &[
    ("got", "CPUs it ran on: time on a CPU, divided by the time that passed"),
    ("waiting", "CPUs it waited for: time in a run queue, ready to run, divided likewise"),
    ("wanted", "got + waiting: how many threads were ready to run, on average"),
    ("wait %", "waiting as a share of wanted"),
    ("CPUs", "what it may use: the least of affinity, cpuset, quotas and what is online; ◄ marks which"),
    (
        "limit",
        "what counts for the group; ! more threads than it allows, as coded: the program starts them. View 3 has all",
    ),
    ("cap", "what tftop run started it with: ✓ held at every look, ✗ exceeded at one, ? nothing proves either"),
    (
        "steps",
        "of a script that tftop run started: the last 10 s of steps; p50, p95: half and 19 of 20 were faster. A process \
         that was only attached to gives no step marks",
    ),
    ("judged", "on the last 10 s, twice in three; 2.3x: that many threads are ready to run for each CPU there is"),
    (
        "known",
        "measured: read or counted. corroborated: two readings agree. inferred: fits, but could have another cause",
    ),
    ("predicted", "the recorded demand with each group cut at its cap: predicts contention, not speed"),
    (
        "v r x e p ▲",
        "below the chart: another verdict, a rerun, the end, an epoch, a pool's first threads; ▲ is the moment that is shown",
    ),
    ("threads", "how many exist; sleeping ones cost nothing"),
    ("awake", "how many ran within a tick, on average"),
    ("origin", "what made the thread: read from the program's own memory where that is allowed, not from kernel names"),
    (
        "sure",
        "certain: the target's own name for it. likely: evidence that fits. guess, or ?: a name that may be inherited",
    ),
    ("S", "R running or ready, S asleep, D asleep for storage, T stopped, t traced, Z ended, I idle kernel thread"),
    (
        "ours, others",
        "time of a CPU used by the target, by anything else; ours is estimated from where threads last ran",
    ),
    (format::MISSING, "missing; the detail pane or view 6 says why"),
    ("estimated", "this kernel keeps no run-queue times: demand is estimated from thread states"),
];

/// Cells of the keys and words at the left.
const LEFT: u16 = 18;

/// Where the help stands.
pub fn area(dashboard: &Dashboard) -> Rect {
    let areas = dashboard.areas();
    let top = areas.demand.y;
    Rect { y: top, height: areas.status.y.saturating_sub(top), ..areas.header }
}

/// Lines of help beyond the screen: how far it can be scrolled.
pub fn overflow(dashboard: &Dashboard) -> usize {
    let area = area(dashboard);
    let lines = lines(area.width.saturating_sub(2), dashboard).len();
    lines.saturating_sub(usize::from(area.height.saturating_sub(2)))
}

/// Draws the help from line `top` on.
pub fn draw(frame: &mut Frame<'_>, area: Rect, top: usize, dashboard: &Dashboard) {
    let theme = dashboard.theme();
    let more = if overflow(dashboard) > top { " (↓ for more)" } else { "" };
    let inside = popup(frame, area, &format!("help{more}"), theme);
    for (row, line) in (0..inside.height).zip(lines(inside.width, dashboard).into_iter().skip(top)) {
        write(frame, inside, row, &line);
    }
}

fn lines(width: u16, dashboard: &Dashboard) -> Vec<Line<'static>> {
    let theme = dashboard.theme();
    let in_dashboard = |row: &&BoundRow| row.binding.places.iter().any(|place| *place != KeyContext::Picker);
    let keys = dashboard.keys().rows().filter(in_dashboard).map(texts);
    let words = WORDS.iter().map(|(word, means)| ((*word).to_owned(), *means));
    let mut lines = vec![Line::from(span(" KEYS", theme.style(Role::Heading)))];
    let remap = "[name] is what the settings file calls it; `tftop config` prints that file";
    entry(&mut lines, "", remap, width, theme);
    keys.for_each(|(left, right)| entry(&mut lines, &left, &right, width, theme));
    lines.push(Line::default());
    lines.push(Line::from(span(" WORDS", theme.style(Role::Heading))));
    words.for_each(|(left, right)| entry(&mut lines, &left, right, width, theme));
    lines
}

/// The keys of one place.
pub(crate) fn lines_of(keys: &KeyMap, width: u16, place: KeyContext, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (left, right) in keys.rows_of(place).map(texts) {
        entry(&mut lines, &left, &right, width, theme);
    }
    lines
}

/// Keys, and what they do with the name for it.
fn texts(row: &BoundRow) -> (String, String) {
    let labels: Vec<String> = row.keys.iter().map(ToString::to_string).collect();
    let keys = if labels.is_empty() { format::MISSING.to_owned() } else { labels.join(" ") };
    (keys, format!("{} [{}]", row.binding.help, row.binding.action.name()))
}

fn entry(lines: &mut Vec<Line<'static>>, left: &str, right: &str, width: u16, theme: Theme) {
    let room = width.saturating_sub(LEFT + 2);
    for (at, text) in format::wrap(right, room, 6).into_iter().enumerate() {
        let left = if at == 0 { left } else { "" };
        let pad = usize::from(LEFT.saturating_sub(format::width(left)));
        let left = span(format!(" {left}{}", " ".repeat(pad)), theme.style(Role::Strong));
        lines.push(Line::from(vec![left, span(text, theme.style(Role::Plain))]));
    }
}
