//! The picker on screen.

use ratatui::Frame;
use ratatui::layout::{Position, Rect, Size};
use ratatui::text::{Line, Span};

use crate::data::job::Job;
use crate::data::sample::ThreadState;
use crate::data::scene::{Demand, Scene, TargetState};
use crate::present::block::job::rank;
use crate::present::format;
use crate::present::format::MISSING;
use crate::tui::keys::{KeyContext, KeyMap};
use crate::tui::layout::{LEAST, cut_bottom, cut_top};
use crate::tui::picker::state::{Picked, Picker, PickerRow};
use crate::tui::state::parts::playback::PlaybackMode;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::bottom::footer;
use crate::tui::view::paint::{popup, span, write};
use crate::tui::view::popups::help;
use crate::tui::view::top::{header, verdict};
use crate::tui::view::{ascii, small};

/// Heading, cells, whether it stands right, and the width of the screen from which on it is shown. The command takes the
/// rest.
const COLUMNS: [(&str, u16, bool, u16); 8] = [
    ("PID", 7, true, 0),
    ("STATE", 7, false, 60),
    ("GOT/WANTED", 11, true, 0),
    ("UP", 6, true, 80),
    ("FRAMEWORK", 14, false, 100),
    ("THREADS", 7, true, 100),
    ("VERDICT", 15, false, 100),
    ("USER", 8, false, 120),
];
/// CPUs wanted from which on a process runs, whatever its threads did at the instant of the look.
const RUNS: f64 = 0.05;
/// Columns of the box with the keys.
const HELP_WIDTH: u16 = 76;

/// Draws the picker. Nothing is drawn while the screen has another size than the picker knows of.
pub fn draw(frame: &mut Frame<'_>, picker: &Picker) {
    if frame.area().as_size() != picker.size() {
        return;
    }
    if picker.size().width < LEAST.0 || picker.size().height < LEAST.1 {
        small::draw(frame, frame.area(), picker.keys());
    } else {
        whole(frame, picker);
    }
    if picker.look().ascii {
        ascii::replace(frame.buffer_mut());
    }
}

/// The row at a place of the screen.
pub(super) fn row_at(picker: &Picker, at: Position) -> Option<Picked> {
    let [_, _, list, _, _] = areas(picker.size());
    let row = top(picker, list) + usize::from(at.y.checked_sub(list.y)?);
    picker.shown().get(row).filter(|_| list.contains(at)).map(|row| row.picked())
}

fn areas(size: Size) -> [Rect; 5] {
    let mut list = Rect::from((Position::ORIGIN, size));
    let (head, headings) = (cut_top(&mut list, 1), cut_top(&mut list, 1));
    let keys = cut_bottom(&mut list, 1);
    let status = cut_bottom(&mut list, 1);
    [head, headings, list, status, keys]
}

/// The first row on screen: the selected one is always among those shown.
fn top(picker: &Picker, list: Rect) -> usize {
    (picker.at() + 1).saturating_sub(usize::from(list.height))
}

fn whole(frame: &mut Frame<'_>, picker: &Picker) {
    let [head, headings, list, status, keys] = areas(picker.size());
    let theme = Theme::new(picker.look().theme, picker.look().color);
    let screen = frame.area();
    frame.buffer_mut().set_style(screen, theme.ground());
    header::plain(frame, head, "which process?", theme);
    frame.buffer_mut().set_style(headings, theme.style(Role::Bar));
    let cells = COLUMNS.map(|(heading, ..)| span(heading, theme.style(Role::Bar)));
    row(frame, headings, cells, |room| span(format::fit("COMMAND", room), theme.style(Role::Bar)));
    let (shown, top) = (picker.shown(), top(picker, list));
    for (y, (at, listed)) in (0..list.height).zip(shown.iter().enumerate().skip(top)) {
        let area = Rect { y: list.y + y, height: 1, ..list };
        match listed {
            PickerRow::Job(of) => job(frame, area, of, theme),
            PickerRow::Process(scene, of) => process(frame, area, scene, *of, theme),
        }
        if at == picker.at() {
            frame.buffer_mut().set_style(area, theme.style(Role::Selected));
            write(frame, area, 0, &Line::raw("▶"));
        }
    }
    if shown.is_empty() {
        let why = if picker.filter().is_empty() { picker.note() } else { "no process contains the filter's text" };
        for (y, line) in (0..list.height).zip(format::wrap(why, list.width.saturating_sub(2), 8)) {
            write(frame, list, y, &Line::from(span(format!(" {line}"), theme.style(Role::Plain))));
        }
    }
    self::status(frame, status, picker, theme);
    footer::paint(frame, keys, &buttons(picker, keys), theme);
    if picker.shows_help() {
        help(frame, list, picker.keys(), theme);
    }
}

/// Every key that counts here.
fn help(frame: &mut Frame<'_>, list: Rect, keys: &KeyMap, theme: Theme) {
    let lines = help::lines_of(keys, HELP_WIDTH.min(list.width).saturating_sub(2), KeyContext::Picker, theme);
    let height = u16::try_from(lines.len() + 2).unwrap_or(list.height).min(list.height);
    let area = Rect { width: HELP_WIDTH.min(list.width), height, ..list };
    let inside = popup(frame, area, "keys", theme);
    for (row, line) in (0..inside.height).zip(lines) {
        write(frame, inside, row, &line);
    }
}

fn buttons(picker: &Picker, area: Rect) -> Vec<footer::Button> {
    let place = if picker.is_typing() { KeyContext::Line } else { KeyContext::Picker };
    footer::fit(Vec::new(), footer::keys(picker.keys(), place, PlaybackMode::Live), area)
}

