//! User stacks of threads on demand: native frames by call frame information, Python's by its own objects. A sleeping
//! thread's stack is read without stopping it; a running one's only when stops are allowed, one thread at a time.

pub(crate) mod asleep;
pub(crate) mod merge;
pub(crate) mod places;
pub(crate) mod python_side;
#[cfg(test)]
#[path = "tests/recorded.rs"]
mod recorded_tests;
pub(crate) mod registers;
pub(crate) mod scan;
pub(crate) mod step;
pub(crate) mod step_out;
pub(crate) mod stop;
pub(crate) mod table;
pub(crate) mod walk;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use walk::{StackWalk, walk};

use crate::data::sample::{Stack, StackEnd, StackMethod, Stacks, ThreadState};
use crate::data::{Address, Gap, Pid, Tid};
use crate::linux::budget::WorkLimits;
use crate::linux::memory::{LiveMemory, Memory};
use crate::probe::reading::{Reading, ReadingPart};
use crate::probe::stack::asleep::{CodePosition, TaskDir, ThreadSnapshot};
use crate::probe::stack::places::AddressMap;
use crate::probe::stack::python_side::{InterpreterFinder, InterpreterSession, PythonFunctions};
use crate::probe::stack::registers::Registers;
use crate::probe::stack::step::RowBuffer;
use crate::probe::target::live_target::{IdentifyTarget, LiveTarget};

/// Whether threads may be stopped to take their stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// Nothing is ever stopped.
    Never,
    /// Threads whose stack can't be had otherwise are stopped, one at a time, all together for no longer than this: the
    /// last stop may exceed it by its own length.
    Allowed {
        /// Wall time of all stops.
        budget: Duration,
    },
}

/// Takes stacks of one process. Keeps library files open and what it learned of them: a second call is cheaper.
#[derive(Debug)]
pub struct StackReader {
    proc_root: PathBuf,
    pid: Pid,
    /// Says while it is read.
    reading: Reading,
    target: Box<dyn IdentifyTarget>,
    /// For the thread that stops others; it reads nothing else.
    memory: LiveMemory,
    places: AddressMap,
    python: InterpreterFinder,
    /// Where the stack of a stopped thread is copied to.
    copy: Vec<u8>,
}

/// Bytes of a stopped thread's stack that are copied, in one read.
const LARGEST_COPY: usize = 128 << 10;
/// The ABI lets a function use that much below its stack pointer.
const RED_ZONE: u64 = 128;
/// How often a thread that ran in between is looked at again, and after which pause.
const ATTEMPTS: usize = 4;
const PAUSE: Duration = Duration::from_micros(300);
/// What taking stacks takes of the target's CPUs must not show in what the target does: after so much work there is a
/// pause before the next look of a sample, as long as all pauses of one call stay below the last.
const BUSY: Duration = Duration::from_micros(500);
const CALM: Duration = Duration::from_millis(2);
const LONGEST_CALM: Duration = Duration::from_millis(200);

impl StackReader {
    /// Opens the process; `reading` says while it is read. Fails where it does not exist, or its memory may not be read.
    pub fn attach(proc_root: &Path, pid: Pid, reading: Reading) -> io::Result<Self> {
        reading.begin(pid, ReadingPart::Memory);
        let memory = LiveMemory::open(proc_root, pid)?;
        let target = Box::new(LiveTarget::open(proc_root, pid));
        reading.end();
        Ok(Self {
            proc_root: proc_root.to_owned(),
            pid,
            reading,
            target,
            memory,
            places: AddressMap::default(),
            python: InterpreterFinder::default(),
            copy: vec![u8::MAX; LARGEST_COPY],
        })
    }

    /// Takes the stacks of these threads of the process. A stack that can't be taken says why. A thread that runs is looked
    /// at again for a while: it may be about to sleep, and then needs no stop.
    pub fn take(&mut self, tids: &[Tid], stops: Stops) -> Stacks {
        self.said(|reader| reader.take_within(tids, stops, ATTEMPTS))
    }

    /// The same, but what a thread does at the first look counts: to wait for its next sleep would find threads asleep
    /// more often than they are. The wall time is without the pauses before looks.
    pub fn sample(&mut self, tids: &[Tid], stops: Stops) -> Stacks {
        self.said(|reader| reader.take_within(tids, stops, 1))
    }

