//! What a column shows of a group, a thread or a process: which text, in which role.

use crate::data::limits::Limit;
use crate::data::sample::ThreadState;
use crate::data::scene::{Blocked, Confidence, Demand, Group, ProcessState, Thread, Waits};
use crate::present::block::caps::WordRoom;
use crate::present::block::{caps, job, limits};
use crate::present::format;
use crate::present::format::MISSING;
use crate::tui::glyphs;
use crate::tui::table::column::{Cell, CellContext, CellRoom};
use crate::tui::theme::Role;

/// Cells of a cap with its word: "3 unverified ?".
pub const CAP_IN_WORDS: u16 = 14;
/// Waiting at least this share of the wanted time is set off; the number itself says how much.
const MUCH_WAITING: f64 = 0.25;
/// Fewest cells in which what a thread does is a sentence and not a word.
const SENTENCE: u16 = 24;

/// What has a demand.
pub trait HasDemand {
    /// What it got and wanted; none before there are two samples.
    fn demand(&self) -> Option<Demand>;
}

impl HasDemand for Group {
    fn demand(&self) -> Option<Demand> {
        self.demand
    }
}

impl HasDemand for Thread {
    fn demand(&self) -> Option<Demand> {
        self.demand
    }
}

impl HasDemand for ProcessState {
    fn demand(&self) -> Option<Demand> {
        self.demand
    }
}

pub fn got<T: HasDemand>(of: &T, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![quantity(of.demand().map(|it| it.got), format::cpus, Role::Got)]
}

pub fn wanted<T: HasDemand>(of: &T, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![quantity(of.demand().map(|it| it.wanted), format::cpus, Role::Strong)]
}

pub fn wait<T: HasDemand>(of: &T, _: &CellContext<'_>, _: CellRoom) -> Cell {
    let Some(Demand { wait_share: Some(share), wanted, .. }) = of.demand() else {
        return vec![(Role::Faint, MISSING.to_owned())];
    };
    let much = share >= MUCH_WAITING && wanted >= 0.005;
    vec![(if much { Role::Waiting } else { Role::Faint }, format::percent(share))]
}

/// got and waiting as a bar; as long as the room is the most that a group wants, or what there is.
pub fn bar<T: HasDemand>(of: &T, context: &CellContext<'_>, room: CellRoom) -> Cell {
    let Some(demand) = of.demand() else { return Cell::new() };
    let share = |value: f64| value / context.bar.max(f64::MIN_POSITIVE) * f64::from(room.width);
    let cells = |value: f64| (share(value).round() as usize).min(room.width.into());
    let (got, wanted) = (cells(demand.got), cells(demand.wanted));
    vec![(Role::Got, "█".repeat(got)), (Role::Waiting, "▒".repeat(wanted.saturating_sub(got)))]
}

/// A group's name with the mark that folds it; `?` when a thread is in it only by guess.
pub fn group_name(group: &Group, context: &CellContext<'_>, room: CellRoom) -> Cell {
    let mark = if context.opened.is_open(group, context.filter) { "▾ " } else { "▸ " };
    let doubt = if context.guessed.contains(&group.key) { "?" } else { "" };
    let name = format::fit(&group.label, room.width.saturating_sub(2 + format::width(doubt)));
    vec![(Role::Faint, mark.to_owned()), (Role::Strong, name), (Role::Alarm, doubt.to_owned())]
}

/// The limit that counts, or why none does; `!` where there are more threads than it allows.
pub fn limit(group: &Group, _: &CellContext<'_>, _: CellRoom) -> Cell {
    let role = if group.limits.effective().is_some() { Role::Strong } else { Role::Faint };
    let mark = if group.limits.exceeded_by > 0 { "!" } else { " " };
    vec![(role, limits::short(&group.limits)), (Role::Alarm, mark.to_owned())]
}

/// Where that limit comes from.
pub fn limit_source(group: &Group, _: &CellContext<'_>, room: CellRoom) -> Cell {
    let limit = group.limits.effective();
    let source = limit.map_or(MISSING, |limit| limit.source.text());
    let role = if limit.is_some_and(Limit::was_set) { Role::Plain } else { Role::Faint };
    vec![(role, format::fit(source, room.width))]
}

