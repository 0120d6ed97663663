//! A live target as a stream of samples. A missing part is a gap, never a failure.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::ClockId;

use crate::data::sample::{Cost, CounterSource, GpuSample, Interest, ProcessSample, Sample, ThreadDetail, TraceSample};
use crate::data::{Gap, Pid, ThreadKey, Tid};
use crate::linux::budget::{Look, now_ns};
use crate::linux::cgroup::read::Mounts;
use crate::linux::proc::affinity::AffinityReader;
use crate::linux::proc::host::{HostReader, UserNames};
use crate::linux::proc::proc_dir::{FileReader, ProcDir, has_no_descriptors, is_gone, why_unread};
use crate::linux::proc::stat::{status_field, status_last_number};
use crate::probe::gpu;
use crate::probe::gpu::reader::GpuReader;
use crate::probe::process::process_reader::{HostContext, ProcessReader, age};
use crate::probe::reading::{Reading, ReadingPart};
use crate::probe::target::ranks::other_ranks;
use crate::probe::target::tree::{MOST_DESCENDANTS, ProcessTree};
use crate::probe::threads::detail::DetailReader;
use crate::probe::threads::exit_records::ExitRecordReader;
use crate::probe::threads::kept::ReadContext;
use crate::probe::trace::tracer::Tracer;

/// Descriptors left for everything that is not a thread's counters: the terminal, files, the target's memory.
const SPARE_DESCRIPTORS: u64 = 512;

/// CPU time that threads of one process that are not read may have used since they were, all together and at most: half a
/// millisecond, and no more than one part in so many of what one CPU has.
const MOST_UNREAD_NS: u64 = 500_000;
const UNREAD_PER_CPU: u32 = 1000;

/// Reads one target again and again through kept descriptors.
#[derive(Debug)]
pub struct Live {
    options: LiveOptions,
    proc_root: ProcDir,
    around: HostContext,
    means: ReadContext,
    host: HostReader,
    tree: ProcessTree,
    /// The process asked for, then its descendants by pid.
    processes: Vec<ProcessReader>,
    details: DetailReader,
    /// None where nobody asked for the GPUs.
    gpus: Option<GpuReader>,
    tracer: Tracer,
    exit_records: ExitRecordReader,
    most_descendants: usize,
    left_out: usize,
    /// Descendants that tftop had no descriptors for.
    unopened: usize,
    /// Descendants, and ranks beside it, that are not opened yet, and when they were found.
    waiting: VecDeque<(Pid, u64)>,
    /// Whose turn it is first: of many processes that want more than a look may be, each gets its turn.
    turn: usize,
    /// Processes that the last look did not get to.
    not_reached: usize,
}

/// How to watch.
#[derive(Clone, Debug)]
pub struct LiveOptions {
    /// Where /proc is mounted.
    pub proc_root: PathBuf,
    /// Where cgroups are mounted.
    pub cgroup_root: PathBuf,
    /// Whether descendants belong to the target.
    pub children: bool,
    /// Whether the other ranks of its job that run on this machine when it is attached to do.
    pub job: bool,
    /// The interval that will be kept, for the record in each sample.
    pub interval: Duration,
    /// Says what a look reads.
    pub reading: Reading,
    /// Why nothing is read that takes the target's memory, where it holds up whoever reads it.
    pub silent: Option<String>,
    /// Whether the machine's GPUs are looked at, too.
    pub gpus: bool,
    /// Whether exit records of threads are asked for, where tftop may have them: the kernel then hands out those of the whole
    /// machine, to each that watches a target.
    pub exit_records: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            proc_root: PathBuf::from("/proc"),
            cgroup_root: PathBuf::from("/sys/fs/cgroup"),
            children: true,
            job: false,
            interval: Duration::from_secs(1),
            reading: Reading::default(),
            silent: None,
            gpus: false,
            exit_records: true,
        }
    }
}

