//! One cell of a table: which text, in which role, on which side.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::data::limits::Limit;
use crate::data::sample::ThreadState;
use crate::data::scene::{Blocked, Confidence, Demand, Group, ProcessState, Scene, Thread, Waits};
use crate::present::format;
use crate::present::format::MISSING;
use crate::tui::block::caps::WordRoom;
use crate::tui::block::{caps, limits};
use crate::tui::column::{CAP_IN_WORDS, Column};
use crate::tui::rows::TableRow;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::View;
use crate::tui::theme::Role;
use crate::tui::view::{span, spark, width, write};

/// What all cells of a frame share.
pub struct CellContext {
    /// The CPUs that a full bar stands for.
    bar: f64,
    /// The CPUs that a full glyph of a spark stands for.
    spark: f64,
    /// Groups to which a thread belongs only by guess.
    guessed: Vec<bool>,
}

impl CellContext {
    /// Of a scene.
    pub fn of(scene: &Scene) -> Self {
        let mut guessed = vec![false; scene.groups.len()];
        for thread in scene.threads.iter().filter(|it| it.attribution.confidence == Confidence::Guess) {
            if let Some(guessed) = guessed.get_mut(thread.group) {
                *guessed = true;
            }
        }
        let wanted = scene.groups.iter().filter_map(|group| group.demand).map(|demand| demand.wanted);
        Self {
            bar: wanted.filter(|wanted| wanted.is_finite()).fold(scene.capacity.effective_cpus, f64::max),
            spark: spark::greatest(scene.groups.iter().flat_map(|group| spark::last(&group.history, 200))),
            guessed,
        }
    }
}

/// Waiting at least this share of the wanted time is set off; the number itself says how much.
const MUCH_WAITING: f64 = 0.25;

/// A column's heading in this much room.
pub fn heading(column: Column, room: u16, dashboard: &Dashboard) -> String {
    let scene = dashboard.scene();
    let text = match column {
        Column::History if scene.trend.step_s > 0.0 => {
            format!("WANTED, LAST {}", format::duration(f64::from(room) * scene.trend.step_s))
        }
        column => column.heading().to_owned(),
    };
    format::fit(&text, room)
}

/// Writes a cell.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    row: TableRow,
    column: Column,
    common: &CellContext,
    dashboard: &Dashboard,
) {
    let scene = dashboard.scene();
    let spans = match row {
        TableRow::Group(at) if column == Column::Tree => {
            let guessed = common.guessed.get(at).is_some_and(|guessed| *guessed);
            scene.groups.get(at).map(|it| group_name(it, guessed, area.width, dashboard))
        }
        TableRow::Group(at) => scene.groups.get(at).map(|it| group(it, column, area.width, common, dashboard)),
        TableRow::Thread(at) => scene.threads.get(at).map(|it| thread(it, column, area.width, common, dashboard)),
        TableRow::Process(at, depth) => {
            scene.target.processes.get(at).map(|it| process(it, depth, column, area.width, dashboard))
        }
        TableRow::Line(..) => None,
    };
    let spans = spans.unwrap_or_default();
    let words = column == Column::Threads && matches!(row, TableRow::Thread(_));
    let pad = if column.is_number() && !words { area.width.saturating_sub(width(&spans)) } else { 0 };
    write(frame, Rect { x: area.x + pad, width: area.width - pad, ..area }, 0, &Line::from(spans));
}

/// A group's name with the mark that folds it; `?` when a thread is in it only by guess.
fn group_name(group: &Group, guessed: bool, room: u16, dashboard: &Dashboard) -> Vec<Span<'static>> {
    let style = |role| dashboard.theme().style(role);
    let mark = if dashboard.is_open(group) { "▾ " } else { "▸ " };
    let doubt = if guessed { "?" } else { "" };
    let name = format::fit(&group.label, room.saturating_sub(2 + format::width(doubt)));
    vec![span(mark, style(Role::Faint)), span(name, style(Role::Strong)), span(doubt, style(Role::Alarm))]
}

fn group<'a>(
    group: &'a Group,
    column: Column,
    room: u16,
    common: &CellContext,
    dashboard: &Dashboard,
) -> Vec<Span<'a>> {
    let theme = dashboard.theme();
    match column {
        Column::Limit => limit(group, dashboard),
        Column::Cap => cap(group, room, dashboard),
        Column::Source => {
            let limit = group.limits.effective();
            let source = limit.map_or(MISSING, |limit| limit.source.text());
            let role = if limit.is_some_and(Limit::was_set) { Role::Plain } else { Role::Faint };
            vec![span(format::fit(source, room), theme.style(role))]
        }
        Column::Threads => vec![span(group.threads.to_string(), theme.style(Role::Plain))],
        Column::Awake => vec![quantity(group.awake, format::mean, Role::Plain, dashboard)],
        Column::Doing => {
            let words = group.waits.as_ref().map_or(MISSING.to_owned(), Waits::text);
            vec![span(format::fit(&words, room), theme.style(Role::Faint))]
        }
        Column::History => {
            vec![span(spark::line(&group.history, common.spark, usize::from(room)), theme.style(Role::Got))]
        }
        column => demand(group.demand, column, room, common.bar, dashboard),
    }
}

