//! The threads of one process and their counters: the hot path. Nothing is read of threads that slept lately while the process's
//! own clock proves that they still do; one read through a kept descriptor otherwise, and everything else only for those that
//! moved, are young or are new. Ended threads leave silently. What did not change is in the next sample the same piece of memory.

use std::collections::HashMap;
use std::sync::Arc;

use rustix::io::Errno;

use crate::data::sample::{ClockReading, CounterSource, Counters, Identity, ThreadFact};
use crate::data::{CpuSet, Pid, SharedList, ThreadKey, Tid};
use crate::linux::budget::Budget;
use crate::linux::proc::proc_dir::{DirEntry, FileReader, ProcDir, has_no_descriptors, is_gone};
use crate::linux::proc::process_clock::ProcessClock;
use crate::linux::proc::stat;
use crate::probe::identify::identifier::{Identification, NewThread};
use crate::probe::threads::kept::{Kept, Path, ReadContext};
use crate::probe::threads::unread::{KnownTime, Span};

/// How often missing evidence of a thread is asked for again: glibc lists a thread a little after the kernel does.
const TRIES: u8 = 5;
/// Every how many ticks the affinity of a thread that ran lately is read again.
const BUSY_AFFINITY_ROUND: usize = 10;
/// Every how many ticks that of the others is.
const AFFINITY_ROUND: usize = 60;
/// Every how many ticks each thread is read.
const ALL_READ: u8 = 30;

/// The threads of one process, by rising tid.
#[derive(Debug)]
pub struct ThreadReader {
    pid: Pid,
    task: ProcDir,
    /// By rising key.
    facts: SharedList<ThreadFact>,
    /// Of the same threads, in the same order.
    kept: Vec<Kept>,
    listing: Vec<DirEntry>,
    /// The process's CPU time; none where it can't be known.
    clock: Option<ProcessClock>,
    /// As of the last refresh.
    clock_ns: Option<u64>,
    time: KnownTime,
    /// Ticks after which each thread is read again.
    until_all: u8,
    /// Threads that were not read at the last refresh, and what they may have run since they were, in nanoseconds.
    unread: (u32, u64),
    /// The tick in [`AFFINITY_ROUND`]: which threads have their affinity read next.
    turn: usize,
    /// Whether a thread's affinity was another at the last refresh: who changes one often changes all.
    affinity_changed: bool,
    /// Threads that were dropped since [`ThreadReader::forget_gone`]: their exit records come in the same look.
    gone: HashMap<Tid, ThreadKey>,
    /// Whether threads of it may not be known.
    incomplete: bool,
    /// Threads that are listed and not read yet, because the budget of a look ran out.
    pub later: usize,
    /// Threads that are there but could not be read, at the last refresh, and the reason.
    pub unreadable: Option<(usize, Errno)>,
}

/// Which threads are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    All,
    /// Those that ran lately, and of which it is not known.
    Busy,
    Others,
}

impl ThreadReader {
    /// The task folder of a process; its main thread appears at the first refresh. Without a clock, every thread is read every
    /// time.
    pub fn new(pid: Pid, task: ProcDir, clock: Option<ProcessClock>) -> Self {
        Self {
            pid,
            task,
            clock,
            clock_ns: None,
            time: KnownTime::default(),
            until_all: 0,
            unread: (0, 0),
            facts: SharedList::default(),
            kept: Vec::new(),
            listing: Vec::new(),
            turn: 0,
            affinity_changed: false,
            gone: HashMap::new(),
            incomplete: false,
            later: 0,
            unreadable: None,
        }
    }

