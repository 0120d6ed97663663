//! What is known of the selected row: names, origin and why, state, where it ran.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::data::limits::Grade;
use crate::data::sample::{
    KernelStack, NameSource, StartRoutine, SyscallState, ThreadAccounting, ThreadDetail, ThreadState,
};
use crate::data::scene::{Blocked, CapCheck, Demand, Group, ProcessState, Thread, ThreadActivity, Waits};
use crate::model::activity::symbol;
use crate::present::format;
use crate::present::format::MISSING;
use crate::tui::glyphs;
use crate::tui::state::Dashboard;
use crate::tui::state::parts::Pane;
use crate::tui::state::parts::watched::WatchedThread;
use crate::tui::table::cells;
use crate::tui::table::row_key::RowKey;
use crate::tui::theme::Role;
use crate::tui::view::paint::{boxed, span, write};

/// Cells of the labels.
const LABEL: u16 = 16;
/// Most lines of one fact.
const LINES: usize = 4;

/// Draws the detail pane.
pub fn draw(frame: &mut Frame<'_>, area: Rect, dashboard: &Dashboard) {
    let Pane::Shown(watched) = dashboard.pane() else { return };
    let scene = dashboard.scene();
    let (title, facts) = match (watched, dashboard.cursor().selected()) {
        (Some(watched), _) => thread(watched, dashboard, area.width.saturating_sub(LABEL + 4)),
        (None, Some(RowKey::Group(key))) => match scene.groups.iter().find(|group| group.key == *key) {
            Some(group) => {
                self::group(group, &scene.accounting, scene.launch.as_ref().and_then(|launch| launch.check_of(key)))
            }
            None => return,
        },
        (None, Some(RowKey::Process(pid))) => match scene.target.processes.iter().find(|it| it.pid == *pid) {
            Some(process) => self::process(process),
            None => return,
        },
        _ => ("details".to_owned(), vec![("", "select a thread or a group".to_owned())]),
    };
    let theme = dashboard.theme();
    let inside = boxed(frame, area, &title, theme);
    let mut row = 0;
    for (label, text) in facts {
        let lines = format::wrap(&text, inside.width.saturating_sub(LABEL + 1), LINES);
        for (at, line) in lines.into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let label = span(format!(" {label:<width$}", width = usize::from(LABEL) - 1), theme.style(Role::Faint));
            write(frame, inside, row, &Line::from(vec![label, span(line, theme.style(Role::Plain))]));
            row += 1;
        }
    }
}

