//! The threads of one process and their counters: the hot path. One read through a kept descriptor for a thread that
//! slept; everything else only for those that moved, are young or are new. Ended threads leave silently.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;

use crate::data::sample::{CounterSource, Counters, Identity, ThreadFact, ThreadState};
use crate::data::{Pid, Text, ThreadKey, Tid};
use crate::linux::budget::Budget;
use crate::linux::proc::affinity::AffinityReader;
use crate::linux::proc::proc_dir::{DirEntry, FileReader, ProcDir, has_no_descriptors, is_gone};
use crate::linux::proc::stat;
use crate::linux::proc::stat::Stat;
use crate::probe::identify::identifier::{Identification, NewThread};

/// Ticks in which a new thread's name is read again: creators set names after birth.
const YOUNG: u8 = 3;
/// How often missing evidence of a thread is asked for again: glibc lists a thread a little after the kernel does.
const TRIES: u8 = 5;
/// Every how many ticks a thread's affinity is read again.
const AFFINITY_ROUND: usize = 10;
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
}

/// The threads of one process, by rising tid.
#[derive(Debug)]
pub struct ThreadReader {
    pid: Pid,
    task: ProcDir,
    kept: Vec<Kept>,
    listing: Vec<DirEntry>,
    /// Which tenth of the threads has its affinity read next.
    turn: usize,
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
}

impl ThreadReader {
    /// The task folder of a process; its main thread appears at the first refresh.
    pub fn new(pid: Pid, task: ProcDir) -> Self {
        Self {
            pid,
            task,
            kept: Vec::new(),
            listing: Vec::new(),
            turn: 0,
            incomplete: false,
            later: 0,
            unreadable: None,
        }
    }

    /// Reads every known thread once.
    pub fn refresh(&mut self, means: &mut ReadContext) {
        self.unreadable = None;
        if self.kept.is_empty() {
            match Kept::meet(&self.task, Tid(self.pid.0), self.pid, means) {
                Ok(kept) => self.kept.push(kept),
                Err(error) => self.unreadable = (!is_gone(error)).then_some((1, error)),
            }
            return;
        }
        let before = self.kept.len();
        let (task, turn) = (&self.task, self.turn);
        let mut index = 0;
        let (mut failed, mut unread) = (None, 0);
        self.kept.retain_mut(|kept| {
            let renewed = index % AFFINITY_ROUND == turn;
            index += 1;
            let result = kept.refresh(task, renewed, means);
            let Err(error) = result else { return true };
            failed = failed.or((!is_gone(error)).then_some(error));
            // What tftop can't open may be there all the same.
            let stays = has_no_descriptors(error);
            means.room += usize::from(!stays && kept.schedstat.is_some());
            unread += usize::from(!is_gone(error));
            stays
        });
        self.turn = (turn + 1) % AFFINITY_ROUND;
        self.incomplete |= self.kept.len() != before;
        self.unreadable = failed.map(|error| (unread, error));
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
            stays
        });
        listed.for_each(|tid| meet(tid, means));
        (self.later, self.incomplete) = (later, later > 0);
        if let (count, Some(error)) = unreadable {
            self.unreadable = Some((count, error));
        }
        if !newborn.is_empty() {
            self.kept.append(&mut newborn);
            self.kept.sort_unstable_by_key(|kept| kept.fact.key);
        }
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
        let mut kept = Self { fact, schedstat: None, sights: 0, tries: 0 };
        if means.room > 0
            && let Ok(file) = task.file(Path::new(tid.0, "schedstat").as_str())
        {
            means.room -= 1;
            kept.schedstat = Some(file);
        }
        let result = kept.refresh(task, true, means);
        if result.is_err() {
            means.room += usize::from(kept.schedstat.is_some());
        }
        result.map(|()| kept)
    }

    /// Reads what may have changed. Fails with ENOENT or ESRCH when the thread is gone.
    fn refresh(&mut self, task: &ProcDir, affinity: bool, means: &mut ReadContext) -> Result<(), Errno> {
        let uncounted = means.source == CounterSource::StatTicks && self.schedstat.is_none();
        let moved = !uncounted && self.read_counters(task, means)?;
        let awake = moved || self.fact.state == ThreadState::Running || means.source == CounterSource::StatTicks;
        if awake || self.sights < YOUNG {
            self.read_stat(task, means)?;
            self.sights = self.sights.saturating_add(1);
        }
        if affinity {
            let mask = means.masks.of(task, self.fact.key.tid, &mut means.reader);
            self.fact.affinity = mask.or(self.fact.affinity.take());
        }
        Ok(())
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