fn status(frame: &mut Frame<'_>, area: Rect, picker: &Picker, theme: Theme) {
    if picker.is_typing() || !picker.filter().is_empty() {
        let prompt = span(" filter ", theme.style(Role::Key));
        let text = format!(" {}", picker.filter());
        if picker.is_typing() {
            let x = area.x + (9 + format::width(picker.filter())).min(area.width.saturating_sub(1));
            frame.set_cursor_position(Position::new(x, area.y));
        }
        return write(frame, area, 0, &Line::from(vec![prompt, span(text, theme.style(Role::Strong))]));
    }
    let (text, role) = match picker.said() {
        Some(said) => (said.to_owned(), Role::Alarm),
        None => (format!("{} · {}", picker.order().words(), picker.note()), Role::Faint),
    };
    let text = format::fit(&text, area.width.saturating_sub(2));
    write(frame, area, 0, &Line::from(span(format!(" {text}"), theme.style(role))));
}

/// What a job's ranks here want together, and what would fit.
fn job(frame: &mut Frame<'_>, area: Rect, job: &Job, theme: Theme) {
    let (target, headline) = (&job.scene.target, &job.scene.headline);
    let plain = |text: String| span(text, theme.style(Role::Plain));
    let about = format!("{}: {}, {} CPUs each", job.name(), job.ranks(), format::cpus(job.share));
    let advice = if headline.advice.is_empty() { String::new() } else { format!("; {}", headline.advice) };
    let cells = [
        span("job", theme.style(Role::Strong)),
        plain(state(&job.scene).to_owned()),
        plain(demand(job.demand)),
        plain(format::duration(target.uptime_s)),
        framework(target, theme),
        plain(job.scene.threads.len().to_string()),
        span(headline.condition.word(), theme.style(verdict::role(headline.condition))),
        plain(format::fit(target.user.as_deref().unwrap_or(MISSING), COLUMNS[7].1)),
    ];
    // What is cut is cut at its end: it is no command line.
    row(frame, area, cells, |room| span(format::fit(&(about + &advice), room), theme.style(Role::Strong)));
}

fn demand(demand: Option<Demand>) -> String {
    match demand {
        Some(demand) => format!("{} / {}", format::cpus_in_words(demand.got), format::cpus_in_words(demand.wanted)),
        None => "measuring…".to_owned(),
    }
}

fn process(frame: &mut Frame<'_>, area: Rect, scene: &Scene, of: Option<&Job>, theme: Theme) {
    let target = &scene.target;
    let plain = |text: String| span(text, theme.style(Role::Plain));
    let user = target.user.as_deref().unwrap_or(MISSING);
    let cells = [
        span(target.pid.to_string(), theme.style(Role::Strong)),
        plain(state(scene).to_owned()),
        plain(demand(scene.demand)),
        plain(format::duration(target.uptime_s)),
        framework(target, theme),
        plain(scene.threads.len().to_string()),
        span(scene.headline.condition.word(), theme.style(verdict::role(scene.headline.condition))),
        plain(format::fit(user, COLUMNS[7].1)),
    ];
    let missing = scene.gaps.first().map_or(String::new(), |gap| format!("  ({} missing: {})", gap.what, gap.why));
    let rank = match (rank(target), of) {
        (Some(rank), Some(_)) => format!("  rank {rank}  "),
        (Some(rank), None) => format!("rank {rank}  "),
        (None, _) => String::new(),
    };
    let command = format!("{rank}{}{missing}", target.command);
    row(frame, area, cells, |room| plain(format::command_of_many(&command, room)));
}

/// What the process does, from the states of its threads and what they want.
fn state(scene: &Scene) -> &'static str {
    let states = || scene.threads.iter().map(|thread| thread.state);
    let all = |of: &[ThreadState]| !scene.threads.is_empty() && states().all(|state| of.contains(&state));
    match scene.demand {
        _ if all(&[ThreadState::Zombie, ThreadState::Dead]) => "zombie",
        _ if all(&[ThreadState::Tracing]) => "traced",
        _ if all(&[ThreadState::Stopped, ThreadState::Tracing]) => "stopped",
        Some(demand) if demand.wanted >= RUNS => "running",
        None if states().any(|state| state == ThreadState::Running) => "running",
        _ if states().any(|state| state == ThreadState::DiskSleep) => "disk",
        _ if scene.threads.is_empty() => MISSING,
        _ => "asleep",
    }
}

fn framework(target: &TargetState, theme: Theme) -> Span<'static> {
    let text = format::fit(&format::framework(target, MISSING), COLUMNS[4].1);
    let role = match (&target.tensorflow, target.framework()) {
        (Some(found), _) if found.guessed => Role::Waiting,
        (_, Some(_)) => Role::Plain,
        (_, None) => Role::Faint,
    };
    span(text, theme.style(role))
}

fn row(frame: &mut Frame<'_>, area: Rect, cells: [Span<'_>; 8], last: impl FnOnce(u16) -> Span<'static>) {
    let mut x = area.x + 1;
    for ((_, width, right, least), cell) in COLUMNS.into_iter().zip(cells) {
        if area.width < least {
            continue;
        }
        let pad = if right { width.saturating_sub(format::width(&cell.content)) } else { 0 };
        let room = width.min(area.right().saturating_sub(x));
        write(frame, Rect { x: x + pad.min(room), width: room.saturating_sub(pad), ..area }, 0, &Line::from(cell));
        x = (x + width + 2).min(area.right());
    }
    let room = area.right().saturating_sub(x);
    write(frame, Rect { x, width: room, ..area }, 0, &Line::from(last(room)));
}