/// Why a process can't be watched at all.
#[derive(Debug)]
pub enum AttachError {
    /// There is no such process.
    NotFound(Pid),
    /// /proc hides it (hidepid) or is not readable.
    NotReadable(Pid, std::io::Error),
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(pid) => write!(f, "no process {pid} here"),
            Self::NotReadable(pid, error) => write!(f, "process {pid} can't be read: {error}"),
        }
    }
}

impl std::error::Error for AttachError {}

impl AttachError {
    fn new(pid: Pid, error: std::io::Error) -> Self {
        match rustix::io::Errno::from_io_error(&error) {
            Some(errno) if is_gone(errno) => Self::NotFound(pid),
            _ => Self::NotReadable(pid, error),
        }
    }
}

impl Live {
    /// Opens the process. Fails only if it does not exist or nothing of it may be read. The number of any of its threads
    /// stands for the process. Raises this process's own soft limit of descriptors to its hard limit.
    pub fn attach(pid: Pid, options: LiveOptions) -> Result<Self, AttachError> {
        let fails = |error| AttachError::new(pid, error);
        let mut reader = FileReader::default();
        let proc_root = ProcDir::open(&options.proc_root).map_err(fails)?;
        let pid = process_of(&proc_root, pid, &mut reader).unwrap_or(pid);
        let mut around = HostContext {
            mounts: Mounts::read(&options.proc_root, &options.cgroup_root, &mut reader),
            users: UserNames::default(),
            proc_root: options.proc_root.clone(),
            reading: options.reading.clone(),
            silent: options.silent.clone(),
            own_numbers: proc_root.shows_own_numbers(),
        };
        let root = ProcessReader::open(pid, &mut around, &mut reader).map_err(fails)?;
        let host = HostReader::new(&proc_root, &mut reader);
        let masks = AffinityReader::new(&proc_root);
        let most_unread_ns = nanoseconds(options.interval / UNREAD_PER_CPU).min(MOST_UNREAD_NS);
        let means = ReadContext {
            reader,
            masks,
            source: CounterSource::Schedstat,
            room: descriptors(),
            newborn: Arc::default(),
            most_unread_ns,
        };
        let processes = vec![root];
        let (mut tree, most_descendants) = (ProcessTree::new(pid), MOST_DESCENDANTS);
        let found_ns = now_ns(ClockId::Boottime);
        let beside = if options.job { other_ranks(&options.proc_root, pid) } else { Vec::new() };
        beside.iter().for_each(|rank| tree.add(*rank));
        let details = DetailReader::default();
        let gpus = options.gpus.then(gpu::reader);
        let exit_records = match options.exit_records {
            true => ExitRecordReader::open(around.own_numbers),
            false => ExitRecordReader::closed("not asked for where many processes are looked at, each by itself"),
        };
        Ok(Self {
            options,
            proc_root,
            around,
            means,
            host,
            tree,
            processes,
            details,
            gpus,
            tracer: Tracer::Off,
            exit_records,
            most_descendants,
            left_out: 0,
            unopened: 0,
            waiting: beside.into_iter().map(|rank| (rank, found_ns)).collect(),
            turn: 0,
            not_reached: 0,
        })
    }

    /// From now on this interval is kept.
    pub fn keep_interval(&mut self, interval: Duration) {
        self.options.interval = interval;
    }

    /// Reads one sample now. `late` is how late the caller was called, for the record.
    pub fn next(&mut self, interest: &Interest, late: Duration) -> Sample {
        let (began, look) = (Instant::now(), Look::begin(self.options.interval));
        let at_ns = now_ns(ClockId::Boottime);
        if self.options.children || !self.waiting.is_empty() {
            self.add_descendants(at_ns, &look);
        }
        self.around.reading.begin(Pid(0), ReadingPart::Machine);
        let (host, cpus) = self.host.sample(&mut self.means.reader);
        for process in &mut self.processes {
            self.around.reading.begin(process.key().pid, ReadingPart::Threads);
            process.read(&mut self.means);
        }
        self.catch_up(at_ns, &look);
        self.take_exit_records(&look);
        let means = &mut self.means;
        let processes: Vec<ProcessSample> = self.processes.iter_mut().map(|process| process.sample(means)).collect();
        let source = self.source();
        let details = self.details(interest);
        let mut gaps = self.gaps(source);
        let (gpus, unread) = self.look_at_gpus();
        gaps.extend(unread);
        let trace = self.trace(interest.trace);
        let accounting = self.exit_records.accounting().clone();
        let accounting = trace.iter().fold(accounting, |all, trace| all.with_trace(&trace.state));
        self.drop_ended();
        self.around.reading.end();
        Sample {
            at_ns,
            launch: None,
            interval_ns: nanoseconds(self.options.interval),
            late_ns: nanoseconds(late),
            host,
            cpus,
            gpus,
            processes,
            details,
            source,
            accounting,
            gaps,
            trace,
            cost: Cost {
                cpu_ns: nanoseconds(look.taken()),
                wall_ns: nanoseconds(began.elapsed()),
                bytes_read: std::mem::take(&mut self.means.reader.bytes),
            },
        }
    }

