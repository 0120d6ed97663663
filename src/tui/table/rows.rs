//! The rows of a table: which things of a scene, in which order. Made once per scene or change, never per frame.

use std::collections::{HashMap, HashSet};

use crate::data::Pid;
use crate::data::scene::{Scene, Thread};
use crate::present::block;
use crate::present::block::Block;
use crate::present::format::contains;
use crate::tui::table::opened::Opened;
use crate::tui::table::row_key::TableRow;
use crate::tui::table::sort::Sort;
use crate::tui::tabs::View;

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
    /// Seconds that lanes show.
    pub lane_seconds: u8,
}

/// Processes deeper than this are not indented further.
const DEEPEST: u16 = 24;

/// The rows of a view.
pub fn of(scene: &Scene, request: &RowRequest<'_>) -> Vec<TableRow> {
    match request.view {
        View::Overview => tree(scene, request),
        View::Threads => {
            let all = scene.threads.iter().enumerate().collect();
            let kept = threads(scene, request, all, |thread| {
                thread_contains(thread, request.filter) || label_contains(scene, thread.group, request.filter)
            });
            kept.into_iter().map(TableRow::Thread).collect()
        }
        View::Processes => processes(scene, request),
        View::Limits => {
            let limits = (0..scene.groups.len()).map(Block::Limits);
            let caps = scene.launch.is_some().then_some(Block::Caps);
            blocks(scene, request, std::iter::once(Block::Capacity).chain(caps).chain(limits))
        }
        View::Explain => blocks(scene, request, block::causes(scene)),
        View::Missing => blocks(scene, request, (0..scene.gaps.len()).map(Block::Gap)),
        View::Output => Vec::new(),
        View::Lanes => blocks(scene, request, block::traced(scene, request.lane_seconds)),
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

fn tree(scene: &Scene, request: &RowRequest<'_>) -> Vec<TableRow> {
    let mut members: Vec<Vec<(usize, &Thread)>> = vec![Vec::new(); scene.groups.len()];
    for (at, thread) in scene.threads.iter().enumerate() {
        if let Some(members) = members.get_mut(thread.group) {
            members.push((at, thread));
        }
    }
    let mut order: Vec<usize> = (0..scene.groups.len()).collect();
    order.sort_by(|&a, &b| request.sort.groups(scene, &scene.groups[a], &scene.groups[b]));
    let mut rows = Vec::new();
    for group in order {
        let all = std::mem::take(&mut members[group]);
        let named = label_contains(scene, group, request.filter);
        let unfolded = request.opened.is_none_or(|opened| opened.groups.contains(&scene.groups[group].key));
        if named && !unfolded {
            rows.push(TableRow::Group(group));
            continue;
        }
        let kept = threads(scene, request, all, |thread| named || thread_contains(thread, request.filter));
        if named || !kept.is_empty() {
            rows.push(TableRow::Group(group));
            rows.extend(kept.into_iter().map(TableRow::Thread));
        }
    }
    rows
}

fn threads(
    scene: &Scene,
    request: &RowRequest<'_>,
    mut of: Vec<(usize, &Thread)>,
    keep: impl Fn(&Thread) -> bool,
) -> Vec<usize> {
    if !request.filter.is_empty() {
        of.retain(|(_, thread)| keep(thread));
    }
    of.sort_by(|(_, a), (_, b)| request.sort.threads(scene, a, b));
    of.into_iter().map(|(at, _)| at).collect()
}

fn processes(scene: &Scene, request: &RowRequest<'_>) -> Vec<TableRow> {
    let all = &scene.target.processes;
    let known: HashSet<Pid> = all.iter().map(|process| process.pid).collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| request.sort.processes(scene, &all[a], &all[b]));
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
    rows.retain(|row| matches!(row, TableRow::Process(at, _) if process_contains(scene, *at, request.filter)));
    rows
}

fn blocks(scene: &Scene, request: &RowRequest<'_>, of: impl IntoIterator<Item = Block>) -> Vec<TableRow> {
    let mut rows = Vec::new();
    for block in of.into_iter().filter(|block| block::mentions(scene, *block, request.filter)) {
        let open = request.opened.is_some_and(|opened| opened.shows(scene, block));
        let lines = block::lines(scene, block, open, request.width).len();
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
