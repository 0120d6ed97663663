//! The threads of one process and their counters: the hot path. Nothing is read of threads that slept lately while the process's
//! own clock proves that they still do; one read through a kept descriptor otherwise, and everything else only for those that
//! moved, are young or are new. Ended threads leave silently.

use std::collections::HashMap;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;

use crate::data::sample::{ClockReading, CounterSource, Counters, Identity, ThreadFact, ThreadState};
use crate::data::{Pid, Text, ThreadKey, Tid};
use crate::linux::budget::Budget;
use crate::linux::proc::affinity::AffinityReader;
use crate::linux::proc::proc_dir::{DirEntry, FileReader, ProcDir, has_no_descriptors, is_gone};
use crate::linux::proc::process_clock::ProcessClock;
use crate::linux::proc::stat;
use crate::linux::proc::stat::Stat;
use crate::probe::identify::identifier::{Identification, NewThread};
use crate::probe::threads::unread::{KnownTime, Span};

/// Ticks in which a new thread's name is read again: creators set names after birth.
const YOUNG: u8 = 3;
/// How often missing evidence of a thread is asked for again: glibc lists a thread a little after the kernel does.
const TRIES: u8 = 5;
/// Every how many ticks a thread's affinity is read again.
const AFFINITY_ROUND: usize = 10;
/// Ticks for which a thread that ran counts as busy.
const RAN_LATELY: u8 = 8;
/// Every how many ticks each thread is read.
const ALL_READ: u8 = 30;
/// Longer than any schedstat line: three u64 and blanks.
const SCHEDSTAT_LINE: usize = 80;
/// Longer than any stat line of a thread up to its 48th field.
const STAT_LINE: usize = 1280;

/// What reading threads needs beside the threads.
#[derive(Debug)]
pub struct ReadContext {
    /// Reads and counts bytes.
    pub reader: FileReader,
    /// Shares affinity masks.
    pub masks: AffinityReader,
    /// What counters are made of: decides whether stat must be read at every tick.
    pub source: CounterSource,
    /// Descriptors that may still be kept open.
    pub room: usize,
    /// What threads that are not read may have run together, at most, in nanoseconds.
    pub most_unread_ns: u64,
}

/// The threads of one process, by rising tid.
#[derive(Debug)]
pub struct ThreadReader {
    pid: Pid,
    task: ProcDir,
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
    /// Which tenth of the threads has its affinity read next.
    turn: usize,
    /// Threads that were dropped since [`ThreadReader::forget_gone`]: their exit records come in the same look.
    gone: HashMap<Tid, ThreadKey>,
    /// Whether threads of it may not be known.
    incomplete: bool,
    /// Threads that are listed and not read yet, because the budget of a look ran out.
    pub later: usize,
    /// Threads that are there but could not be read, at the last refresh, and the reason.
    pub unreadable: Option<(usize, Errno)>,
}

