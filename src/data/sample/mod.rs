//! One instant of a target: what goes on tape and what every conclusion is drawn from.

pub(crate) mod accounting;
pub(crate) mod cgroup;
pub(crate) mod environment;
pub(crate) mod gpu;
pub(crate) mod host;
pub(crate) mod launch;
pub(crate) mod process;
pub(crate) mod replaced;
pub(crate) mod settings;
pub(crate) mod stack;
pub(crate) mod tf_config;
pub(crate) mod thread;
pub(crate) mod trace;
pub(crate) mod wait;
use std::sync::Arc;

pub use accounting::{AccountingSource, ExitRecords, MissingSource, ThreadAccounting};
pub use cgroup::{CgroupFact, CgroupVersion, ContainerFact, Quota, Throttle};
pub use environment::{Environment, KEPT_VARIABLES};
pub use gpu::{GpuProcess, GpuSample};
pub use host::{CpuTime, HostFact};
pub use launch::{
    Epoch, HookFailure, LaunchFact, LaunchSample, OverruledSetting, Pin, ShimFact, ShimReport, ShimUse, StepMarks,
    StepSource, TfStarted,
};
pub use process::{FrameworkFact, LibraryFact, ProcessFact, PythonFact, TensorFlowFact};
pub use replaced::{Pace, ReplacedRun, SpeedChange};
use serde::{Deserialize, Serialize};
pub use settings::{LibraryPool, PidsLimit, Script, ScriptKnob, ScriptSetting, ThreadSettings};
pub use stack::{Frame, FrameMethod, PythonFrame, Stack, StackEnd, StackMethod, Stacks, TakenStacks};
pub use tf_config::{TfConfigFact, TfContextState};
pub use thread::{
    Counters, Identity, NameSource, StartRoutine, StdThreadOwner, TargetName, ThreadDetail, ThreadFact, ThreadState,
};
pub use trace::{SWITCH_COST_NS, SchedulerChange, SchedulerEvent, TraceSample, TraceState};
pub use wait::{KernelStack, Syscall, SyscallState};

use crate::data::{Gap, SharedList, ThreadKey};

/// One instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Nanoseconds since boot (CLOCK_BOOTTIME) at which reading began; start_ticks of processes count from the same zero.
    pub at_ns: u64,
    /// The interval asked for.
    pub interval_ns: u64,
    /// How much later than planned reading began.
    pub late_ns: u64,
    /// The machine.
    pub host: Arc<HostFact>,
    /// Busy time of each CPU that is online.
    pub cpus: Vec<CpuTime>,
    /// The machine's GPUs; none where no driver tells of any, or nobody asked.
    #[serde(default)]
    pub gpus: Vec<GpuSample>,
    /// The target's processes: the one that was asked for first, then its descendants by pid. The first is present even
    /// after it ended.
    pub processes: Vec<ProcessSample>,
    /// Details of the threads somebody looks at.
    pub details: Vec<(ThreadKey, ThreadDetail)>,
    /// What thread counters are made of.
    pub source: CounterSource,
    /// By which sources threads are accounted for that no look saw.
    #[serde(default)]
    pub accounting: ThreadAccounting,
    /// What could not be read of the whole target.
    pub gaps: Vec<Gap>,
    /// What whoever started the target adds; none for a target that was only attached to.
    #[serde(default)]
    pub launch: Option<LaunchSample>,
    /// What a trace saw since the sample before; none where nobody asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceSample>,
    /// What this sample cost.
    pub cost: Cost,
}

/// One process at one instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessSample {
    /// What hardly ever changes.
    pub fact: Arc<ProcessFact>,
    /// True once the process is gone; its threads are then those of its last sight.
    pub ended: bool,
    /// User and system time of all its threads, dead ones included, in clock ticks (fields 14 and 15 of /proc/PID/stat).
    pub cpu_ticks: u64,
    /// What its own CPU clock says; none where it can't be read, of one that is gone, and in older recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockReading>,
    /// Its threads, by rising tid.
    pub threads: SharedList<ThreadFact>,
    /// What exit records say of its threads that ended; nothing where there are none.
    #[serde(default)]
    pub exits: ExitRecords,
    /// The last counters of threads that looks had seen and that ended since the look before, by rising key; by exit records.
    #[serde(default)]
    pub ended_threads: Vec<(ThreadKey, Counters)>,
    /// Throttling of `fact.cgroups`, in the same order; none where cpu.stat can't be read.
    pub throttle: Vec<Option<Throttle>>,
}

/// A process's CPU clock (clock_getcpuclockid(3)), and what it says of threads whose counters were not read for this sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// What all its threads have run, dead ones included, in nanoseconds.
    pub cpu_ns: u64,
    /// Threads that had slept for a while and were not read: their counters are those of a sample before.
    pub unread_threads: u32,
    /// What they may have run since then, all together and at most, in nanoseconds.
    pub unread_ns: u64,
}

/// Where run and wait times come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CounterSource {
    /// schedstat: nanoseconds, exact.
    #[default]
    Schedstat,
    /// This kernel keeps no schedstat: CPU time from stat in clock ticks, demand estimated from threads seen in state R.
    StatTicks,
}

/// What looking cost tftop itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// CPU time of the sampling thread, in nanoseconds.
    pub cpu_ns: u64,
    /// Wall time, in nanoseconds.
    pub wall_ns: u64,
    /// Bytes read from files and from the target's memory.
    pub bytes_read: u64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.cpu_ns += other.cpu_ns;
        self.wall_ns += other.wall_ns;
        self.bytes_read += other.bytes_read;
    }
}

/// What a face asks of the next sample: details are read only for threads on screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Threads whose [`ThreadDetail`] is wanted.
    pub details: Vec<ThreadKey>,
    /// Threads of which it is enough to know what they wait for.
    pub waits: Vec<ThreadKey>,
    /// The thread whose kernel stack is wanted too.
    pub stack: Option<ThreadKey>,
    /// Whether a trace of the scheduler is wanted.
    pub trace: bool,
}
