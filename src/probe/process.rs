//! One process of a target: what hardly ever changes of it, its threads, its throttling. Notices when it runs another
//! program (exec) and when it is gone; neither is an error.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::io::Errno;

use super::access;
use super::affinity::cpus_allowed;
use super::cgroup::{Mounts, Throttles};
use super::counters::{Means, Threads};
use super::folder::{Folder, Reader};
use super::host::UserNames;
use super::identify::{Evidence, Identifier};
use super::program::{command, describe, effective_uid};
use super::stat::Stat;
use crate::fact::{Gap, Pid, ProcessFact, ProcessKey, ProcessSample, State};

/// Nanoseconds between two looks at what changes rarely: user, affinity, cpuset, quotas.
const LIMITS_NS: u64 = 2_000_000_000;
/// Nanoseconds between two looks at the mapped libraries grow to this while nothing new appears.
const LONGEST_PAUSE_NS: u64 = 32_000_000_000;
/// Limit for stat and status.
const LINE_LIMIT: usize = 16 << 10;

/// What is known of the machine while processes are read.
#[derive(Debug)]
pub struct Surroundings {
    /// Where /proc is mounted.
    pub proc_root: PathBuf,
    /// Where cgroup hierarchies are mounted.
    pub mounts: Mounts,
    /// Names of users.
    pub users: UserNames,
}

/// One watched process.
#[derive(Debug)]
pub struct Process {
    folder: Folder,
    stat: OwnedFd,
    fact: Arc<ProcessFact>,
    gaps: Gaps,
    threads: Threads,
    identifier: Identifier,
    throttles: Throttles,
    pace: Pace,
    cpu_ticks: u64,
    /// Field 48 of stat: moves at exec, because the stack is placed at random; 0 where it may not be read.
    command_address: u64,
    ended: bool,
}

/// What could not be read, by the reader that missed it.
#[derive(Debug, Default)]
struct Gaps {
    program: Vec<Gap>,
    evidence: Vec<Gap>,
    limits: Vec<Gap>,
}

/// When rarely changing facts are looked at next.
#[derive(Debug, Default)]
struct Pace {
    limits_at_ns: u64,
    libraries_at_ns: u64,
    libraries_pause_ns: u64,
}

impl Process {
    /// Opens a process. Fails when it is gone, ended but not reaped, or hidden.
    pub fn open(pid: Pid, around: &mut Surroundings, reader: &mut Reader) -> std::io::Result<Self> {
        let folder = Folder::open(&around.proc_root.join(pid.to_string()))?;
        let stat = folder.file("stat")?;
        let line = reader.reread(&stat, LINE_LIMIT)?.to_vec();
        let first = Stat::parse(&line).filter(|stat| !is_over(stat)).ok_or(Errno::SRCH)?;
        let task = folder.folder("task")?;
        let fact = describe(&around.proc_root, &folder, &first, pid, &mut around.users, reader);
        Ok(Self {
            identifier: Identifier::new(&around.proc_root, pid),
            gaps: Gaps { program: fact.gaps.clone(), ..Gaps::default() },
            threads: Threads::new(pid, task),
            throttles: Throttles::default(),
            pace: Pace::default(),
            cpu_ticks: first.cpu_ticks,
            command_address: first.command_address,
            fact: Arc::new(fact),
            ended: false,
            folder,
            stat,
        })
    }

    /// Which process.
    pub fn key(&self) -> ProcessKey {
        self.fact.key
    }

    /// Whether it is gone.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Its threads.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// One sample of it. Once it is gone, the threads of its last sight.
    pub fn sample(&mut self, at_ns: u64, around: &mut Surroundings, means: &mut Means) -> ProcessSample {
        if !self.ended {
            match self.look(around, means) {
                Some(expected) => self.refresh(expected, at_ns, around, means),
                None => self.end(means),
            }
        }
        ProcessSample {
            fact: Arc::clone(&self.fact),
            ended: self.ended,
            cpu_ticks: self.cpu_ticks,
            threads: self.threads.facts(),
            throttle: self.throttles.read(&mut means.reader),
        }
    }

    /// How many threads it has; none when it is gone.
    fn look(&mut self, around: &mut Surroundings, means: &mut Means) -> Option<u64> {
        let mut line = [0; 2048];
        let read = rustix::io::pread(&self.stat, &mut line, 0).ok()?;
        means.reader.bytes += read as u64;
        let now = Stat::parse(&line[..read])?;
        if now.start_ticks != self.fact.key.start_ticks || is_over(&now) {
            return None;
        }
        if self.runs_another_program(&now, &mut means.reader) {
            self.start_over(around, means)?;
        }
        if now.command_address != 0 {
            self.command_address = now.command_address;
        }
        self.cpu_ticks = now.cpu_ticks;
        Some(now.threads)
    }

