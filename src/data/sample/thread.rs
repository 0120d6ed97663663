//! What the kernel and the target itself say of one thread. No rates and no origin: those are conclusions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::sample::{KernelStack, SyscallState};
use crate::data::{Address, CpuSet, Text, ThreadKey};

/// One thread at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadFact {
    /// Which thread.
    pub key: ThreadKey,
    /// Its scheduler counters, cumulative since it was born. All zero where the sample's source is
    /// [`StatTicks`](super::CounterSource::StatTicks).
    pub counters: Counters,
    /// Its user and system time in clock ticks (fields 14 and 15 of stat), as of its last read. Read only when the
    /// thread ran, or at every tick where schedstat is missing.
    pub cpu_ticks: u64,
    /// Its state as of the last read; a thread whose counters did not move is not read again.
    pub state: ThreadState,
    /// The CPU it last ran on (field 39 of stat).
    pub last_cpu: Option<u32>,
    /// The CPUs it may run on (sched_getaffinity(2)); read at birth and renewed now and then.
    pub affinity: Option<Arc<CpuSet>>,
    /// What never changes, or hardly ever: shared between samples.
    pub identity: Arc<Identity>,
}

/// `/proc/PID/task/TID/schedstat` (Documentation/scheduler/sched-stats.rst): cumulative, never falls while a thread lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Nanoseconds on a CPU.
    pub run_ns: u64,
    /// Nanoseconds runnable but waiting in a run queue; credited when the thread next runs. Includes throttled time.
    pub wait_ns: u64,
    /// Time slices run.
    pub slices: u64,
}

/// Field 3 of stat (proc_pid_stat(5)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ThreadState {
    /// R: on a CPU or waiting for one.
    Running,
    /// S: asleep, can be interrupted.
    Sleeping,
    /// D: asleep in the kernel, mostly for storage.
    DiskSleep,
    /// T: stopped by a signal.
    Stopped,
    /// t: stopped by a debugger.
    Tracing,
    /// Z: ended, not yet reaped.
    Zombie,
    /// X: gone.
    Dead,
    /// I: an idle kernel thread.
    Idle,
    /// P: parked.
    Parked,
    /// A letter this version does not know, or never read.
    #[default]
    Unknown,
}

impl ThreadState {
    /// From the kernel's letter.
    pub fn from_letter(letter: u8) -> Self {
        match letter {
            b'R' => Self::Running,
            b'S' => Self::Sleeping,
            b'D' => Self::DiskSleep,
            b'T' => Self::Stopped,
            b't' => Self::Tracing,
            b'Z' => Self::Zombie,
            b'X' | b'x' => Self::Dead,
            b'I' => Self::Idle,
            b'P' => Self::Parked,
            _ => Self::Unknown,
        }
    }

    /// The kernel's letter; `?` when unknown.
    pub fn letter(self) -> char {
        match self {
            Self::Running => 'R',
            Self::Sleeping => 'S',
            Self::DiskSleep => 'D',
            Self::Stopped => 'T',
            Self::Tracing => 't',
            Self::Zombie => 'Z',
            Self::Dead => 'X',
            Self::Idle => 'I',
            Self::Parked => 'P',
            Self::Unknown => '?',
        }
    }
}

/// The evidence of where a thread comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The kernel's name of the thread (`comm`, at most 15 bytes); inherited from the creator unless set, so it lies.
    pub comm: Text,
    /// Whether this is its process's main thread (tid = pid).
    pub main: bool,
    /// Where the thread started, from glibc's thread list in the target's memory.
    pub entry: Option<StartRoutine>,
    /// The name the program itself keeps for the thread, from the target's memory.
    pub target_name: Option<TargetName>,
    /// Why entry and name are missing, in words; none when they were read, or when the main thread needs neither.
    pub missing: Option<String>,
}

/// A thread's start routine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartRoutine {
    /// Its address in the target.
    pub address: Address,
    /// Path of the library (or executable) that holds the address, as the target's maps name it; none for JIT code.
    pub library: Option<Arc<Text>>,
    /// The symbol whose extent holds the address, mangled; none in stripped libraries (the nearest symbol is a lie).
    pub symbol: Option<Text>,
    /// For a `std::thread`: the library that owns what it runs.
    pub owner: Option<StdThreadOwner>,
}

/// Who made a `std::thread`: the library that holds the vtable of its `std::thread::_State_impl<…>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StdThreadOwner {
    /// Path of the library that holds the vtable.
    pub library: Arc<Text>,
    /// Symbol of the vtable, mangled, where the library is not stripped.
    pub symbol: Option<Text>,
}

/// A name out of the target's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetName {
    /// The name.
    pub name: Text,
    /// Whose name it is and how it was recognised.
    pub source: NameSource,
}

/// Whose name a [`TargetName`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NameSource {
    /// TensorFlow's `ThreadParams::name`; the start routine is `tsl::PThread::ThreadFn` by its symbol.
    TensorFlow,
    /// The same, but the symbol is stripped: the start routine lies in libtensorflow_framework and the argument decodes to
    /// a plausible name.
    TensorFlowByShape,
    /// Python's `threading.Thread.name`.
    Python,
}

/// What is read only for threads somebody looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadDetail {
    /// Voluntary context switches since birth (`/proc/PID/task/TID/status`).
    pub voluntary_switches: Option<u64>,
    /// Involuntary context switches since birth; not monotonic with load, corroborates at best.
    pub involuntary_switches: Option<u64>,
    /// The kernel function it sleeps in (`wchan`); "0" or missing when it does not sleep or may not be read.
    pub wait_channel: Option<Text>,
    /// What it was doing; none where the kernel does not say.
    #[serde(default)]
    pub call: Option<SyscallState>,
    /// Where it stands in the kernel; read only of the thread in [`Interest::stack`](super::Interest::stack), none while
    /// it runs.
    #[serde(default)]
    pub kernel_stack: Option<KernelStack>,
}
