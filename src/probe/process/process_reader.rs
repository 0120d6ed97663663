//! One process of a target: what hardly ever changes of it, its threads, its throttling. Notices when it runs another
//! program (exec) and when it is gone; neither is an error.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;

use crate::data::sample::{
    Counters, ExitRecords, ProcessFact, ProcessSample, TensorFlowFact, ThreadSettings, ThreadState,
};
use crate::data::{Gap, Pid, ProcessKey, ThreadKey, Tid};
use crate::linux::access;
use crate::linux::budget::{Budget, Look};
use crate::linux::cgroup::read::{Mounts, ThrottleReader};
use crate::linux::proc::affinity::cpus_allowed;
use crate::linux::proc::host::UserNames;
use crate::linux::proc::proc_dir::{FileReader, ProcDir, has_no_descriptors};
use crate::linux::proc::process_clock::ProcessClock;
use crate::linux::proc::stat::{Stat, code_size, user_ids};
use crate::probe::backoff;
use crate::probe::backoff::Backoff;
use crate::probe::identify::identifier::{Identification, Identifier};
use crate::probe::process::program::{command, describe};
use crate::probe::process::settings;
use crate::probe::process::settings::SettingsSources;
use crate::probe::reading::{Reading, ReadingPart};
use crate::probe::target::find;
use crate::probe::threads::counters::ThreadReader;
use crate::probe::threads::kept::ReadContext;

/// Nanoseconds between two looks at what changes rarely: user, affinity, cpuset, quotas, size of the code.
const LIMITS_NS: u64 = backoff::SHORTEST_NS;
/// How often the command line of a process that shows none is looked for.
const COMMAND_TRIES: u8 = 100;
/// Limit for stat and status.
const LINE_LIMIT: usize = 16 << 10;

/// What is known of the machine while processes are read.
#[derive(Debug)]
pub struct HostContext {
    /// Where /proc is mounted.
    pub proc_root: PathBuf,
    /// Where cgroup hierarchies are mounted.
    pub mounts: Mounts,
    /// Names of users.
    pub users: UserNames,
    /// Says what is being read.
    pub reading: Reading,
    /// Why nothing is read that takes the memory of a process; none where it is.
    pub silent: Option<String>,
    /// Whether numbers in this /proc mean the same in system calls.
    pub own_numbers: bool,
}

/// One watched process.
#[derive(Debug)]
pub struct ProcessReader {
    folder: ProcDir,
    stat: OwnedFd,
    fact: Arc<ProcessFact>,
    gaps: Gaps,
    threads: ThreadReader,
    identifier: Identifier,
    throttles: ThrottleReader,
    exits: ExitRecords,
    /// Of this look, by key.
    ended_threads: BTreeMap<ThreadKey, Counters>,
    looks: Looks,
    cpu_ticks: u64,
    /// Threads that it says it has.
    expected: u64,
    /// It has called exec and is not described anew yet.
    other_program: bool,
    /// Field 48 of stat: moves at exec, because the stack is placed at random; 0 where it may not be read.
    command_address: u64,
    ended: bool,
    /// Nothing is read that takes its memory.
    silent: bool,
}

/// What could not be read, by the reader that missed it.
#[derive(Debug, Default)]
struct Gaps {
    program: Vec<Gap>,
    evidence: Vec<Gap>,
    limits: Vec<Gap>,
    settings: Vec<Gap>,
    work: Vec<Gap>,
}

/// When rarely changing facts are looked at next.
#[derive(Debug, Default)]
struct Looks {
    limits_at_ns: u64,
    libraries: Backoff,
    settings: Backoff,
    /// After looks that took more than they may.
    work: Backoff,
    /// Another size of the code is another set of libraries.
    code: Option<u64>,
    code_changed: bool,
    /// How often the command line was looked for again.
    command_tries: u8,
}