    /// Whether it called exec since: its command line lies elsewhere, or, where that may not be known, both its name and
    /// its command line changed.
    fn runs_another_program(&self, now: &Stat<'_>, reader: &mut Reader) -> bool {
        if self.command_address != 0 && now.command_address != 0 {
            return self.command_address != now.command_address;
        }
        if self.fact.comm.as_bytes() == now.comm {
            return false;
        }
        let command = command(&self.folder, reader);
        !command.is_empty() && command != self.fact.command
    }

    /// Another program has other threads, other memory and another command line: nothing known holds.
    fn start_over(&mut self, around: &mut Surroundings, means: &mut Means) -> Option<()> {
        let parent = self.fact.parent;
        self.threads.close(means);
        *self = Self::open(self.fact.key.pid, around, &mut means.reader).ok()?;
        Arc::make_mut(&mut self.fact).parent = parent;
        Some(())
    }

    fn end(&mut self, means: &mut Means) {
        self.ended = true;
        self.threads.close(means);
    }

    fn refresh(&mut self, expected: u64, at_ns: u64, around: &mut Surroundings, means: &mut Means) {
        self.threads.refresh(expected, means);
        self.identify(at_ns, around, means);
        if at_ns >= self.pace.limits_at_ns {
            self.pace.limits_at_ns = at_ns.saturating_add(LIMITS_NS);
            self.read_limits(around, means);
        }
    }

    /// Reads the evidence of threads that lack it, and now and then the libraries, which a program may load late.
    fn identify(&mut self, at_ns: u64, around: &Surroundings, means: &mut Means) {
        let namespaced = self.fact.namespaced_pid.is_some();
        let wanted = self.threads.unidentified(namespaced, &mut means.reader);
        if wanted.is_empty() && at_ns < self.pace.libraries_at_ns {
            return;
        }
        let evidence = self.identifier.identify(&wanted);
        means.reader.bytes = means.reader.bytes.saturating_add(evidence.bytes_read);
        let news = self.take_evidence(&evidence, around) || !wanted.is_empty();
        let pause_ns = if news { LIMITS_NS } else { self.pace.libraries_pause_ns.saturating_mul(2) };
        self.pace.libraries_pause_ns = pause_ns.clamp(LIMITS_NS, LONGEST_PAUSE_NS);
        self.pace.libraries_at_ns = at_ns.saturating_add(self.pace.libraries_pause_ns);
        self.threads.identify(evidence);
    }

    /// Takes what was found of the process as a whole; says whether anything is new.
    fn take_evidence(&mut self, evidence: &Evidence, around: &Surroundings) -> bool {
        // Where memory is closed, that is the reason for whatever else is missing.
        let closed = access::memory_refusal(&around.proc_root, self.fact.key.pid);
        let closed = closed.map(|why| vec![Gap::new("thread names and start routines", why)]);
        let gaps = closed.unwrap_or_else(|| evidence.gaps.clone());
        let (tensorflow, python) = (self.identifier.tensorflow(), self.identifier.python());
        let libraries = self.identifier.libraries();
        let fact = &self.fact;
        let same = gaps == self.gaps.evidence
            && tensorflow == fact.tensorflow
            && python == fact.python
            && libraries == fact.libraries;
        if !same {
            self.gaps.evidence = gaps;
            let all = self.gaps.all();
            let fact = Arc::make_mut(&mut self.fact);
            (fact.tensorflow, fact.python, fact.libraries, fact.gaps) = (tensorflow, python, libraries, all);
        }
        !same
    }

    fn read_limits(&mut self, around: &mut Surroundings, means: &mut Means) {
        let limits = around.mounts.limits(&self.folder, &mut means.reader);
        self.throttles.keep(limits.places);
        let status = means.reader.read(&self.folder, "status", LINE_LIMIT).unwrap_or_default();
        let allowed = cpus_allowed(status).or_else(|| self.fact.cpus_allowed.clone());
        let uid = effective_uid(status).unwrap_or(self.fact.uid);
        let fact = &self.fact;
        let same = limits.gaps == self.gaps.limits
            && limits.cgroups == fact.cgroups
            && limits.cpuset == fact.cpuset
            && allowed == fact.cpus_allowed
            && uid == fact.uid;
        if !same {
            self.gaps.limits = limits.gaps;
            let all = self.gaps.all();
            let fact = Arc::make_mut(&mut self.fact);
            (fact.cgroups, fact.cpuset, fact.cpus_allowed, fact.gaps) = (limits.cgroups, limits.cpuset, allowed, all);
            (fact.uid, fact.user) = (uid, around.users.of(uid));
        }
    }
}

impl Gaps {
    fn all(&self) -> Vec<Gap> {
        self.program.iter().chain(&self.evidence).chain(&self.limits).cloned().collect()
    }
}

/// Ended, though perhaps not reaped: the main thread may end before the others.
fn is_over(stat: &Stat<'_>) -> bool {
    matches!(stat.state, State::Zombie | State::Dead) && stat.threads <= 1
}
