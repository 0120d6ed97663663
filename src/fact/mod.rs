//! Floor 0: what was read, as it was read. Plain data that can be serialized; no I/O, no clock, no rates, no verdicts.

mod calendar;
mod cpuset;
mod environment;
mod gap;
mod host;
mod ids;
mod launch;
mod limit;
pub mod output;
mod process;
mod rebuild;
mod run;
mod sample;
mod stack;
pub(crate) mod text;
mod tf_config;
mod thread;
mod wait;
mod whole_environment;

pub use calendar::Calendar;
pub use cpuset::CpuSet;
pub use environment::{Environment, KEPT_VARIABLES};
pub use gap::Gap;
pub use host::{CpuTime, HostFact};
pub use ids::{Address, Pid, ProcessKey, ThreadKey, Tid};
pub use launch::{
    Epoch, Failure, Heard, LaunchFact, LaunchSample, Overruled, Pin, ShimFact, ShimUse, StepMarks, StepSource,
    TfStarted,
};
pub use limit::{Caps, LibraryPool, PidsLimit, Script, Settings, Wish, WishKnob};
pub use process::{CgroupFact, CgroupVersion, LibraryFact, ProcessFact, PythonFact, Quota, TensorFlowFact, Throttle};
pub use rebuild::{Manner, Rebuild, RerunPlan, ResourceLimit, Shown, VariableChange};
pub use run::{RUN_SCHEMA, RunEnd, RunFact, without_secrets};
pub use sample::{Cost, CounterSource, Interest, ProcessSample, Sample};
pub use stack::{End, Found, Frame, PythonFrame, Stack, Stacks, Taken};
pub use text::Text;
pub use tf_config::{TfConfigFact, TfContextState};
pub use thread::{Counters, Entry, Identity, NameSource, Owner, State, TargetName, ThreadDetail, ThreadFact};
pub use wait::{Call, KernelStack, Syscall};
pub use whole_environment::WholeEnvironment;