    /// Reads the known threads: all of them, or, where the process's clock proves that the others slept, those that ran lately.
    pub fn refresh(&mut self, means: &mut ReadContext) {
        self.unreadable = None;
        self.unread = (0, 0);
        if self.kept.is_empty() {
            match Kept::meet(&self.task, Tid(self.pid.0), self.pid, means) {
                Ok(met) => self.keep(vec![met]),
                Err(error) => self.unreadable = (!is_gone(error)).then_some((1, error)),
            }
            self.read_clock();
            return;
        }
        let others = self.kept.iter().filter(|kept| !kept.is_busy()).count();
        // Where most threads are busy, reading these twice would cost more than it saves.
        if self.clock.is_none() || means.source != CounterSource::Schedstat || others <= self.kept.len() / 2 {
            let before_ns = self.read_clock();
            self.pass(Which::All, means);
            if let (Some(before_ns), Some(after_ns)) = (before_ns, self.read_clock()) {
                self.time.all_read(Span { before_ns, after_ns });
            }
            self.until_all = 0;
            return self.renew_affinities(means);
        }
        match self.until_all.checked_sub(1) {
            None => self.read_all(means),
            Some(until_all) => {
                self.until_all = until_all;
                self.pass(Which::Busy, means);
                let unread_ns = self.read_clock().map(|after_ns| self.time.unread_ns(after_ns));
                match unread_ns.filter(|&unread_ns| unread_ns <= means.most_unread_ns) {
                    Some(unread_ns) => self.unread = (u32::try_from(others).unwrap_or(u32::MAX), unread_ns),
                    None => self.read_all(means),
                }
            }
        }
        self.renew_affinities(means);
    }

    /// Reads every thread, and those that ran lately once more, so that it is known again what the others may run unread.
    fn read_all(&mut self, means: &mut ReadContext) {
        self.until_all = ALL_READ - 1;
        let began_ns = self.read_clock();
        self.pass(Which::Busy, means);
        self.pass(Which::Others, means);
        let before_ns = self.read_clock();
        let gained_ns = self.pass(Which::Busy, means);
        if let (Some(began_ns), Some(before_ns), Some(after_ns)) = (began_ns, before_ns, self.read_clock()) {
            self.time.busy_read_twice(began_ns, Span { before_ns, after_ns }, gained_ns);
        }
    }

    fn read_clock(&mut self) -> Option<u64> {
        self.clock_ns = self.clock.as_ref().and_then(ProcessClock::now_ns);
        self.clock_ns
    }

    /// Reads threads once, one after the other. Returns what they ran since they were last read, in nanoseconds.
    fn pass(&mut self, which: Which, means: &mut ReadContext) -> u64 {
        let (mut failed, mut unread, mut gained_ns, mut dropped) = (None, 0, 0_u64, Vec::new());
        for (at, kept) in self.kept.iter_mut().enumerate() {
            if which != Which::All && (which == Which::Busy) != kept.is_busy() {
                continue;
            }
            let before = &self.facts[at];
            let mut fact = before.clone();
            let result = kept.refresh(&mut fact, &self.task, means);
            let run_ns = fact.counters.run_ns;
            self.time.read(before.counters.run_ns, run_ns);
            gained_ns = gained_ns.saturating_add(run_ns.saturating_sub(before.counters.run_ns));
            if fact != *before {
                self.facts[at] = fact;
            }
            let Err(error) = result else { continue };
            failed = failed.or((!is_gone(error)).then_some(error));
            unread += usize::from(!is_gone(error));
            // What tftop can't open may be there all the same.
            if !has_no_descriptors(error) {
                kept.close(means);
                self.time.ended(run_ns);
                dropped.push(at);
            }
        }
        self.incomplete |= !dropped.is_empty();
        self.drop_threads(&dropped);
        if let Some(error) = failed {
            self.unreadable = Some((unread, error));
        }
        gained_ns
    }

    /// Reads where some of the threads may run; where all of them may, once one has changed.
    fn renew_affinities(&mut self, means: &mut ReadContext) {
        let all = std::mem::take(&mut self.affinity_changed);
        for (at, kept) in self.kept.iter().enumerate() {
            let round = if kept.is_busy() { BUSY_AFFINITY_ROUND } else { AFFINITY_ROUND };
            if !all && at % round != self.turn % round {
                continue;
            }
            let known = &self.facts[at];
            let mask = means.masks.of(&self.task, known.key.tid, &mut means.reader);
            if mask.is_some() && !same_mask(mask.as_ref(), known.affinity.as_ref()) {
                self.affinity_changed |= !all && mask != known.affinity;
                let renewed = ThreadFact { affinity: mask, ..known.clone() };
                self.facts[at] = renewed;
            }
        }
        self.turn = (self.turn + 1) % AFFINITY_ROUND;
    }