    /// Takes new descendants in, by pid behind the root.
    fn add_descendants(&mut self, at_ns: u64, look: &Look) {
        self.around.reading.begin(self.processes.first().map_or(Pid(0), |root| root.key().pid), ReadingPart::Children);
        let found = match self.options.children {
            true => self.tree.grow(&self.proc_root, &mut self.means.reader),
            false => Vec::new(),
        };
        self.waiting.extend(found.into_iter().map(|pid| (pid, at_ns)));
        while look.has_half_left()
            && let Some((pid, found_ns)) = self.waiting.pop_front()
        {
            if self.processes.len() > self.most_descendants {
                self.left_out = self.left_out.saturating_add(1);
                continue;
            }
            // Where it fails, the process ended meanwhile or waits to be reaped: nothing of it was ever seen.
            let process = match ProcessReader::open(pid, &mut self.around, &mut self.means.reader) {
                Ok(process) => process,
                Err(error) if Errno::from_io_error(&error).is_some_and(has_no_descriptors) => {
                    self.unopened = self.unopened.saturating_add(1);
                    continue;
                }
                Err(_) => continue,
            };
            match found_ns == at_ns || !age(found_ns, process.key().start_ticks).is_zero() {
                true => self.processes.push(process),
                // It ended while it waited, and its number is another's.
                false => self.tree.forget(pid),
            }
        }
        if let Some(descendants) = self.processes.get_mut(1..) {
            descendants.sort_by_key(ProcessReader::key);
        }
    }

    /// What changes rarely, new threads and evidence of every process, as far as a look goes. The next look begins with the
    /// first that got nothing.
    fn catch_up(&mut self, at_ns: u64, look: &Look) {
        let (around, means) = (&mut self.around, &mut self.means);
        let first = self.turn.min(self.processes.len());
        let (later, earlier) = self.processes.split_at_mut(first);
        let mut next = None;
        self.not_reached = 0;
        for (index, process) in earlier.iter_mut().chain(later).enumerate() {
            if !process.catch_up(at_ns, look, around, means) {
                next = next.or(Some(first + index));
                self.not_reached += usize::from(process.threads().want_evidence());
            }
        }
        self.turn = next.map_or(0, |next| next % self.processes.len().max(1));
    }

    /// A thread's record comes before it leaves /proc: those of all that were found gone are there.
    fn take_exit_records(&mut self, look: &Look) {
        let processes = &mut self.processes;
        self.exit_records.read(look, |pid, record| {
            if let Some(process) = processes.iter_mut().find(|process| process.key().pid == pid) {
                process.thread_ended(record.tid, record.counters);
            }
        });
    }

    /// Drops descendants that were shown as ended once.
    fn drop_ended(&mut self) {
        let mut first = true;
        self.processes.retain(|process| {
            let stays = std::mem::take(&mut first) || !process.ended();
            if !stays {
                self.tree.forget(process.key().pid);
            }
            stays
        });
    }

    fn details(&mut self, interest: &Interest) -> Vec<(ThreadKey, ThreadDetail)> {
        let living = self.processes.iter().filter(|process| !process.ended());
        let threads = living.map(|process| (process.key().pid, process.threads()));
        let means = &mut self.means;
        self.details.read(interest, &self.around.proc_root, threads, means.source, &mut means.reader)
    }