    fn said<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        self.reading.begin(self.pid, ReadingPart::Memory);
        let taken = read(self);
        self.reading.end();
        taken
    }

    fn take_within(&mut self, tids: &[Tid], stops: Stops, attempts: usize) -> Stacks {
        let began = Instant::now();
        let mut stacks = Stacks { pid: self.pid, ..Stacks::default() };
        self.target.begin(WorkLimits::OF_STACKS);
        if let Err(error) = self.places.look_again(&*self.target) {
            stacks.gaps.push(Gap::new("stacks", format!("the process's maps can't be read: {error}")));
        }
        match self.target.unanswered() {
            Ok(unanswered) => self.memory.leave_out(unanswered),
            // Closed or gone: then no stack is read either.
            Err(_) => return stacks,
        }
        let tasks: Vec<TaskDir> = tids.iter().map(|&tid| TaskDir::new(&self.proc_root, self.pid, tid)).collect();
        let session = self.python.open(&*self.target, self.places.maps(), tids, &tasks);
        let session = session.map_err(|gap| stacks.gaps.extend(gap)).ok();
        let mut taker = Taker {
            target: &*self.target,
            memory: &self.memory,
            places: &mut self.places,
            python: session.as_ref(),
            copy: &mut self.copy,
            room: RowBuffer::new(),
            attempts,
            left: match stops {
                Stops::Never => None,
                Stops::Allowed { budget } => Some(budget),
            },
            stacks: &mut stacks,
        };
        let (mut calm, mut busy_since) = (Duration::ZERO, began);
        let raw = tids.iter().zip(&tasks).map(|(&tid, task)| {
            if attempts == 1 && calm < LONGEST_CALM && busy_since.elapsed() > BUSY {
                let quiet_since = Instant::now();
                std::thread::sleep(CALM);
                calm += quiet_since.elapsed();
                busy_since = Instant::now();
            }
            taker.take(tid, task)
        });
        let raw: Vec<Raw> = raw.collect();
        let addresses = raw.iter().filter_map(|raw| raw.walk.as_ref()).flat_map(|walk| &walk.frames);
        let addresses = addresses.map(|frame| frame.lookup);
        let named = self.places.name(&*self.target, addresses, &mut stacks.gaps);
        stacks.stacks = raw.into_iter().map(|raw| raw.into_stack(&named)).collect();
        stacks.wall_ns = nanoseconds(began.elapsed().saturating_sub(calm));
        stacks
    }
}

/// A stack before its frames have names.
#[derive(Debug)]
struct Raw {
    tid: Tid,
    state: ThreadState,
    taken: StackMethod,
    walk: Option<StackWalk>,
    python: Option<Result<PythonFunctions, String>>,
    gaps: Vec<Gap>,
}

impl Raw {
    fn into_stack(self, named: &std::collections::HashMap<u64, places::SymbolAddress>) -> Stack {
        let Self { tid, state, taken, walk, python, mut gaps } = self;
        let (native, end) = walk.map_or((Vec::new(), StackEnd::Nothing), |walk| (walk.frames, walk.end));
        let native = native.iter().map(|frame| merge::native(frame, named.get(&frame.lookup))).collect();
        let frames = match python {
            None => native,
            Some(Ok(functions)) => merge::merged(native, &end, functions, &mut gaps),
            Some(Err(why)) => {
                gaps.push(Gap::new("Python's frames", why));
                native
            }
        };
        Stack { tid, state, taken, frames, end, gaps }
    }
}

/// One call of [`StackReader::take`].
struct Taker<'a> {
    target: &'a dyn IdentifyTarget,
    memory: &'a LiveMemory,
    places: &'a mut AddressMap,
    python: Option<&'a InterpreterSession<'a>>,
    copy: &'a mut Vec<u8>,
    room: RowBuffer,
    /// Looks at a thread before it counts as one that runs.
    attempts: usize,
    /// What is left of the time for stops; none where there may be none.
    left: Option<Duration>,
    stacks: &'a mut Stacks,
}

/// A thread looked at without stopping it.
enum Quiet {
    /// It was asleep all the while.
    Slept {
        look: ThreadSnapshot,
        syscall: Option<u32>,
        walk: StackWalk,
        python: Option<Result<PythonFunctions, String>>,
    },
    /// It ran, as far as could be seen.
    Ran(ThreadSnapshot),
    Failed(io::Error),
}