impl ProcessReader {
    /// Opens a process. Fails when it is gone, ended but not reaped, or hidden.
    pub fn open(pid: Pid, around: &mut HostContext, reader: &mut FileReader) -> std::io::Result<Self> {
        let folder = ProcDir::open(&around.proc_root.join(pid.to_string()))?;
        let clock = around.own_numbers.then(|| ProcessClock::of(pid)).flatten();
        // For a process's own line the kernel goes through all its threads to add up their time, which the clock says, too; its
        // main thread's line has the rest.
        let stat = match clock {
            Some(_) => folder.file(&format!("task/{pid}/stat"))?,
            None => folder.file("stat")?,
        };
        let line = reader.reread(&stat, LINE_LIMIT)?.to_vec();
        let first = Stat::parse(&line).filter(|stat| !is_over(stat)).ok_or(Errno::SRCH)?;
        let task = folder.folder("task")?;
        around.reading.begin(pid, ReadingPart::CommandLine);
        let silent = around.silent.as_deref();
        let fact = describe(&around.proc_root, &folder, &first, pid, &mut around.users, reader, silent);
        // Read before the maps: what is mapped in between is noticed as a change.
        let code = reader.read(&folder, "status", LINE_LIMIT).ok().and_then(code_size);
        Ok(Self {
            identifier: Identifier::new(&around.proc_root, pid),
            gaps: Gaps { program: fact.gaps.clone(), ..Gaps::default() },
            silent: silent.is_some(),
            threads: ThreadReader::new(pid, task, clock),
            throttles: ThrottleReader::default(),
            exits: ExitRecords::default(),
            ended_threads: BTreeMap::new(),
            looks: Looks { code, ..Looks::default() },
            cpu_ticks: first.cpu_ticks,
            expected: first.threads,
            other_program: false,
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
    pub fn threads(&self) -> &ThreadReader {
        &self.threads
    }

    /// Reads the counters of its known threads, or that it is gone.
    pub fn read(&mut self, means: &mut ReadContext) {
        if self.ended {
            return;
        }
        match self.look(means) {
            Some(()) => self.threads.refresh(means),
            None => return self.end(means),
        }
        if let Some(clock) = self.threads.clock() {
            self.cpu_ticks = ticks(clock.cpu_ns);
        }
    }

    /// Reads what changes rarely, new threads and their evidence, as far as the look goes; says whether there was enough.
    pub fn catch_up(&mut self, at_ns: u64, look: &Look, around: &mut HostContext, means: &mut ReadContext) -> bool {
        if self.ended {
            return true;
        }
        let Some(limits) = look.left() else { return false };
        if self.other_program {
            match self.start_over(around, means) {
                Ok(()) => {}
                // The next look tries again.
                Err(error) if Errno::from_io_error(&error).is_some_and(has_no_descriptors) => return true,
                Err(_) => {
                    self.end(means);
                    return true;
                }
            }
        }
        let pid = self.fact.key.pid;
        if at_ns >= self.looks.limits_at_ns {
            around.reading.begin(pid, ReadingPart::Limits);
            self.looks.limits_at_ns = at_ns.saturating_add(LIMITS_NS);
            self.read_limits(around, means);
        }
        around.reading.begin(pid, ReadingPart::Threads);
        let budget = Budget::default();
        budget.begin(limits);
        self.threads.find(self.expected, &budget, means);
        let Some(limits) = look.left() else { return false };
        if self.looks.work.is_due(at_ns) && !self.silent {
            self.identifier.begin(limits);
            self.identify(at_ns, around, means);
            if self.looks.settings.is_due(at_ns) {
                around.reading.begin(pid, ReadingPart::Settings);
                self.read_settings(at_ns, around, means);
            }
            self.note_work(at_ns);
        }
        true
    }

    /// One of its threads ended, with these counters.
    pub fn thread_ended(&mut self, tid: Tid, last: Counters) {
        let ExitRecords { threads, counters } = &mut self.exits;
        *threads = threads.saturating_add(1);
        counters.run_ns = counters.run_ns.saturating_add(last.run_ns);
        counters.wait_ns = counters.wait_ns.saturating_add(last.wait_ns);
        counters.slices = counters.slices.saturating_add(last.slices);
        if let Some(key) = self.threads.known(tid) {
            // The first record is the known thread's: nobody gets its number before it has ended.
            self.ended_threads.entry(key).or_insert(last);
        }
    }

    /// One sample of it, as last read. Once it is gone, the threads of its last sight.
    pub fn sample(&mut self, means: &mut ReadContext) -> ProcessSample {
        self.threads.forget_gone();
        ProcessSample {
            fact: Arc::clone(&self.fact),
            ended: self.ended,
            cpu_ticks: self.cpu_ticks,
            clock: self.threads.clock().filter(|_| !self.ended),
            threads: self.threads.facts().clone(),
            exits: self.exits,
            ended_threads: std::mem::take(&mut self.ended_threads).into_iter().collect(),
            throttle: self.throttles.read(&mut means.reader),
        }
    }

    /// Whether it still is and which program it runs; none when it is gone.
    fn look(&mut self, means: &mut ReadContext) -> Option<()> {
        let mut line = [0; 2048];
        let read = rustix::io::pread(&self.stat, &mut line, 0).ok()?;
        means.reader.bytes += read as u64;
        let now = Stat::parse(&line[..read])?;
        if now.start_ticks != self.fact.key.start_ticks || is_over(&now) {
            return None;
        }
        self.other_program = self.other_program || self.runs_another_program(&now, &mut means.reader);
        if now.command_address != 0 {
            self.command_address = now.command_address;
        }
        self.expected = now.threads;
        if self.threads.clock().is_none() {
            self.cpu_ticks = now.cpu_ticks;
        }
        Some(())
    }

    /// Whether it called exec since: its command line lies elsewhere, or, where that may not be known, both its name and
    /// its command line changed. A process seen in the middle of exec shows no command line and no environment yet.
    fn runs_another_program(&mut self, now: &Stat<'_>, reader: &mut FileReader) -> bool {
        if self.fact.command.is_empty() && !self.silent && self.looks.command_tries < COMMAND_TRIES {
            self.looks.command_tries += 1;
            if !command(&self.folder, reader).is_empty() {
                return true;
            }
        }
        if self.command_address != 0 && now.command_address != 0 {
            return self.command_address != now.command_address;
        }
        if self.fact.comm.as_bytes() == now.comm || self.silent {
            return false;
        }
        let command = command(&self.folder, reader);
        !command.is_empty() && command != self.fact.command
    }

    /// Another program has other threads, other memory and another command line: nothing known holds. How much its user
    /// makes tftop work does: who executes himself again and again is not read from the start each time.
    fn start_over(&mut self, around: &mut HostContext, means: &mut ReadContext) -> io::Result<()> {
        let (parent, work, exits) = (self.fact.parent, self.looks.work, self.exits);
        self.threads.close(means);
        *self = Self::open(self.fact.key.pid, around, &mut means.reader)?;
        Arc::make_mut(&mut self.fact).parent = parent;
        (self.looks.work, self.exits) = (work, exits);
        self.threads.refresh(means);
        Ok(())
    }

    fn end(&mut self, means: &mut ReadContext) {
        self.ended = true;
        self.threads.close(means);
    }

    /// A process of which more was to be read than may be is looked at again ever more rarely; its counters always are.
    fn note_work(&mut self, at_ns: u64) {
        let gap = self.identifier.spent().map(|what| {
            self.looks.work.looked(at_ns, false);
            let why = format!("the {what} that one look may take ran out; it is looked at again ever more rarely");
            Gap::new(format!("memory and libraries of process {}", self.fact.key.pid), why)
        });
        if gap.is_none() {
            self.looks.work = Backoff::default();
        }
        let gaps: Vec<Gap> = gap.into_iter().collect();
        if gaps != self.gaps.work {
            self.gaps.work = gaps;
            Arc::make_mut(&mut self.fact).gaps = self.gaps.all();
        }
    }

    /// Reads the evidence of threads that lack it, and the libraries when there are others: a program may load them late.
    fn identify(&mut self, at_ns: u64, around: &HostContext, means: &mut ReadContext) {
        let namespaced = self.fact.namespaced_pid.is_some();
        let wanted = self.threads.unidentified(namespaced, &mut means.reader);
        // Compilers at run time map code all the time, which is no library: then the pause grows.
        let others = self.looks.code_changed && self.looks.libraries.is_due(at_ns);
        if wanted.is_empty() && !others {
            return;
        }
        let before = self.identifier.bytes_read();
        let pid = self.fact.key.pid;
        if others {
            self.looks.code_changed = false;
            around.reading.begin(pid, ReadingPart::Maps);
            self.identifier.read_maps();
        }
        around.reading.begin(pid, ReadingPart::Memory);
        let evidence = self.identifier.identify(&wanted);
        means.reader.bytes = means.reader.bytes.saturating_add(self.identifier.bytes_read().saturating_sub(before));
        let changed = self.take_evidence(&evidence, around);
        if others {
            self.looks.libraries.looked(at_ns, changed);
        }
        if changed || !wanted.is_empty() {
            self.looks.settings.shorten();
        }
        self.threads.identify(evidence);
    }

    /// Takes what was found of the process as a whole; says whether anything is new.
    fn take_evidence(&mut self, evidence: &Identification, around: &HostContext) -> bool {
        // Where memory is closed, that is the reason for whatever else is missing.
        let closed = access::memory_refusal(&around.proc_root, self.fact.key.pid);
        let closed = closed.map(|why| vec![Gap::new("thread names and start routines", why)]);
        let gaps = closed.unwrap_or_else(|| evidence.gaps.clone());
        let libraries = self.identifier.libraries();
        let (found, python) = (self.identifier.tensorflow(), self.identifier.python());
        let frameworks = self.identifier.frameworks().to_vec();
        // Where not even the maps can be read, a name that only TensorFlow gives is all there is.
        let suggested = libraries.is_empty() && self.threads.named(find::suggests_tensorflow);
        let guess = || suggested.then(|| TensorFlowFact { guessed: true, ..TensorFlowFact::default() });
        let tensorflow = found.or_else(guess);
        let fact = &self.fact;
        let same = gaps == self.gaps.evidence
            && tensorflow == fact.tensorflow
            && frameworks == fact.frameworks
            && python == fact.python
            && libraries == fact.libraries;
        if !same {
            self.gaps.evidence = gaps;
            let all = self.gaps.all();
            let fact = Arc::make_mut(&mut self.fact);
            (fact.tensorflow, fact.frameworks, fact.python) = (tensorflow, frameworks, python);
            (fact.libraries, fact.gaps) = (libraries, all);
        }
        !same
    }

    fn read_limits(&mut self, around: &mut HostContext, means: &mut ReadContext) {
        let limits = around.mounts.limits(&self.folder, &mut means.reader);
        // Everybody may read it: where nobody can, the process has just ended, and what was known of it stays.
        let Ok(status) = means.reader.read(&self.folder, "status", LINE_LIMIT) else { return };
        self.throttles.keep(limits.places);
        let allowed = cpus_allowed(status).or_else(|| self.fact.cpus_allowed.clone());
        let uid = user_ids(status).map_or(self.fact.uid, |[_, effective, _]| effective);
        let code = code_size(status);
        self.looks.code_changed |= self.looks.code.is_some() && code.is_some() && code != self.looks.code;
        self.looks.code = code.or(self.looks.code);
        let fact = &self.fact;
        let same = limits.gaps == self.gaps.limits
            && limits.cgroups == fact.cgroups
            && limits.cpuset == fact.cpuset
            && limits.container == fact.container
            && allowed == fact.cpus_allowed
            && uid == fact.uid;
        if !same {
            self.gaps.limits = limits.gaps;
            let all = self.gaps.all();
            let fact = Arc::make_mut(&mut self.fact);
            (fact.cgroups, fact.cpuset, fact.cpus_allowed, fact.gaps) = (limits.cgroups, limits.cpuset, allowed, all);
            (fact.uid, fact.user, fact.container) = (uid, Some(around.users.of(uid)), limits.container);
        }
    }

    fn read_settings(&mut self, at_ns: u64, around: &HostContext, means: &mut ReadContext) {
        let known = Arc::clone(&self.fact);
        let sources = SettingsSources {
            known: &known,
            identifier: &mut self.identifier,
            files: &self.folder,
            mounts: &around.mounts,
            age: age(at_ns, known.key.start_ticks),
        };
        let (settings, gaps) = settings::read(sources, &mut means.reader);
        let (same, same_gaps) = (settings == known.settings, gaps == self.gaps.settings);
        // Threads of others come and go in the same cgroup: that alone is no reason to look again soon.
        let others = |settings: &ThreadSettings| settings.pids.as_ref().map(|pids| (pids.path.clone(), pids.max));
        let masked = ThreadSettings { pids: known.settings.pids.clone(), ..settings.clone() };
        let changed = !same_gaps || masked != known.settings || others(&settings) != others(&known.settings);
        self.looks.settings.looked(at_ns, changed);
        drop(known);
        if !same || !same_gaps {
            self.gaps.settings = gaps;
            let all = self.gaps.all();
            let fact = Arc::make_mut(&mut self.fact);
            (fact.settings, fact.gaps) = (settings, all);
        }
    }
}

/// Nanoseconds in clock ticks.
fn ticks(ns: u64) -> u64 {
    (u128::from(ns) * u128::from(rustix::param::clock_ticks_per_second()) / 1_000_000_000) as u64
}

/// How long ago a process started that has this start time in clock ticks after boot; zero where it starts later.
pub fn age(at_ns: u64, start_ticks: u64) -> Duration {
    let a_second = rustix::param::clock_ticks_per_second().max(1);
    let nanoseconds = (start_ticks % a_second).saturating_mul(1_000_000_000) / a_second;
    let started = Duration::from_secs(start_ticks / a_second).saturating_add(Duration::from_nanos(nanoseconds));
    Duration::from_nanos(at_ns).saturating_sub(started)
}

impl Gaps {
    fn all(&self) -> Vec<Gap> {
        [&self.program, &self.evidence, &self.limits, &self.settings, &self.work]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

/// Ended, though perhaps not reaped: the main thread may end before the others.
fn is_over(stat: &Stat<'_>) -> bool {
    matches!(stat.state, ThreadState::Zombie | ThreadState::Dead) && stat.threads <= 1
}
