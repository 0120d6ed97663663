//! One thread as the sampler keeps it: the descriptor its counters are read through and what decides when it is read again. What was
//! read stands in its fact.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;

use crate::data::sample::{CounterSource, Counters, Identity, ThreadFact, ThreadState};
use crate::data::{Pid, Text, ThreadKey, Tid};
use crate::linux::proc::affinity::AffinityReader;
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat;
use crate::linux::proc::stat::Stat;

/// Ticks in which a new thread's name is read again: creators set names after birth.
const YOUNG: u8 = 3;
/// Ticks for which a thread that ran counts as busy.
const RAN_LATELY: u8 = 8;
/// Descriptors that are left for counters: with fewer, stat is opened for every read.
const COUNTERS_ROOM: usize = 256;
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
    /// What was known of the newest thread when it was met: those that are met with the same name share it.
    pub newborn: Arc<Identity>,
    /// What threads that are not read may have run together, at most, in nanoseconds.
    pub most_unread_ns: u64,
}

/// What is kept of a thread beside its fact: small, because it is looked at for every thread at every tick.
#[derive(Debug)]
pub(super) struct Kept {
    schedstat: Option<OwnedFd>,
    /// Kept while it runs: opening costs more than reading.
    stat: Option<OwnedFd>,
    sights: u8,
    /// How often missing evidence of it was asked for.
    pub tries: u8,
    /// Ticks in a row in which it did not run.
    slept: u8,
    /// Whether it was in state R when that was last read.
    running: bool,
}

impl Kept {
    /// Reads a thread for the first time. Fails with ENOENT or ESRCH when it is gone already.
    pub fn meet(task: &ProcDir, tid: Tid, pid: Pid, means: &mut ReadContext) -> Result<(ThreadFact, Self), Errno> {
        let identity = match tid.0 == pid.0 {
            true => Arc::new(Identity { main: true, ..Identity::default() }),
            false => Arc::clone(&means.newborn),
        };
        let mut fact = ThreadFact {
            key: ThreadKey { tid, start_ticks: 0 },
            counters: Counters::default(),
            cpu_ticks: 0,
            state: ThreadState::Unknown,
            last_cpu: None,
            affinity: None,
            identity,
        };
        let mut kept = Self { schedstat: None, stat: None, sights: 0, tries: 0, slept: 0, running: false };
        if means.room > 0
            && let Ok(file) = task.file(Path::new(tid.0, "schedstat").as_str())
        {
            means.room -= 1;
            kept.schedstat = Some(file);
        }
        let result = kept.refresh(&mut fact, task, means);
        if result.is_err() {
            kept.close(means);
        }
        fact.affinity = means.masks.of(task, tid, &mut means.reader);
        if !fact.identity.main {
            means.newborn = Arc::clone(&fact.identity);
        }
        result.map(|()| (fact, kept))
    }

    /// Whether it ran lately, or is not known well enough to say.
    pub fn is_busy(&self) -> bool {
        self.slept < RAN_LATELY || self.running || self.schedstat.is_none()
    }

    /// Reads what may have changed. Fails with ENOENT or ESRCH when the thread is gone.
    pub fn refresh(&mut self, fact: &mut ThreadFact, task: &ProcDir, means: &mut ReadContext) -> Result<(), Errno> {
        let uncounted = means.source == CounterSource::StatTicks && self.schedstat.is_none();
        let moved = !uncounted && self.read_counters(fact, task, means)?;
        self.slept = if moved { 0 } else { self.slept.saturating_add(1) };
        let awake = moved || self.running || means.source == CounterSource::StatTicks;
        if awake || self.sights < YOUNG {
            self.read_stat(fact, task, means)?;
            self.sights = self.sights.saturating_add(1);
        }
        if !self.is_busy() {
            means.room += usize::from(self.stat.take().is_some());
        }
        Ok(())
    }

    /// Closes its descriptors.
    pub fn close(&mut self, means: &mut ReadContext) {
        means.room += usize::from(self.schedstat.take().is_some()) + usize::from(self.stat.take().is_some());
    }

    /// Reads schedstat; says whether the thread ran since.
    fn read_counters(&mut self, fact: &mut ThreadFact, task: &ProcDir, means: &mut ReadContext) -> Result<bool, Errno> {
        let mut line = [0; SCHEDSTAT_LINE];
        let read = match &self.schedstat {
            Some(file) => rustix::io::pread(file, &mut line, 0)?,
            None => match task.file(Path::new(fact.key.tid.0, "schedstat").as_str()) {
                Ok(file) => rustix::io::pread(&file, &mut line, 0)?,
                // Kernels without schedstat have no such file: whether the thread is gone, its stat says.
                Err(Errno::NOENT) => return self.read_stat(fact, task, means).map(|()| false),
                Err(error) => return Err(error),
            },
        };
        means.reader.bytes += read as u64;
        let counters = stat::counters(&line[..read]).unwrap_or(fact.counters);
        let moved = counters != fact.counters;
        fact.counters = counters;
        Ok(moved)
    }

    /// Reads stat. A thread with another start time is another thread: the one that was known is gone.
    fn read_stat(&mut self, fact: &mut ThreadFact, task: &ProcDir, means: &mut ReadContext) -> Result<(), Errno> {
        let mut line = [0; STAT_LINE];
        let read = match &self.stat {
            Some(file) => rustix::io::pread(file, &mut line, 0)?,
            None => {
                let file = task.file(Path::new(fact.key.tid.0, "stat").as_str())?;
                let read = rustix::io::pread(&file, &mut line, 0)?;
                if self.sights >= YOUNG && means.room > COUNTERS_ROOM {
                    means.room -= 1;
                    self.stat = Some(file);
                }
                read
            }
        };
        means.reader.bytes += read as u64;
        let stat = Stat::parse(&line[..read]).ok_or(Errno::SRCH)?;
        match fact.key.start_ticks {
            0 => fact.key.start_ticks = stat.start_ticks,
            same if same == stat.start_ticks => {}
            _ => return Err(Errno::SRCH),
        }
        (fact.state, fact.cpu_ticks, fact.last_cpu) = (stat.state, stat.cpu_ticks, stat.last_cpu);
        self.running = stat.state == ThreadState::Running;
        // Clean text differs from the bytes only for odd names: those are cleaned again at every read.
        if fact.identity.comm.as_bytes() != stat.comm {
            let comm = Text::from_bytes(stat.comm);
            if fact.identity.comm != comm {
                Arc::make_mut(&mut fact.identity).comm = comm;
            }
        }
        Ok(())
    }
}

/// `TID/NAME` without an allocation.
pub(super) struct Path {
    bytes: [u8; 32],
    length: usize,
}

impl Path {
    /// The path of a thread's file below the task folder.
    pub fn new(tid: u32, name: &str) -> Self {
        let mut path = Self { bytes: [0; 32], length: 0 };
        let mut rest = &mut path.bytes[..];
        // Ten digits, a slash and the longest name used here are 21 bytes.
        let whole = write!(rest, "{tid}/{name}").is_ok();
        path.length = if whole { 32 - rest.len() } else { 0 };
        path
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}
