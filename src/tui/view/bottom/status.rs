//! The line above the keys: what is shown, what is missing, what looking costs; or the line that is being typed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::present::block::caps;
use crate::present::block::trace;
use crate::present::format;
use crate::tui::keys::{Action, TimeStep};
use crate::tui::state::Dashboard;
use crate::tui::state::parts::transcript::Interrupt;
use crate::tui::state::parts::{Mode, Purpose, Said};
use crate::tui::table::rows;
use crate::tui::tabs::View;
use crate::tui::theme::Role;
use crate::tui::view::main::output;
use crate::tui::view::paint::{span, width, write};

/// What may be typed for a time, before anything is.
const TIMES: &str = "   3m ago, 14:05 (UTC), 90s after begin, oversubscribed, over limit, epoch";

/// Draws the status line.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let theme = dashboard.theme();
    // Whose Ctrl-C that was is more urgent than the line being typed.
    if let (Some((prompt, text)), Interrupt::None) = (line(dashboard), dashboard.interrupt()) {
        let mut words = vec![span(prompt, theme.style(Role::Key)), span(format!(" {text}"), theme.style(Role::Strong))];
        if is_vain(dashboard) {
            words.push(span("   no row contains this", theme.style(Role::Alarm)));
        }
        if matches!(dashboard.mode(), Mode::Line(Purpose::Time, _)) {
            words.extend(match dashboard.said() {
                Some(Said::Refused(why)) => Some(span(format!("   {}", format::clean(why)), theme.style(Role::Alarm))),
                _ if dashboard.typed().time.is_empty() => Some(span(TIMES, theme.style(Role::Faint))),
                _ => None,
            });
        }
        return write(frame, area, 0, &Line::from(words));
    }
    let mut left = notes(dashboard);
    let separator = span(" · ", theme.style(Role::Faint));
    let mut words = vec![Span::raw(" ")];
    for cost in [Some(cost(dashboard, true)), Some(cost(dashboard, false)), None] {
        words.truncate(1);
        let cost = cost.map(|cost| span(cost, theme.style(Role::Faint)));
        for (at, note) in left.iter().chain(&cost).enumerate() {
            words.extend((at > 0).then(|| separator.clone()));
            words.push(note.clone());
        }
        if width(&words) <= area.width {
            break;
        }
    }
    if width(&words) > area.width {
        let first = left.remove(0);
        let text = format::fit(&first.content, area.width.saturating_sub(2));
        words = vec![Span::raw(" "), span(text, first.style)];
    }
    write(frame, area, 0, &Line::from(words));
}

/// Prompt and text of the line being typed.
fn line(dashboard: &Dashboard) -> Option<(&'static str, &str)> {
    match dashboard.mode() {
        Mode::Line(Purpose::Search, _) => Some((" search ", &dashboard.typed().search)),
        Mode::Line(Purpose::Filter, _) => Some((" filter ", &dashboard.typed().filter)),
        Mode::Line(Purpose::Time, _) => Some((" time ", &dashboard.typed().time)),
        _ => None,
    }
}

/// Whether a search is being typed that the selected row does not answer.
fn is_vain(dashboard: &Dashboard) -> bool {
    let text = &dashboard.typed().search;
    let typing = matches!(dashboard.mode(), Mode::Line(Purpose::Search, _)) && !text.is_empty();
    let row = dashboard.rows().get(dashboard.cursor().at());
    typing && row.is_none_or(|&row| !rows::found(dashboard.scene(), dashboard.view(), row, text))
}

/// Cells in front of the typing position.
pub fn prompt_width(dashboard: &Dashboard) -> u16 {
    line(dashboard)
        .map_or(0, |(prompt, text)| format::width(prompt).saturating_add(1).saturating_add(format::width(text)))
}