    /// Takes new threads in.
    fn keep(&mut self, met: Vec<(ThreadFact, Kept)>) {
        met.iter().for_each(|(fact, _)| self.time.met(fact.counters.run_ns));
        let before = self.facts.iter().cloned().zip(std::mem::take(&mut self.kept));
        let mut all: Vec<(ThreadFact, Kept)> = before.chain(met).collect();
        all.sort_unstable_by_key(|(fact, _)| fact.key);
        let (facts, kept): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        (self.facts, self.kept) = (facts.into(), kept);
    }

    /// Forgets the threads at these places, which rise.
    fn drop_threads(&mut self, dropped: &[usize]) {
        if dropped.is_empty() {
            return;
        }
        self.gone.extend(dropped.iter().map(|&at| self.facts[at].key).map(|key| (key.tid, key)));
        let stays = |at: &usize| dropped.binary_search(at).is_err();
        let facts = self.facts.iter().enumerate().filter(|(at, _)| stays(at)).map(|(_, fact)| fact.clone()).collect();
        let kept = std::mem::take(&mut self.kept).into_iter().enumerate().filter(|(at, _)| stays(at));
        (self.facts, self.kept) = (facts, kept.map(|(_, kept)| kept).collect());
    }

    /// Adds threads that are listed and not kept, as far as the budget goes; drops those that are kept and no longer there.
    /// `expected` is how many the process says it has: while nobody is missing and the number fits, the set is the same and
    /// the folder needs no listing.
    pub fn find(&mut self, expected: u64, budget: &Budget, means: &mut ReadContext) {
        if !self.incomplete && self.kept.len() as u64 == expected {
            return;
        }
        // A folder that can't be listed belongs to a process that ended: its caller finds that out.
        if means.reader.numbers(&self.task, &mut self.listing).is_err() {
            return;
        }
        let mut newborn = Vec::new();
        let mut listed = self.listing.iter().map(|entry| entry.number).peekable();
        let (task, pid) = (&self.task, self.pid);
        let mut unreadable = (0, None);
        let mut later = 0;
        let mut meet = |tid, means: &mut ReadContext| {
            if budget.step().is_err() {
                later += 1;
                return;
            }
            match Kept::meet(task, Tid(tid), pid, means) {
                Ok(met) => newborn.push(met),
                Err(error) if is_gone(error) => {}
                Err(error) => unreadable = (unreadable.0 + 1, Some(error)),
            }
        };
        let mut dropped = Vec::new();
        for (at, (fact, kept)) in self.facts.iter().zip(&mut self.kept).enumerate() {
            let tid = fact.key.tid.0;
            while let Some(other) = listed.next_if(|&listed| listed < tid) {
                meet(other, means);
            }
            // The kernel may leave out a live thread while others end, so absence alone proves nothing.
            let stays = listed.next_if_eq(&tid).is_some() || task.holds(Path::new(tid, "stat").as_str());
            if !stays {
                kept.close(means);
                self.time.ended(fact.counters.run_ns);
                dropped.push(at);
            }
        }
        listed.for_each(|tid| meet(tid, means));
        (self.later, self.incomplete) = (later, later > 0);
        if let (count, Some(error)) = unreadable {
            self.unreadable = Some((count, error));
        }
        self.drop_threads(&dropped);
        if !newborn.is_empty() {
            self.keep(newborn);
        }
    }

    /// What the process's clock said at the last refresh; none where it can't be read.
    pub fn clock(&self) -> Option<ClockReading> {
        let (unread_threads, unread_ns) = self.unread;
        self.clock_ns.map(|cpu_ns| ClockReading { cpu_ns, unread_threads, unread_ns })
    }

    /// The threads as of the last refresh.
    pub fn facts(&self) -> &SharedList<ThreadFact> {
        &self.facts
    }

    /// Whether the kernel's name of any of them fits.
    pub fn named(&self, fits: impl Fn(&str) -> bool) -> bool {
        self.facts.iter().any(|fact| fits(&fact.identity.comm))
    }