/// The limit that counts, or why none does; `!` where there are more threads than it allows.
fn limit(group: &Group, dashboard: &Dashboard) -> Vec<Span<'static>> {
    let style = |role| dashboard.theme().style(role);
    let role = if group.limits.effective().is_some() { Role::Strong } else { Role::Faint };
    let mark = if group.limits.exceeded_by > 0 { "!" } else { " " };
    vec![span(limits::short(&group.limits), style(role)), span(mark, style(Role::Alarm))]
}

/// The cap it was started with and whether that holds, in a word where there is room, always with a glyph.
fn cap(group: &Group, room: u16, dashboard: &Dashboard) -> Vec<Span<'static>> {
    let check = dashboard.scene().launch.as_ref().and_then(|launch| launch.check_of(&group.key));
    let words = if room >= CAP_IN_WORDS { WordRoom::Fit } else { WordRoom::DoNot };
    let short = check.map(|check| caps::short(check, words));
    short.map(|(role, text)| span(text, dashboard.theme().style(role))).into_iter().collect()
}

fn thread<'a>(
    thread: &'a Thread,
    column: Column,
    room: u16,
    common: &CellContext,
    dashboard: &'a Dashboard,
) -> Vec<Span<'a>> {
    let theme = dashboard.theme();
    let faint = theme.style(Role::Faint);
    let in_tree = dashboard.view() == View::Overview;
    match column {
        Column::Tree => {
            let tid = format!("  {:>7} ", thread.key.tid);
            let name = format::fit(thread.name(), room.saturating_sub(format::width(&tid)));
            vec![span(tid, faint), span(name, theme.style(Role::Plain))]
        }
        Column::Limit | Column::Cap | Column::Source | Column::Doing => Vec::new(),
        Column::Threads => vec![wait(thread, room, dashboard)],
        Column::Awake => vec![span(last_cpu(thread, "cpu "), faint)],
        Column::History => vec![span(format::fit(&evidence(thread), room), faint)],
        Column::Tid => vec![span(thread.key.tid.to_string(), theme.style(Role::Plain))],
        Column::Pid => vec![span(thread.pid.to_string(), faint)],
        Column::Name => vec![span(format::fit(thread.name(), room), theme.style(Role::Strong))],
        Column::Origin => {
            let label = dashboard.scene().groups.get(thread.group).map_or(MISSING, |group| &group.label);
            let doubt = if thread.attribution.confidence == Confidence::Guess { "?" } else { "" };
            let label = format::fit(label, room.saturating_sub(format::width(doubt)));
            vec![span(label, theme.style(Role::Plain)), span(doubt, theme.style(Role::Alarm))]
        }
        Column::State => vec![wait(thread, room, dashboard)],
        Column::Cpu => vec![span(last_cpu(thread, ""), theme.style(Role::Plain))],
        Column::Slices => vec![quantity(thread.slices_per_s, format::per_second, Role::Plain, dashboard)],
        Column::Sure => vec![span(thread.attribution.confidence.word(), confidence(thread, dashboard))],
        Column::Because => vec![span(format::fit(&thread.attribution.because, room), faint)],
        column => demand(thread.demand, column, room, if in_tree { common.bar } else { 1.0 }, dashboard),
    }
}

fn process<'a>(
    process: &'a ProcessState,
    depth: u16,
    column: Column,
    room: u16,
    dashboard: &Dashboard,
) -> Vec<Span<'a>> {
    let theme = dashboard.theme();
    match column {
        Column::Pid => vec![span(process.pid.to_string(), theme.style(Role::Strong))],
        Column::Threads => vec![span(process.threads.to_string(), theme.style(Role::Plain))],
        Column::Command => {
            let branch =
                if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(usize::from(depth) - 1)) };
            let ended = if process.ended { "ended  " } else { "" };
            let used = format::width(&branch) + format::width(ended);
            let command = format::command(&process.command, room.saturating_sub(used));
            let branch = span(branch, theme.style(Role::Faint));
            vec![branch, span(ended, theme.style(Role::Alarm)), span(command, theme.style(Role::Plain))]
        }
        column => demand(process.demand, column, room, 1.0, dashboard),
    }
}