/// What there is to know, the most urgent first.
fn notes(dashboard: &Dashboard) -> Vec<Span<'static>> {
    let (scene, theme) = (dashboard.scene(), dashboard.theme());
    let mut notes = Vec::new();
    notes.extend(dashboard.said().map(|said| match said {
        Said::Refused(text) => span(format::clean(text), theme.style(Role::Alarm)),
        Said::Told(text) => span(format::clean(text), theme.style(Role::Strong)),
    }));
    if dashboard.is_past() && !dashboard.is_recording() {
        let text = match dashboard.view() {
            View::Output => "the output is current, everything else is from the past".to_owned(),
            _ => dashboard.text_with_key("back in time", "; ", (Action::Time(TimeStep::End), "returns to now")),
        };
        notes.push(span(text, theme.style(Role::Paused)));
    }
    if dashboard.interrupt() == Interrupt::Sent {
        let text = "Ctrl-C was sent to the command; again within 5 s: end it and leave";
        notes.push(span(text, theme.style(Role::Alarm)));
    }
    if *dashboard.mode() == Mode::Typing {
        notes.push(span(
            dashboard.text_with_key("keys go to the command", "; ", (Action::Release, "ends that")),
            theme.style(Role::Paused),
        ));
    }
    if let Some(output) = dashboard.output() {
        notes.extend(output::alarm(output).map(|text| span(text, theme.style(Role::Alarm))));
        let shown = dashboard.view() == View::Output;
        notes.extend(shown.then(|| span(output::note(dashboard, output), theme.style(Role::Plain))));
    }
    if !dashboard.typed().filter.is_empty() {
        let text = format::fit(&dashboard.typed().filter, 20);
        let ends = in_brackets(dashboard.key_line(&[(Action::Back, "clears it")]));
        notes.push(span(format!("filter \"{text}\"{ends}"), theme.style(Role::Paused)));
    }
    if let Some(exceeded) = scene.launch.as_ref().and_then(caps::exceeded) {
        let more = in_brackets(dashboard.key_line(&[(Action::Show(View::Limits), "says more")]));
        notes.push(span(format!("{}{more}", format::fit(&exceeded, 40)), theme.style(Role::Alarm)));
    }
    if let Some(first) = scene.gaps.first() {
        let more = match scene.gaps.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let why = in_brackets(dashboard.key_line(&[(Action::Show(View::Missing), "says why")]));
        let text = format!("! missing: {}{more}{why}", format::fit(&first.what, 30));
        notes.push(span(text, theme.style(Role::Alarm)));
    }
    if let Some(trace) = scene.trace.as_ref().filter(|_| dashboard.view() != View::Lanes) {
        let (role, text) = trace::state(trace);
        notes.push(span(text, theme.style(role)));
    }
    if dashboard.follows() {
        notes.push(span("following", theme.style(Role::Plain)));
    }
    notes.extend(dashboard.notice().map(|text| span(text.to_owned(), theme.style(Role::Paused))));
    let threads = format::count(scene.threads.len(), "thread", "threads");
    let threads = match scene.unread.threads {
        0 => threads,
        unread => format!("{threads}, {} read", scene.threads.len().saturating_sub(unread as usize)),
    };
    notes.push(span(threads, theme.style(Role::Plain)));
    notes
}

/// Behind a text, where there is something.
fn in_brackets(words: String) -> String {
    if words.is_empty() { words } else { format!(" ({words})") }
}

/// "tftop: 0.4 ms CPU a tick, nothing stopped".
fn cost(dashboard: &Dashboard, long: bool) -> String {
    let milliseconds = dashboard.scene().cost.cpu_ns as f64 / 1e6;
    let words = format!("tftop: {} ms CPU a tick", format::cpus(milliseconds));
    match dashboard.stopped_ns() {
        0 if long => format!("{words}, nothing stopped"),
        0 => words,
        stopped_ns => format!("{words}, stopped threads for {} ms", format::cpus(stopped_ns as f64 / 1e6)),
    }
}