impl Taker<'_> {
    fn take(&mut self, tid: Tid, task: &TaskDir) -> Raw {
        let raw = |state, taken| Raw { tid, state, taken, walk: None, python: None, gaps: Vec::new() };
        match self.quietly(tid, task) {
            Quiet::Failed(error) => raw(ThreadState::Unknown, StackMethod::Not { why: unreadable(&error) }),
            Quiet::Slept { look, syscall, walk, python } => {
                let slept = Raw { walk: Some(walk), python, ..raw(look.state, StackMethod::WithoutStop) };
                self.improved(tid, task, &look, syscall, slept)
            }
            Quiet::Ran(look) => match self.stopping(tid, task, &look) {
                Ok(stopped) => Raw { state: look.state, ..stopped },
                Err(why) => match self.python.and_then(|python| python.moving(tid)) {
                    Some(Ok(functions)) => {
                        Raw { python: Some(Ok(functions)), ..raw(look.state, StackMethod::PythonOnly { why }) }
                    }
                    Some(Err(error)) => Raw { python: Some(Err(error)), ..raw(look.state, StackMethod::Not { why }) },
                    None => raw(look.state, StackMethod::Not { why }),
                },
            },
        }
    }

    /// The same stack, or a whole one of the stopped thread where only that tells more.
    fn improved(&mut self, tid: Tid, task: &TaskDir, look: &ThreadSnapshot, syscall: Option<u32>, slept: Raw) -> Raw {
        let needs_stop = slept.walk.as_ref().is_some_and(|walk| matches!(walk.end, StackEnd::NeedsStop { .. }));
        if !needs_stop || self.left.is_none() {
            return slept;
        }
        let refused = match syscall.and_then(stop::returns_early) {
            Some(name) => Err(format!("it is in {name}, which a stop would make return early")),
            None => self.stopping(tid, task, look),
        };
        match refused {
            Ok(stopped) => Raw { state: look.state, ..stopped },
            Err(why) => {
                let gap = Gap::new("the outer frames", format!("they need a stop, and it was not stopped: {why}"));
                Raw { gaps: vec![gap], ..slept }
            }
        }
    }

    /// Reads a sleeping thread's stack where it lies, and checks that it slept all the while.
    fn quietly(&mut self, tid: Tid, task: &TaskDir) -> Quiet {
        let mut last = None;
        for attempt in 0..self.attempts {
            if attempt > 0 {
                std::thread::sleep(PAUSE);
            }
            let before = match task.look() {
                Ok(look) => look,
                Err(error) => return Quiet::Failed(error),
            };
            if let Some(CodePosition::Asleep { syscall, pc, sp }) = before.standing() {
                let memory: &dyn Memory = self.target;
                let walk = walk(self.target, self.places, memory, Registers::new(pc, sp), &mut self.room);
                let python = self.python.and_then(|python| python.still(tid));
                match task.look() {
                    Ok(after) if after == before => return Quiet::Slept { look: before, syscall, walk, python },
                    Ok(_) => {}
                    Err(error) => return Quiet::Failed(error),
                }
            }
            last = Some(before);
        }
        last.map_or_else(|| Quiet::Failed(io::ErrorKind::NotFound.into()), Quiet::Ran)
    }

    /// Stops the thread for as long as it takes to copy its registers and its stack; an error says why it was not.
    fn stopping(&mut self, tid: Tid, task: &TaskDir, look: &ThreadSnapshot) -> Result<Raw, String> {
        let left = self.left.ok_or("it is running: only a stop shows its native frames (`tftop stack --stop`)")?;
        if left.is_zero() {
            return Err("the time allowed for stops is used up".to_owned());
        }
        let (memory, copy) = (self.memory, &mut *self.copy);
        let chain = self.python.and_then(|python| python.chain_reader(tid));
        let stop = stop::stopped(task, tid, look.start_ticks, |registers| {
            let start = Address(registers.sp.saturating_sub(RED_ZONE));
            let copied = memory.read_start(start, copy).unwrap_or(0);
            let chain = chain.map(|(chains, thread)| chains.of(memory, &thread).map_err(|error| error.to_string()));
            (*registers, copied, chain)
        });
        let lasted = nanoseconds(stop.lasted);
        self.left = Some(left.saturating_sub(stop.lasted));
        self.stacks.stopped_ns = self.stacks.stopped_ns.saturating_add(lasted);
        self.stacks.longest_stop_ns = self.stacks.longest_stop_ns.max(lasted);
        self.stacks.stop_count += u64::from(lasted > 0);
        let (registers, copied, chain) = stop.read?;
        let walk = self.walk_copy(registers, copied);
        let python = chain.and_then(|chain| Some(self.python?.functions(&chain)));
        let taken = StackMethod::Stopped { stop_ns: lasted };
        Ok(Raw { tid, state: ThreadState::Unknown, taken, walk: Some(walk), python, gaps: Vec::new() })
    }

    fn walk_copy(&mut self, registers: Registers, copied: usize) -> StackWalk {
        let start = registers.sp.saturating_sub(RED_ZONE);
        let copy = Copied { start, bytes: self.copy.get(..copied).unwrap_or_default() };
        walk(self.target, self.places, &copy, registers, &mut self.room)
    }
}

/// A part of a stack, as it was when its thread was stopped.
struct Copied<'a> {
    start: u64,
    bytes: &'a [u8],
}

impl Memory for Copied<'_> {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        let at = address.0.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        let bytes = at.and_then(|at| self.bytes.get(at..)?.get(..into.len()));
        into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it has ended".to_owned(),
        _ if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => "it has ended".to_owned(),
        io::ErrorKind::PermissionDenied => "where it stands may not be read; `tftop doctor` says what helps".to_owned(),
        _ => format!("where it stands can't be read: {error}"),
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
