//! The rows of a table: which things of a scene, in which order. Made once per scene or change, never per frame.

use std::collections::{HashMap, HashSet};

use crate::data::scene::{GroupKey, Scene, Thread};
use crate::data::{Gap, Pid, ThreadKey};
pub use crate::present::format::contains;
use crate::tui::block;
use crate::tui::block::Block;
use crate::tui::column::Column;
use crate::tui::sort::Sort;
use crate::tui::state::parts::{Opened, View};

/// One row: indexes into the scene it was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableRow {
    /// A group.
    Group(usize),
    /// A thread.
    Thread(usize),
    /// A process, and how deep it stands in the tree.
    Process(usize, u16),
    /// A line of a block; its first one stands for it.
    Line(Block, usize),
}

/// The same row in every scene.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKey {
    /// A group.
    Group(GroupKey),
    /// A thread.
    Thread(ThreadKey),
    /// A process.
    Process(Pid),
    /// The CPUs the target may use.
    Capacity,
    /// The caps it was started with.
    Caps,
    /// The limits of a group.
    Limits(GroupKey),
    /// A cause, by its code.
    Cause(&'static str),
    /// A gap.
    Gap(Gap),
}

/// Which rows are wanted.
#[derive(Debug)]
pub struct RowRequest<'a> {
    /// Of which view.
    pub view: View,
    /// In which order.
    pub sort: Sort,
    /// Only rows that contain this text, whatever its case; empty for all.
    pub filter: &'a str,
    /// What shows more than its first row; none means everything.
    pub opened: Option<&'a Opened>,
    /// Columns there are for text.
    pub width: u16,
}

/// Processes deeper than this are not indented further.
const DEEPEST: u16 = 24;

/// The rows of a view.
pub fn of(scene: &Scene, wish: &RowRequest<'_>) -> Vec<TableRow> {
    match wish.view {
        View::Overview => tree(scene, wish),
        View::Threads => {
            let all = (0..scene.threads.len()).collect();
            let kept = threads(scene, wish, all, |thread| {
                thread_contains(thread, wish.filter) || label_contains(scene, thread.group, wish.filter)
            });
            kept.into_iter().map(TableRow::Thread).collect()
        }
        View::Processes => processes(scene, wish),
        View::Limits => {
            let limits = (0..scene.groups.len()).map(Block::Limits);
            let caps = scene.launch.is_some().then_some(Block::Caps);
            blocks(scene, wish, std::iter::once(Block::Capacity).chain(caps).chain(limits))
        }
        View::Explain => blocks(scene, wish, block::causes(scene)),
        View::Missing => blocks(scene, wish, (0..scene.gaps.len()).map(Block::Gap)),
        View::Output => Vec::new(),
    }
}

/// The key of a row; none when the scene is not the one it was made for.
pub fn key(scene: &Scene, row: TableRow) -> Option<RowKey> {
    Some(match row {
        TableRow::Group(at) => RowKey::Group(scene.groups.get(at)?.key.clone()),
        TableRow::Thread(at) => RowKey::Thread(scene.threads.get(at)?.key),
        TableRow::Process(at, _) => RowKey::Process(scene.target.processes.get(at)?.pid),
        TableRow::Line(Block::Capacity, _) => RowKey::Capacity,
        TableRow::Line(Block::Caps, _) => RowKey::Caps,
        TableRow::Line(Block::Limits(at), _) => RowKey::Limits(scene.groups.get(at)?.key.clone()),
        TableRow::Line(Block::Cause(at), _) => RowKey::Cause(scene.judgements.get(at)?.code),
        TableRow::Line(Block::Gap(at), _) => RowKey::Gap(scene.gaps.get(at)?.clone()),
    })
}

/// Whether this row is the one with the key: of a block, its first line.
pub fn is(scene: &Scene, row: TableRow, key: &RowKey) -> bool {
    match (row, key) {
        (TableRow::Group(at), RowKey::Group(key)) => scene.groups.get(at).is_some_and(|group| group.key == *key),
        (TableRow::Thread(at), RowKey::Thread(key)) => scene.threads.get(at).is_some_and(|thread| thread.key == *key),
        (TableRow::Process(at, _), RowKey::Process(pid)) => {
            scene.target.processes.get(at).is_some_and(|it| it.pid == *pid)
        }
        (TableRow::Line(Block::Capacity, 0), RowKey::Capacity) | (TableRow::Line(Block::Caps, 0), RowKey::Caps) => true,
        (TableRow::Line(Block::Limits(at), 0), RowKey::Limits(key)) => {
            scene.groups.get(at).is_some_and(|group| group.key == *key)
        }
        (TableRow::Line(Block::Cause(at), 0), RowKey::Cause(code)) => {
            scene.judgements.get(at).is_some_and(|cause| cause.code == *code)
        }
        (TableRow::Line(Block::Gap(at), 0), RowKey::Gap(gap)) => scene.gaps.get(at).is_some_and(|it| it == gap),
        _ => false,
    }
}