    /// The counters of this thread as of the last refresh; none when it is not one of them, or no longer the same.
    pub fn counters(&self, key: ThreadKey) -> Option<Counters> {
        let at = self.facts.partition_point(|fact| fact.key < key);
        self.facts.get(at).filter(|fact| fact.key == key).map(|fact| fact.counters)
    }

    /// The thread that has this number, or had it in this look.
    pub fn known(&self, tid: Tid) -> Option<ThreadKey> {
        let kept = || self.facts.get(self.facts.partition_point(|fact| fact.key.tid < tid)).map(|fact| fact.key);
        self.gone.get(&tid).copied().or_else(|| kept().filter(|key| key.tid == tid))
    }

    /// A look is over: what was dropped in it nobody asks for any more.
    pub fn forget_gone(&mut self) {
        self.gone.clear();
    }

    /// The folder of the threads.
    pub fn task(&self) -> &ProcDir {
        &self.task
    }

    /// Whether evidence of any of them is still wanted.
    pub fn want_evidence(&self) -> bool {
        self.kept.iter().any(|kept| kept.tries < TRIES)
    }

    /// Whether any counter of any thread is not zero; and whether any thread has used CPU time at all.
    pub fn evidence_of_source(&self) -> (bool, bool) {
        let counted = self.facts.iter().any(|fact| fact.counters.run_ns > 0);
        (counted, counted || self.facts.iter().any(|fact| fact.cpu_ticks > 0))
    }

    /// Threads whose evidence is still wanted. In a pid namespace of its own, a thread's own number is read from its
    /// status; a thread that ended meanwhile is left out.
    pub fn unidentified(&self, namespaced: bool, reader: &mut FileReader) -> Vec<NewThread> {
        let wanted =
            self.kept.iter().enumerate().filter(|(_, kept)| kept.tries < TRIES).map(|(at, _)| self.facts[at].key.tid);
        let newborn = |tid: Tid| {
            let namespaced_tid = match namespaced {
                false => tid.0,
                true => namespaced_number(&self.task, tid, reader)?,
            };
            Some(NewThread { tid, namespaced_tid })
        };
        wanted.filter_map(newborn).collect()
    }

    /// Takes what was found out. What is absent is asked for again a few times, then left with the reason.
    pub fn identify(&mut self, mut evidence: Identification) {
        let mut last = Arc::new(Identity::default());
        for (at, kept) in self.kept.iter_mut().enumerate().filter(|(_, kept)| kept.tries < TRIES) {
            kept.tries += 1;
            let fact = &self.facts[at];
            let known = &fact.identity;
            let mut identity = Identity { comm: known.comm.clone(), main: known.main, ..Identity::default() };
            match evidence.threads.remove(&fact.key.tid) {
                Some((entry, target_name)) => {
                    (identity.entry, identity.target_name) = (entry, target_name);
                    if !evidence.unnamed.contains(&fact.key.tid) {
                        kept.tries = TRIES;
                    }
                }
                None if identity.main => {}
                None => identity.missing = Some(evidence.missing.clone().unwrap_or_else(not_listed)),
            }
            if identity != **known {
                // Threads of a pool are often all alike, and there may be thousands.
                if identity != *last {
                    last = Arc::new(identity);
                }
                let named = ThreadFact { identity: Arc::clone(&last), ..fact.clone() };
                self.facts[at] = named;
            }
        }
    }

    /// Closes every descriptor of an ended process; the facts stay.
    pub fn close(&mut self, means: &mut ReadContext) {
        self.kept.iter_mut().for_each(|kept| kept.close(means));
    }
}

/// Whether two masks are one and the same, as the affinity reader shares them.
fn same_mask(a: Option<&Arc<CpuSet>>, b: Option<&Arc<CpuSet>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn not_listed() -> String {
    "the thread is in no list of the target's C library".to_owned()
}

/// The thread's id in the innermost pid namespace (`NSpid` of status).
fn namespaced_number(task: &ProcDir, tid: Tid, reader: &mut FileReader) -> Option<u32> {
    let status = reader.read(task, Path::new(tid.0, "status").as_str(), 8192).ok()?;
    stat::status_last_number(status, "NSpid").and_then(|number| u32::try_from(number).ok())
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "simulated_tests.rs"]
mod simulated_tests;