    fn look_at_gpus(&mut self) -> (Vec<GpuSample>, Vec<Gap>) {
        let Some(reader) = &mut self.gpus else { return (Vec::new(), Vec::new()) };
        let living = self.processes.iter().filter(|process| !process.ended());
        reader.look(|pid| living.clone().any(|process| process.key().pid == pid), self.options.interval)
    }

    fn trace(&mut self, wanted: bool) -> Option<TraceSample> {
        let Self { tracer, processes, around, means, .. } = self;
        tracer.look(wanted, || {
            if !around.own_numbers {
                return Err(
                    "this /proc belongs to another pid namespace: run tftop in that of its processes".to_owned()
                );
            }
            let (mut tids, mut listing) = (Vec::new(), Vec::new());
            for process in processes.iter().filter(|process| !process.ended()) {
                // One that can't be listed has ended.
                if means.reader.numbers(process.threads().task(), &mut listing).is_ok() {
                    tids.extend(listing.iter().map(|entry| Tid(entry.number)));
                }
            }
            Ok(tids)
        })
    }

    /// Whether schedstat says anything: where threads used CPU time and it is all zero, clock ticks are all there is.
    fn source(&mut self) -> CounterSource {
        let mut used = false;
        for process in &self.processes {
            let (counted, ticked) = process.threads().evidence_of_source();
            if counted {
                self.means.source = CounterSource::Schedstat;
                return self.means.source;
            }
            used |= ticked;
        }
        if used {
            self.means.source = CounterSource::StatTicks;
        }
        self.means.source
    }

    fn gaps(&self, source: CounterSource) -> Vec<Gap> {
        let mut gaps = Vec::new();
        if source == CounterSource::StatTicks {
            let why = "this kernel keeps no schedstat (CONFIG_SCHED_INFO): got comes from clock ticks, wanted is estimated \
                       from threads seen runnable";
            gaps.push(Gap::new("exact run and wait times", why));
        }
        for process in &self.processes {
            if let Some((count, error)) = process.threads().unreadable {
                let what = format!("counters of {count} threads of process {}", process.key().pid);
                gaps.push(Gap::new(what, why_unread(error)));
            }
        }
        let later = "the CPU time that one look may take ran out; the next looks go on with them";
        for process in self.processes.iter().filter(|process| process.threads().later > 0) {
            let (count, pid) = (process.threads().later, process.key().pid);
            gaps.push(Gap::new(format!("{count} threads of process {pid}"), later));
        }
        if self.not_reached > 0 {
            gaps.push(Gap::new(format!("names and settings of {} processes", self.not_reached), later));
        }
        if !self.waiting.is_empty() {
            gaps.push(Gap::new(format!("{} descendants of the target", self.waiting.len()), later));
        }
        if self.unopened > 0 {
            gaps.push(Gap::new(format!("{} descendants of the target", self.unopened), why_unread(Errno::MFILE)));
        }
        if self.left_out > 0 {
            let why = format!("tftop follows {} at a time", self.most_descendants);
            gaps.push(Gap::new(format!("{} descendants of the target", self.left_out), why));
        }
        gaps
    }
}

/// The process a number stands for: /proc also answers to the numbers of threads.
fn process_of(proc_root: &ProcDir, pid: Pid, reader: &mut FileReader) -> Option<Pid> {
    let status = reader.read(proc_root, &format!("{pid}/status"), 64 << 10).ok()?;
    status_field(status, "Tgid")?;
    status_last_number(status, "Tgid").and_then(|pid| u32::try_from(pid).ok()).map(Pid)
}

/// How many descriptors threads' counters may take, after the soft limit was raised.
fn descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Refused only by a sandbox; then the soft limit stands.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).is_ok();
    let soft = if raised { limit.maximum } else { limit.current };
    usize::try_from(soft.map_or(u64::MAX, |soft| soft.saturating_sub(SPARE_DESCRIPTORS))).unwrap_or(usize::MAX)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