/// Whether a search for this text stops at the row. A thread below its group does not answer for the group's name.
pub fn found(scene: &Scene, view: View, row: TableRow, text: &str) -> bool {
    match row {
        TableRow::Group(at) => label_contains(scene, at, text),
        TableRow::Thread(at) => scene.threads.get(at).is_some_and(|thread| {
            thread_contains(thread, text) || (view == View::Threads && label_contains(scene, thread.group, text))
        }),
        TableRow::Process(at, _) => process_contains(scene, at, text),
        TableRow::Line(block, line) => line == 0 && block::mentions(scene, block, text),
    }
}

/// The rows that belong together with this one: all lines of its block, or the row alone.
pub fn whole(rows: &[TableRow], at: usize) -> std::ops::Range<usize> {
    let Some(&TableRow::Line(block, _)) = rows.get(at) else { return at..at.saturating_add(1) };
    let same = |row: &&TableRow| matches!(row, TableRow::Line(other, _) if *other == block);
    let start = at - rows[..at].iter().rev().take_while(same).count();
    start..at + rows[at..].iter().take_while(same).count()
}

fn tree(scene: &Scene, wish: &RowRequest<'_>) -> Vec<TableRow> {
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); scene.groups.len()];
    for (at, thread) in scene.threads.iter().enumerate() {
        if let Some(members) = members.get_mut(thread.group) {
            members.push(at);
        }
    }
    let mut order: Vec<usize> = (0..scene.groups.len()).collect();
    order.sort_by(|&a, &b| wish.sort.groups(&scene.groups[a], &scene.groups[b]));
    let mut rows = Vec::new();
    for group in order {
        let all = std::mem::take(&mut members[group]);
        let named = label_contains(scene, group, wish.filter);
        let unfolded = wish.opened.is_none_or(|opened| opened.groups.contains(&scene.groups[group].key));
        if named && !unfolded {
            rows.push(TableRow::Group(group));
            continue;
        }
        let kept = threads(scene, wish, all, |thread| named || thread_contains(thread, wish.filter));
        if named || !kept.is_empty() {
            rows.push(TableRow::Group(group));
            rows.extend(kept.into_iter().map(TableRow::Thread));
        }
    }
    rows
}

fn threads(scene: &Scene, wish: &RowRequest<'_>, mut of: Vec<usize>, keep: impl Fn(&Thread) -> bool) -> Vec<usize> {
    if !wish.filter.is_empty() {
        of.retain(|&at| keep(&scene.threads[at]));
    }
    of.sort_by(|&a, &b| wish.sort.threads(scene, &scene.threads[a], &scene.threads[b]));
    of
}

fn processes(scene: &Scene, wish: &RowRequest<'_>) -> Vec<TableRow> {
    let all = &scene.target.processes;
    let known: HashSet<Pid> = all.iter().map(|process| process.pid).collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| wish.sort.processes(&all[a], &all[b]));
    let mut children: HashMap<Pid, Vec<usize>> = HashMap::new();
    for &at in order.iter().rev() {
        children.entry(all[at].parent).or_default().push(at);
    }
    let mut seen = vec![false; all.len()];
    let mut rows = Vec::new();
    // Roots first; then whatever a cycle of parents (pids are reused) kept out of reach.
    let roots = order.iter().filter(|&&at| at == 0 || !known.contains(&all[at].parent));
    for &root in roots.chain(&order) {
        let mut stack = vec![(root, 0)];
        while let Some((at, depth)) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            rows.push(TableRow::Process(at, depth));
            let below = children.get(&all[at].pid).into_iter().flatten();
            stack.extend(below.map(|&child| (child, (depth + 1).min(DEEPEST))));
        }
    }
    rows.retain(|row| matches!(row, TableRow::Process(at, _) if process_contains(scene, *at, wish.filter)));
    rows
}

fn blocks(scene: &Scene, wish: &RowRequest<'_>, of: impl IntoIterator<Item = Block>) -> Vec<TableRow> {
    let mut rows = Vec::new();
    for block in of.into_iter().filter(|block| block::mentions(scene, *block, wish.filter)) {
        let open = wish.opened.is_some_and(|opened| opened.shows(scene, block));
        let lines = block::lines(scene, block, open, wish.width).len();
        rows.extend((0..lines).map(|line| TableRow::Line(block, line)));
    }
    rows
}

fn label_contains(scene: &Scene, group: usize, text: &str) -> bool {
    scene.groups.get(group).is_some_and(|group| contains(&group.label, text))
}

fn thread_contains(thread: &Thread, text: &str) -> bool {
    contains(thread.name(), text)
        || contains(&thread.identity.comm, text)
        || thread.key.tid.to_string().contains(text)
        || thread.pid.to_string() == text
}

fn process_contains(scene: &Scene, at: usize, text: &str) -> bool {
    let process = scene.target.processes.get(at);
    process.is_some_and(|it| contains(&it.command, text) || it.pid.to_string().contains(text))
}

/// The order a view has before anybody chose one.
pub fn usual_sort(view: View) -> Sort {
    Sort::by(match view {
        View::Overview | View::Threads => Column::Wanted,
        View::Limits | View::Explain | View::Processes | View::Missing | View::Output => Column::Pid,
    })
}
