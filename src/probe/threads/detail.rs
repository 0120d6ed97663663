//! What is read only of the threads somebody looks at. A blocked thread whose counters did not move is not read again:
//! what it waits for can't have changed.

use std::collections::HashMap;
use std::path::Path;

use crate::data::sample::{CounterSource, Counters, Interest, KernelStack, SyscallState, ThreadDetail};
use crate::data::{Pid, Text, ThreadKey, Tid};
use crate::linux::access;
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat::{number, status_field};
use crate::probe::threads::counters::ThreadReader;
use crate::probe::threads::wait;
use crate::probe::threads::wait::WaitGap;

/// Threads read at most: more than any screen has lines, and enough of each group on it.
const MOST: usize = 1536;
/// Longer than the status file of a thread.
const STATUS: usize = 8192;

/// How much of a thread is wanted; each holds what the one before it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    /// What it waits for.
    Wait,
    /// Context switches, and the kernel's wait channel in any case.
    Row,
    /// The kernel stack.
    Stack,
}

/// Details as they were last read.
#[derive(Debug, Default)]
pub struct DetailReader {
    kept: HashMap<ThreadKey, Kept>,
    /// Why `syscall` and `stack` of a process may not be read; found out once.
    refusals: HashMap<(Pid, File), Text>,
}

/// A file of a thread that may be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum File {
    Syscall,
    Stack,
}

#[derive(Debug)]
struct Kept {
    counters: Counters,
    depth: Depth,
    detail: ThreadDetail,
}

/// Where a thread is read.
#[derive(Debug)]
struct Place<'a> {
    proc_root: &'a Path,
    pid: Pid,
    task: &'a ProcDir,
    tid: Tid,
}

impl DetailReader {
    /// Details of the threads that are wanted and still there, by rising key. `threads` are those of each process that
    /// lives.
    pub fn read<'a>(
        &mut self,
        interest: &Interest,
        proc_root: &Path,
        threads: impl Iterator<Item = (Pid, &'a ThreadReader)> + Clone,
        source: CounterSource,
        reader: &mut FileReader,
    ) -> Vec<(ThreadKey, ThreadDetail)> {
        let mut before = std::mem::take(&mut self.kept);
        let mut details = Vec::new();
        for (key, depth) in wanted(interest) {
            let found = threads.clone().find_map(|(pid, threads)| Some((pid, threads, threads.counters(key)?)));
            let Some((pid, threads, counters)) = found else { continue };
            let place = Place { proc_root, pid, task: threads.task(), tid: key.tid };
            let kept = match before.remove(&key) {
                Some(kept) if source == CounterSource::Schedstat && kept.answers(counters, depth) => kept,
                _ => Kept { counters, depth, detail: self.look(&place, depth, reader) },
            };
            details.push((key, kept.detail.clone()));
            self.kept.insert(key, kept);
        }
        self.refusals.retain(|(pid, _), _| threads.clone().any(|(living, _)| living == *pid));
        details
    }

    fn look(&mut self, place: &Place<'_>, depth: Depth, reader: &mut FileReader) -> ThreadDetail {
        let call = match wait::call(place.task, place.tid, reader) {
            Ok(call) => Some(call),
            Err(WaitGap::Refused) => Some(SyscallState::Refused(self.refusal(place, File::Syscall))),
            Err(WaitGap::Missing) => None,
        };
        let mut detail = ThreadDetail { call, ..ThreadDetail::default() };
        if detail.call == Some(SyscallState::Running) && depth == Depth::Wait {
            return detail;
        }
        if depth > Depth::Wait || !matches!(detail.call, Some(SyscallState::Inside(_))) {
            detail.wait_channel = wait::channel(place.task, place.tid, reader);
        }
        if depth > Depth::Wait
            && let Ok(status) = reader.read(place.task, &format!("{}/status", place.tid), STATUS)
        {
            let count = |name| status_field(status, name).and_then(number);
            detail.voluntary_switches = count("voluntary_ctxt_switches");
            detail.involuntary_switches = count("nonvoluntary_ctxt_switches");
        }
        if depth == Depth::Stack && detail.call != Some(SyscallState::Running) {
            detail.kernel_stack = match wait::kernel_stack(place.task, place.tid, reader) {
                Ok(frames) => Some(KernelStack::Frames(frames)),
                Err(WaitGap::Refused) => Some(KernelStack::Refused(self.refusal(place, File::Stack))),
                Err(WaitGap::Missing) => None,
            };
        }
        detail
    }

    fn refusal(&mut self, place: &Place<'_>, file: File) -> Text {
        let why = self.refusals.entry((place.pid, file)).or_insert_with(|| {
            Text::from(match file {
                File::Syscall => access::memory_refusal(place.proc_root, place.pid)
                    .unwrap_or_else(|| "the kernel refuses it although memory may be read".to_owned()),
                File::Stack => access::stack_refusal(place.proc_root, place.pid),
            })
        });
        why.clone()
    }
}

impl Kept {
    /// Whether it is still what a new look would find. A thread that was seen running says nothing of now.
    fn answers(&self, counters: Counters, depth: Depth) -> bool {
        let blocked = match &self.detail.call {
            Some(SyscallState::Inside(_) | SyscallState::Outside) => true,
            Some(SyscallState::Refused(_)) | None => self.detail.wait_channel.is_some(),
            Some(SyscallState::Running) => false,
        };
        blocked && self.counters == counters && self.depth >= depth
    }
}

/// Each thread once, as deep as anybody wants it, by rising key. Where there are too many, those on screen come first.
fn wanted(interest: &Interest) -> Vec<(ThreadKey, Depth)> {
    let stack = interest.stack.iter().map(|&key| (key, Depth::Stack));
    let rows = interest.details.iter().map(|&key| (key, Depth::Row));
    let waits = interest.waits.iter().map(|&key| (key, Depth::Wait));
    let mut wanted: Vec<(ThreadKey, Depth)> = stack.chain(rows).chain(waits).take(MOST).collect();
    // The deepest of the same thread stands first and stays.
    wanted.sort_unstable_by_key(|&(key, depth)| (key, std::cmp::Reverse(depth)));
    wanted.dedup_by_key(|(key, _)| *key);
    wanted
}

#[cfg(test)]
#[path = "detail_tests.rs"]
mod tests;