/// The cap it was started with and whether that holds, in a word where there is room, always with a glyph.
pub fn cap(group: &Group, context: &CellContext<'_>, room: CellRoom) -> Cell {
    let check = context.scene.launch.as_ref().and_then(|launch| launch.check_of(&group.key));
    let words = if room.width >= CAP_IN_WORDS { WordRoom::Fit } else { WordRoom::DoNot };
    check.map(|check| caps::short(check, words)).into_iter().collect()
}

/// How many threads exist.
pub fn threads_of_group(group: &Group, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![(Role::Plain, group.threads.to_string())]
}

/// Mean number of threads that ran within a tick.
pub fn awake(group: &Group, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![quantity(group.awake, format::mean, Role::Plain)]
}

/// What a group's threads do.
pub fn group_doing(group: &Group, _: &CellContext<'_>, room: CellRoom) -> Cell {
    let words = group.waits.as_ref().map_or(MISSING.to_owned(), Waits::text);
    vec![(Role::Faint, format::fit(&words, room.width))]
}

/// wanted over time.
pub fn history(group: &Group, context: &CellContext<'_>, room: CellRoom) -> Cell {
    vec![(Role::Got, glyphs::line(&group.history, context.spark, usize::from(room.width)))]
}

/// Id and name of a thread below its group.
pub fn thread_in_tree(thread: &Thread, _: &CellContext<'_>, room: CellRoom) -> Cell {
    let tid = format!("  {:>7} ", thread.key.tid);
    let name = format::fit(thread.name(), room.width.saturating_sub(format::width(&tid)));
    vec![(Role::Faint, tid), (Role::Plain, name)]
}

pub fn tid(thread: &Thread, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![(Role::Plain, thread.key.tid.to_string())]
}

/// The process of a thread.
pub fn owner(thread: &Thread, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![(Role::Faint, thread.pid.to_string())]
}

/// Best name of a thread.
pub fn thread_name(thread: &Thread, _: &CellContext<'_>, room: CellRoom) -> Cell {
    vec![(Role::Strong, format::fit(thread.name(), room.width))]
}

/// Label of a thread's group.
pub fn origin(thread: &Thread, context: &CellContext<'_>, room: CellRoom) -> Cell {
    let label = context.scene.groups.get(thread.group).map_or(MISSING, |group| &group.label);
    let doubt = if thread.attribution.confidence == Confidence::Guess { "?" } else { "" };
    let label = format::fit(label, room.width.saturating_sub(format::width(doubt)));
    vec![(Role::Plain, label), (Role::Alarm, doubt.to_owned())]
}

/// The state, in a letter, and what the thread does. That was read after the state: where the two differ, it is newer.
pub fn doing(thread: &Thread, context: &CellContext<'_>, room: CellRoom) -> Cell {
    let named = |shown: ThreadState| {
        let ready = shown == ThreadState::Running && thread.is_mostly_ready();
        let word = if ready { "ready" } else { state_word(shown) };
        let fits = format::width(word) <= room.width;
        vec![(state_role(shown), if fits { word.to_owned() } else { shown.letter().to_string() })]
    };
    let Some(doing) = context.scene.doing(thread.key) else { return named(thread.state) };
    let (shown, letter) = match (doing.activity, thread.state) {
        (Blocked::Runs, _) => return named(ThreadState::Running),
        (Blocked::Waits, ThreadState::Running) => (ThreadState::Sleeping, '·'),
        (Blocked::Waits, asleep) => (asleep, asleep.letter()),
    };
    let words = if room.width >= SENTENCE { &doing.phrase.one } else { &doing.phrase.short };
    vec![(state_role(shown), format::fit(&format!("{letter} {words}"), room.width))]
}

/// The CPU a thread last ran on.
pub fn last_cpu(thread: &Thread, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![(Role::Plain, thread.last_cpu.map_or(MISSING.to_owned(), |cpu| cpu.to_string()))]
}

