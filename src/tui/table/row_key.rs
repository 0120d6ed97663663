//! A row as an index into one scene, and as a key that finds it again in the next.

use crate::data::scene::{GroupKey, Scene};
use crate::data::{Gap, Pid, ThreadKey};
use crate::present::block::Block;
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
    /// What the trace shows.
    Trace,
    /// What else it shows.
    TraceNotes,
    /// The lanes of a group; none: of threads that no look saw.
    Lanes(Option<GroupKey>),
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
        TableRow::Line(Block::Trace(_), _) => RowKey::Trace,
        TableRow::Line(Block::TraceNotes, _) => RowKey::TraceNotes,
        TableRow::Line(Block::Lanes(None, _), _) => RowKey::Lanes(None),
        TableRow::Line(Block::Lanes(Some(at), _), _) => RowKey::Lanes(Some(scene.groups.get(at)?.key.clone())),
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
        (TableRow::Line(Block::Trace(_), 0), RowKey::Trace) => true,
        (TableRow::Line(Block::TraceNotes, 0), RowKey::TraceNotes) => true,
        (TableRow::Line(Block::Lanes(at, _), 0), RowKey::Lanes(key)) => {
            at.map(|at| scene.groups.get(at).map(|group| &group.key)) == key.as_ref().map(Some)
        }
        (TableRow::Line(Block::Gap(at), 0), RowKey::Gap(gap)) => scene.gaps.get(at).is_some_and(|it| it == gap),
        _ => false,
    }
}

/// The rows that belong together with this one: all lines of its block, or the row alone.
pub fn whole(rows: &[TableRow], at: usize) -> std::ops::Range<usize> {
    let Some(&TableRow::Line(block, _)) = rows.get(at) else { return at..at.saturating_add(1) };
    let same = |row: &&TableRow| matches!(row, TableRow::Line(other, _) if *other == block);
    let start = at - rows[..at].iter().rev().take_while(same).count();
    start..at + rows[at..].iter().take_while(same).count()
}