#[derive(Debug)]
struct Kept {
    fact: ThreadFact,
    schedstat: Option<OwnedFd>,
    sights: u8,
    tries: u8,
    /// Ticks in a row in which it did not run.
    slept: u8,
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
            kept: Vec::new(),
            listing: Vec::new(),
            turn: 0,
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
                Ok(kept) => self.keep(kept),
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
        let before = self.kept.len();
        let (task, time, gone) = (&self.task, &mut self.time, &mut self.gone);
        let (mut failed, mut unread, mut gained_ns) = (None, 0, 0_u64);
        self.kept.retain_mut(|kept| {
            if which != Which::All && (which == Which::Busy) != kept.is_busy() {
                return true;
            }
            let run_ns = kept.fact.counters.run_ns;
            let result = kept.refresh(task, means);
            time.read(run_ns, kept.fact.counters.run_ns);
            gained_ns = gained_ns.saturating_add(kept.fact.counters.run_ns.saturating_sub(run_ns));
            let Err(error) = result else { return true };
            failed = failed.or((!is_gone(error)).then_some(error));
            // What tftop can't open may be there all the same.
            let stays = has_no_descriptors(error);
            means.room += usize::from(!stays && kept.schedstat.is_some());
            unread += usize::from(!is_gone(error));
            if !stays {
                time.ended(kept.fact.counters.run_ns);
                gone.insert(kept.fact.key.tid, kept.fact.key);
            }
            stays
        });
        self.incomplete |= self.kept.len() != before;
        if let Some(error) = failed {
            self.unreadable = Some((unread, error));
        }
        gained_ns
    }

    /// Reads where a tenth of the threads may run.
    fn renew_affinities(&mut self, means: &mut ReadContext) {
        for kept in self.kept.iter_mut().skip(self.turn).step_by(AFFINITY_ROUND) {
            kept.read_affinity(&self.task, means);
        }
        self.turn = (self.turn + 1) % AFFINITY_ROUND;
    }

    fn keep(&mut self, kept: Kept) {
        self.time.met(kept.fact.counters.run_ns);
        self.kept.push(kept);
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
        let (time, gone) = (&mut self.time, &mut self.gone);
        let mut unreadable = (0, None);
        let mut later = 0;
        let mut meet = |tid, means: &mut ReadContext| {
            if budget.step().is_err() {
                later += 1;
                return;
            }
            match Kept::meet(task, Tid(tid), pid, means) {
                Ok(kept) => newborn.push(kept),
                Err(error) if is_gone(error) => {}
                Err(error) => unreadable = (unreadable.0 + 1, Some(error)),
            }
        };
        self.kept.retain(|kept| {
            let tid = kept.fact.key.tid.0;
            while let Some(other) = listed.next_if(|&listed| listed < tid) {
                meet(other, means);
            }
            // The kernel may leave out a live thread while others end, so absence alone proves nothing.
            let stays = listed.next_if_eq(&tid).is_some() || task.holds(Path::new(tid, "stat").as_str());
            means.room += usize::from(!stays && kept.schedstat.is_some());
            if !stays {
                time.ended(kept.fact.counters.run_ns);
                gone.insert(kept.fact.key.tid, kept.fact.key);
            }
            stays
        });
        listed.for_each(|tid| meet(tid, means));
        (self.later, self.incomplete) = (later, later > 0);
        if let (count, Some(error)) = unreadable {
            self.unreadable = Some((count, error));
        }
        if !newborn.is_empty() {
            newborn.into_iter().for_each(|kept| self.keep(kept));
            self.kept.sort_unstable_by_key(|kept| kept.fact.key);
        }
    }

    /// What the process's clock said at the last refresh; none where it can't be read.
    pub fn clock(&self) -> Option<ClockReading> {
        let (unread_threads, unread_ns) = self.unread;
        self.clock_ns.map(|cpu_ns| ClockReading { cpu_ns, unread_threads, unread_ns })
    }

    /// The threads as of the last refresh.
    pub fn facts(&self) -> Vec<ThreadFact> {
        self.kept.iter().map(|kept| kept.fact.clone()).collect()
    }

    /// Whether the kernel's name of any of them fits.
    pub fn named(&self, fits: impl Fn(&str) -> bool) -> bool {
        self.kept.iter().any(|kept| fits(&kept.fact.identity.comm))
    }

    /// The counters of this thread as of the last refresh; none when it is not one of them, or no longer the same.
    pub fn counters(&self, key: ThreadKey) -> Option<Counters> {
        let at = self.kept.binary_search_by_key(&key, |kept| kept.fact.key).ok()?;
        self.kept.get(at).map(|kept| kept.fact.counters)
    }

    /// The thread that has this number, or had it in this look.
    pub fn known(&self, tid: Tid) -> Option<ThreadKey> {
        let kept = || self.kept.binary_search_by_key(&tid, |kept| kept.fact.key.tid).ok();
        self.gone.get(&tid).copied().or_else(|| self.kept.get(kept()?).map(|kept| kept.fact.key))
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
        let counted = self.kept.iter().any(|kept| kept.fact.counters.run_ns > 0);
        (counted, counted || self.kept.iter().any(|kept| kept.fact.cpu_ticks > 0))
    }

    /// Threads whose evidence is still wanted. In a pid namespace of its own, a thread's own number is read from its
    /// status; a thread that ended meanwhile is left out.
    pub fn unidentified(&self, namespaced: bool, reader: &mut FileReader) -> Vec<NewThread> {
        let wanted = self.kept.iter().filter(|kept| kept.tries < TRIES).map(|kept| kept.fact.key.tid);
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
        for kept in self.kept.iter_mut().filter(|kept| kept.tries < TRIES) {
            kept.tries += 1;
            let known = &kept.fact.identity;
            let mut identity = Identity { comm: known.comm.clone(), main: known.main, ..Identity::default() };
            match evidence.threads.remove(&kept.fact.key.tid) {
                Some((entry, target_name)) => {
                    (identity.entry, identity.target_name) = (entry, target_name);
                    if !evidence.unnamed.contains(&kept.fact.key.tid) {
                        kept.tries = TRIES;
                    }
                }
                None if identity.main => {}
                None => identity.missing = Some(evidence.missing.clone().unwrap_or_else(not_listed)),
            }
            if identity != **known {
                kept.fact.identity = Arc::new(identity);
            }
        }
    }

    /// Closes every descriptor of an ended process; the facts stay.
    pub fn close(&mut self, means: &mut ReadContext) {
        for kept in &mut self.kept {
            means.room += usize::from(kept.schedstat.take().is_some());
        }
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

impl Kept {
    /// Reads a thread for the first time. Fails with ENOENT or ESRCH when it is gone already.
    fn meet(task: &ProcDir, tid: Tid, pid: Pid, means: &mut ReadContext) -> Result<Self, Errno> {
        let identity = Identity { main: tid.0 == pid.0, ..Identity::default() };
        let fact = ThreadFact {
            key: ThreadKey { tid, start_ticks: 0 },
            counters: Counters::default(),
            cpu_ticks: 0,
            state: ThreadState::Unknown,
            last_cpu: None,
            affinity: None,
            identity: Arc::new(identity),
        };
        let mut kept = Self { fact, schedstat: None, sights: 0, tries: 0, slept: 0 };
        if means.room > 0
            && let Ok(file) = task.file(Path::new(tid.0, "schedstat").as_str())
        {
            means.room -= 1;
            kept.schedstat = Some(file);
        }
        let result = kept.refresh(task, means);
        kept.read_affinity(task, means);
        if result.is_err() {
            means.room += usize::from(kept.schedstat.is_some());
        }
        result.map(|()| kept)
    }

    /// Whether it ran lately, or is not known well enough to say.
    fn is_busy(&self) -> bool {
        self.slept < RAN_LATELY || self.fact.state == ThreadState::Running || self.schedstat.is_none()
    }

    /// Reads what may have changed. Fails with ENOENT or ESRCH when the thread is gone.
    fn refresh(&mut self, task: &ProcDir, means: &mut ReadContext) -> Result<(), Errno> {
        let uncounted = means.source == CounterSource::StatTicks && self.schedstat.is_none();
        let moved = !uncounted && self.read_counters(task, means)?;
        self.slept = if moved { 0 } else { self.slept.saturating_add(1) };
        let awake = moved || self.fact.state == ThreadState::Running || means.source == CounterSource::StatTicks;
        if awake || self.sights < YOUNG {
            self.read_stat(task, means)?;
            self.sights = self.sights.saturating_add(1);
        }
        Ok(())
    }

    fn read_affinity(&mut self, task: &ProcDir, means: &mut ReadContext) {
        let mask = means.masks.of(task, self.fact.key.tid, &mut means.reader);
        self.fact.affinity = mask.or(self.fact.affinity.take());
    }

    /// Reads schedstat; says whether the thread ran since.
    fn read_counters(&mut self, task: &ProcDir, means: &mut ReadContext) -> Result<bool, Errno> {
        let mut line = [0; SCHEDSTAT_LINE];
        let read = match &self.schedstat {
            Some(file) => rustix::io::pread(file, &mut line, 0)?,
            None => match task.file(Path::new(self.fact.key.tid.0, "schedstat").as_str()) {
                Ok(file) => rustix::io::pread(&file, &mut line, 0)?,
                // Kernels without schedstat have no such file: whether the thread is gone, its stat says.
                Err(Errno::NOENT) => return self.read_stat(task, means).map(|()| false),
                Err(error) => return Err(error),
            },
        };
        means.reader.bytes += read as u64;
        let counters = stat::counters(&line[..read]).unwrap_or(self.fact.counters);
        let moved = counters != self.fact.counters;
        self.fact.counters = counters;
        Ok(moved)
    }

    /// Reads stat. A thread with another start time is another thread: the one that was known is gone.
    fn read_stat(&mut self, task: &ProcDir, means: &mut ReadContext) -> Result<(), Errno> {
        let mut line = [0; STAT_LINE];
        let file = task.file(Path::new(self.fact.key.tid.0, "stat").as_str())?;
        let read = rustix::io::pread(&file, &mut line, 0)?;
        means.reader.bytes += read as u64;
        let stat = Stat::parse(&line[..read]).ok_or(Errno::SRCH)?;
        let known = &mut self.fact;
        match known.key.start_ticks {
            0 => known.key.start_ticks = stat.start_ticks,
            same if same == stat.start_ticks => {}
            _ => return Err(Errno::SRCH),
        }
        (known.state, known.cpu_ticks, known.last_cpu) = (stat.state, stat.cpu_ticks, stat.last_cpu);
        // Clean text differs from the bytes only for odd names: those are cleaned again at every read.
        if known.identity.comm.as_bytes() != stat.comm {
            let comm = Text::from_bytes(stat.comm);
            if known.identity.comm != comm {
                Arc::make_mut(&mut known.identity).comm = comm;
            }
        }
        Ok(())
    }
}

/// `TID/NAME` without an allocation.
struct Path {
    bytes: [u8; 32],
    length: usize,
}

impl Path {
    fn new(tid: u32, name: &str) -> Self {
        let mut path = Self { bytes: [0; 32], length: 0 };
        let mut rest = &mut path.bytes[..];
        // Ten digits, a slash and the longest name used here are 21 bytes.
        let whole = write!(rest, "{tid}/{name}").is_ok();
        path.length = if whole { 32 - rest.len() } else { 0 };
        path
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