/// The same below a group, where the heading does not name it.
pub fn last_cpu_named(thread: &Thread, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![(Role::Faint, thread.last_cpu.map_or(MISSING.to_owned(), |cpu| format!("cpu {cpu}")))]
}

/// Time slices a second.
pub fn slices(thread: &Thread, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![quantity(thread.slices_per_s, format::per_second, Role::Plain)]
}

/// How sure the origin is.
pub fn confidence(thread: &Thread, _: &CellContext<'_>, _: CellRoom) -> Cell {
    let role = match thread.attribution.confidence {
        Confidence::Guess => Role::Alarm,
        Confidence::Likely => Role::Plain,
        Confidence::Certain => Role::Faint,
    };
    vec![(role, thread.attribution.confidence.word().to_owned())]
}

/// The evidence of the origin.
pub fn because(thread: &Thread, _: &CellContext<'_>, room: CellRoom) -> Cell {
    vec![(Role::Faint, format::fit(&thread.attribution.because, room.width))]
}

/// Why a thread stands in its group; how sure that is comes first unless it is certain.
pub fn evidence(thread: &Thread, _: &CellContext<'_>, room: CellRoom) -> Cell {
    let text = match thread.attribution.confidence {
        Confidence::Certain => thread.attribution.because.clone(),
        other => format!("{}: {}", other.word(), thread.attribution.because),
    };
    vec![(Role::Faint, format::fit(&text, room.width))]
}

pub fn pid(process: &ProcessState, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![(Role::Strong, process.pid.to_string())]
}

/// How many threads a process has.
pub fn threads_of_process(process: &ProcessState, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![(Role::Plain, process.threads.to_string())]
}

/// The number of a process among the ranks of its job.
pub fn rank(process: &ProcessState, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![(Role::Plain, process.rank.as_ref().map_or(MISSING.to_owned(), job::rank_number))]
}

/// An equal part of the CPUs for each rank.
pub fn share(_: &ProcessState, context: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![quantity(context.scene.target.share(context.scene.capacity.effective_cpus), format::cpus, Role::Plain)]
}

/// CPUs that its main thread may run on.
pub fn main_cpus(process: &ProcessState, _: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![count(process.cpus_allowed)]
}

/// The limit of its intra-op pool.
pub fn intra_limit(process: &ProcessState, context: &CellContext<'_>, _: CellRoom) -> Cell {
    vec![count(job::intra_limit(context.scene, process.pid))]
}

/// A process's command line as a branch of the tree.
pub fn command(process: &ProcessState, _: &CellContext<'_>, room: CellRoom) -> Cell {
    let branch = match room.depth {
        0 => String::new(),
        depth => format!("{}└ ", "  ".repeat(usize::from(depth) - 1)),
    };
    let ended = if process.ended { "ended  " } else { "" };
    let used = format::width(&branch) + format::width(ended);
    let command = format::command(&process.command, room.width.saturating_sub(used));
    vec![(Role::Faint, branch), (Role::Alarm, ended.to_owned()), (Role::Plain, command)]
}

fn count(number: Option<u32>) -> (Role, String) {
    number.map_or((Role::Faint, MISSING.to_owned()), |number| (Role::Plain, number.to_string()))
}

/// A number; one that rounds to nothing is faint, so that the eye lands on the others.
fn quantity(value: Option<f64>, write: fn(f64) -> String, role: Role) -> (Role, String) {
    let Some(value) = value else { return (Role::Faint, MISSING.to_owned()) };
    let text = write(value);
    let nothing = text.chars().all(|character| matches!(character, '0' | '.'));
    (if nothing { Role::Faint } else { role }, text)
}

/// A state in one word of at most eight letters.
pub fn state_word(state: ThreadState) -> &'static str {
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
}

fn state_role(state: ThreadState) -> Role {
    match state {
        ThreadState::Running => Role::Live,
        ThreadState::DiskSleep => Role::Waiting,
        ThreadState::Stopped | ThreadState::Tracing | ThreadState::Zombie | ThreadState::Dead => Role::Alarm,
        _ => Role::Faint,
    }
}