type Facts = (String, Vec<(&'static str, String)>);

fn group(group: &Group, accounting: &ThreadAccounting, cap: Option<&CapCheck>) -> Facts {
    let mut facts = vec![("what it does", group.about.clone())];
    if let Some(library) = &group.key.library {
        facts.push(("library", library.to_string()));
    }
    facts.extend([("origin id", group.key.origin.to_string()), ("threads", threads(group))]);
    if group.key.is_of_ended() {
        facts.push(("accounting", accounting.text()));
        facts.extend([("demand", demand(group.demand)), ("used so far", used(group))]);
        return (group.label.clone(), facts);
    }
    facts.push(("limit", limit(group)));
    facts.extend(cap.map(|it| ("cap at start", format!("{} {}: {}", it.value, it.outcome.word(), it.message))));
    facts.extend([
        ("doing now", group.waits.as_ref().map_or(format!("{MISSING} read at the next tick"), group_doing)),
        ("demand", demand(group.demand)),
        ("used so far", used(group)),
    ]);
    (group.label.clone(), facts)
}

fn threads(group: &Group) -> String {
    match (group.key.is_of_ended(), group.died) {
        (true, 0) => format!("{MISSING} not counted"),
        (true, ended) => format!("{ended} ended while watched"),
        (false, _) => {
            format!("{} exist, {} awake", group.threads, group.awake.map_or(MISSING.to_owned(), format::mean))
        }
    }
}

fn used(group: &Group) -> String {
    format!("{} CPU-seconds while watched", format::mean(group.total_run_s))
}

/// What its threads do; a conclusion says that it is one, and what is closed says which step opens it.
fn group_doing(waits: &Waits) -> String {
    let inferred = waits.counts.iter().any(|count| count.grade == Grade::Inferred && waits.refused.is_none());
    let mut words = waits.text();
    if inferred {
        words.push_str(". \"For work\" is inferred: a pool's thread in a futex");
    }
    if let Some(why) = &waits.refused {
        words.push_str(&format!(". By wait channels only: {why}"));
    }
    words
}

fn limit(group: &Group) -> String {
    let limits = &group.limits;
    let over = if limits.exceeded_by > 0 { format!(", {} beyond it", limits.exceeded_by) } else { String::new() };
    match limits.effective() {
        Some(limit) => format!("{} {}, {}, {}{over}", limit.value, limit.applies_to.word(), limit.source, limit.place),
        None if !limits.knob.is_known() => format!("{MISSING} not known"),
        None => format!("{MISSING} {}", limits.knob.text()),
    }
}

fn process(process: &ProcessState) -> Facts {
    let ended = if process.ended { ", ended: as it was last seen" } else { "" };
    let facts = vec![
        ("command", process.command.clone()),
        ("parent", process.parent.to_string()),
        ("threads", process.threads.to_string()),
        ("demand", demand(process.demand)),
    ];
    (format!("process {}{ended}", process.pid), facts)
}

fn thread(watched: &WatchedThread, dashboard: &Dashboard, room: u16) -> Facts {
    let thread = &watched.thread;
    let label = thread_label(watched, dashboard);
    let ended = if watched.ended { ", ended: as it was last seen" } else { "" };
    let confidence = thread.attribution.confidence.word();
    let mut facts = vec![
        ("origin", format!("{label}, {confidence}")),
        ("because", thread.attribution.because.clone()),
        ("kernel name", thread.identity.comm.to_string()),
        ("name in target", name_in_target(thread)),
        ("state", state(watched)),
    ];
    facts.extend(kernel_stack(watched.detail.as_ref()));
    facts.extend([
        ("demand", demand(thread.demand)),
        ("cpu", cpus(thread)),
        ("got", history(watched, room)),
        ("ran on", places(watched, room)),
        ("switches", switches(thread, watched.detail.as_ref())),
    ]);
    facts.extend(thread.identity.entry.as_ref().map(|entry| ("starts at", start(entry))));
    (format!("thread {} of process {}{ended}", thread.key.tid, thread.pid), facts)
}

fn thread_label(watched: &WatchedThread, dashboard: &Dashboard) -> String {
    let key = &watched.thread.attribution.group;
    let group = dashboard.scene().groups.iter().find(|group| group.key == *key);
    group.map_or_else(|| key.origin.to_string(), |group| group.label.clone())
}

fn name_in_target(thread: &Thread) -> String {
    let identity = &thread.identity;
    match (&identity.target_name, &identity.missing) {
        (Some(name), _) => format!(
            "{} ({})",
            name.name,
            match name.source {
                NameSource::TensorFlow => "TensorFlow's own",
                NameSource::TensorFlowByShape => "TensorFlow's own, found by its shape",
                NameSource::Python => "Python's own",
            }
        ),
        (None, Some(why)) => format!("{MISSING} {why}"),
        (None, None) if identity.main => format!("{MISSING} the main thread needs none"),
        (None, None) => format!("{MISSING} the program keeps none"),
    }
}

/// Its state, what it does, and the kernel's words for that.
fn state(watched: &WatchedThread) -> String {
    let word = cells::state_word(watched.thread.state).to_owned();
    let Some(detail) = &watched.detail else { return word };
    let channel = detail.wait_channel.as_deref().map_or(String::new(), |channel| format!("; wait channel {channel}"));
    let words = match &watched.doing {
        // A thread that runs waits nowhere: nothing was refused.
        Some(doing) if doing.activity == Blocked::Runs => return word,
        Some(ThreadActivity { phrase, grade: Grade::Inferred, .. }) => {
            format!("{word}; {}, inferred{channel}", phrase.one)
        }
        Some(doing) => format!("{word}; {}{channel}", doing.phrase.one),
        None if watched.thread.state == ThreadState::Running => return word,
        None => format!("{word}; where it waits can't be read"),
    };
    match &detail.call {
        Some(SyscallState::Refused(why)) => format!("{words}. Its system call can't be read: {why}"),
        _ => words,
    }
}

/// Where it stands in the kernel, the innermost function first; none while it runs.
fn kernel_stack(detail: Option<&ThreadDetail>) -> Option<(&'static str, String)> {
    let text = match detail?.kernel_stack.as_ref()? {
        KernelStack::Frames(frames) if frames.is_empty() => format!("{MISSING} empty"),
        KernelStack::Frames(frames) => frames.iter().map(|frame| frame.as_str()).collect::<Vec<_>>().join(" < "),
        KernelStack::Refused(why) => format!("{MISSING} {why}"),
    };
    Some(("kernel stack", text))
}

fn demand(demand: Option<Demand>) -> String {
    let Some(demand) = demand else { return format!("{MISSING} measuring…: numbers need two samples") };
    let wait = demand.wait_share.map_or(String::new(), |share| format!(", waiting {} %", format::percent(share)));
    format!("wanted {} CPUs, got {}{wait}", format::cpus(demand.wanted), format::cpus(demand.got))
}

fn cpus(thread: &Thread) -> String {
    let last = thread.last_cpu.map_or(format!("{MISSING} not read"), |cpu| format!("last on {cpu}"));
    match &thread.affinity {
        Some(set) => format!("{last}, may run on {set} ({})", set.count()),
        None => format!("{last}, affinity {MISSING} can't be read"),
    }
}

fn history(watched: &WatchedThread, room: u16) -> String {
    let got: Vec<f32> = watched.moments.iter().map(|it| it.demand.map_or(0.0, |demand| demand.got as f32)).collect();
    let shown = glyphs::last(&got, usize::from(room).min(40));
    format!("{} (█ = 1 CPU)", glyphs::line(shown, 1.0, shown.len()))
}

/// The CPUs it last ran on, tick by tick, the newest last.
fn places(watched: &WatchedThread, room: u16) -> String {
    let mut places = Vec::new();
    let mut used = 8;
    for moment in watched.moments.iter().rev() {
        let place = moment.cpu.map_or(MISSING.to_owned(), |cpu| cpu.to_string());
        used += format::width(&place) + 1;
        if used > room {
            break;
        }
        places.push(place);
    }
    places.reverse();
    format!("cpu {}", places.join(" "))
}

fn switches(thread: &Thread, detail: Option<&ThreadDetail>) -> String {
    let slices = thread.slices_per_s.map_or(MISSING.to_owned(), format::per_second);
    let number = |count: Option<u64>| count.map_or(MISSING.to_owned(), |count| count.to_string());
    match detail {
        None => format!("{slices} slices/s; switches are read at the next tick"),
        Some(detail) => format!(
            "{slices} slices/s; since birth {} voluntary, {} involuntary",
            number(detail.voluntary_switches),
            number(detail.involuntary_switches)
        ),
    }
}

fn start(entry: &StartRoutine) -> String {
    let library = entry.library.as_ref().map_or("JIT code", |path| path.rsplit('/').next().unwrap_or(path));
    let owner = entry.owner.as_ref().map(|owner| {
        let path = owner.library.as_str();
        format!("; a std::thread of {}", path.rsplit('/').next().unwrap_or(path))
    });
    match &entry.symbol {
        Some(name) => format!("{} in {library}{}", symbol::short(name), owner.unwrap_or_default()),
        None => format!("{} in {library}{}", entry.address, owner.unwrap_or_default()),
    }
}