fn demand(demand: Option<Demand>, column: Column, room: u16, full: f64, dashboard: &Dashboard) -> Vec<Span<'static>> {
    let style = |role| dashboard.theme().style(role);
    match (column, demand) {
        (Column::Got, demand) => vec![quantity(demand.map(|it| it.got), format::cpus, Role::Got, dashboard)],
        (Column::Wanted, demand) => vec![quantity(demand.map(|it| it.wanted), format::cpus, Role::Strong, dashboard)],
        (Column::Wait, Some(Demand { wait_share: Some(share), wanted, .. })) => {
            let much = share >= MUCH_WAITING && wanted >= 0.005;
            vec![span(format::percent(share), style(if much { Role::Waiting } else { Role::Faint }))]
        }
        (Column::Bar, Some(demand)) => {
            let cells = |value: f64| (value / full.max(f64::MIN_POSITIVE) * f64::from(room)).round() as usize;
            let (got, wanted) = (cells(demand.got).min(room.into()), cells(demand.wanted).min(room.into()));
            let waiting = wanted.saturating_sub(got);
            vec![span("█".repeat(got), style(Role::Got)), span("▒".repeat(waiting), style(Role::Waiting))]
        }
        (Column::Bar, None) => Vec::new(),
        _ => vec![span(MISSING, style(Role::Faint))],
    }
}

/// A number; one that rounds to nothing is faint, so that the eye lands on the others.
fn quantity(value: Option<f64>, write: fn(f64) -> String, role: Role, dashboard: &Dashboard) -> Span<'static> {
    let Some(value) = value else { return span(MISSING, dashboard.theme().style(Role::Faint)) };
    let text = write(value);
    let nothing = text.chars().all(|character| matches!(character, '0' | '.'));
    span(text, dashboard.theme().style(if nothing { Role::Faint } else { role }))
}

/// Fewest cells in which what a thread does is a sentence and not a word.
const SENTENCE: u16 = 24;

/// The state, in a letter, and what the thread does. That was read after the state: where the two differ, it is newer.
fn wait(thread: &Thread, room: u16, dashboard: &Dashboard) -> Span<'static> {
    let named = |shown| {
        let word = state_word(shown);
        let fits = format::width(&word) <= room;
        state(shown, if fits { word } else { shown.letter().to_string() }, dashboard)
    };
    let Some(doing) = dashboard.scene().doing(thread.key) else { return named(thread.state) };
    let (shown, letter) = match (doing.activity, thread.state) {
        (Blocked::Runs, _) => return named(ThreadState::Running),
        (Blocked::Waits, ThreadState::Running) => (ThreadState::Sleeping, '·'),
        (Blocked::Waits, asleep) => (asleep, asleep.letter()),
    };
    let words = if room >= SENTENCE { &doing.phrase.one } else { &doing.phrase.short };
    state(shown, format::fit(&format!("{letter} {words}"), room), dashboard)
}

/// A state in one word of at most eight letters.
pub fn state_word(state: ThreadState) -> String {
    match state {
        ThreadState::Running => "running",
        ThreadState::Sleeping => "asleep",
        ThreadState::DiskSleep => "disk",
        ThreadState::Stopped => "stopped",
        ThreadState::Tracing => "traced",
        ThreadState::Zombie => "zombie",
        ThreadState::Dead => "gone",
        ThreadState::Idle => "idle",
        ThreadState::Parked => "parked",
        ThreadState::Unknown => "unknown",
    }
    .to_owned()
}

fn state(state: ThreadState, text: String, dashboard: &Dashboard) -> Span<'static> {
    let role = match state {
        ThreadState::Running => Role::Live,
        ThreadState::DiskSleep => Role::Waiting,
        ThreadState::Stopped | ThreadState::Tracing | ThreadState::Zombie | ThreadState::Dead => Role::Alarm,
        _ => Role::Faint,
    };
    span(text, dashboard.theme().style(role))
}

fn last_cpu(thread: &Thread, before: &str) -> String {
    thread.last_cpu.map_or(MISSING.to_owned(), |cpu| format!("{before}{cpu}"))
}

fn confidence(thread: &Thread, dashboard: &Dashboard) -> ratatui::style::Style {
    dashboard.theme().style(match thread.attribution.confidence {
        Confidence::Guess => Role::Alarm,
        Confidence::Likely => Role::Plain,
        Confidence::Certain => Role::Faint,
    })
}

/// Why a thread stands in its group; how sure that is comes first unless it is certain.
fn evidence(thread: &Thread) -> String {
    match thread.attribution.confidence {
        Confidence::Certain => thread.attribution.because.clone(),
        other => format!("{}: {}", other.word(), thread.attribution.because),
    }
}
