//! Plain types: what was read, what limits, what may be shown, what a run is. No I/O and no clock.

pub(crate) mod framework;
pub(crate) mod gap;
pub(crate) mod ids;
pub mod job;
pub mod limits;
pub mod origin;
pub mod run;
pub mod sample;
pub mod scene;
#[cfg(test)]
mod schemas;
pub mod secrets;
pub(crate) mod shared_list;
pub(crate) mod text;
pub(crate) mod time;
pub use framework::Framework;
pub use gap::Gap;
pub use ids::{Address, Pid, ProcessKey, ThreadKey, Tid};
pub use limits::caps::Caps;
pub use limits::cpuset::CpuSet;
pub use run::rebuild::{ProcessAttributes, RebuiltProcess, RerunPlan, ResourceLimit, ShownValue, VariableChange};
pub use run::run_fact::{RUN_SCHEMA, RunEnd, RunFact};
pub use run::whole_environment::FullEnvironment;
pub use sample::cgroup::{CgroupFact, CgroupVersion, Quota, Throttle};
pub use sample::environment::{Environment, KEPT_VARIABLES};
pub use sample::host::{CpuTime, HostFact};
pub use sample::launch::{
    Epoch, HookFailure, LaunchFact, LaunchSample, OverruledSetting, Pin, ShimFact, ShimReport, ShimUse, StepMarks,
    StepSource, TfStarted,
};
pub use sample::process::{FrameworkFact, LibraryFact, ProcessFact, PythonFact, TensorFlowFact};
pub use sample::settings::{LibraryPool, PidsLimit, Script, ScriptKnob, ScriptSetting, ThreadSettings};
pub use sample::stack::{Frame, FrameMethod, PythonFrame, Stack, StackEnd, StackMethod, Stacks};
pub use sample::tf_config::{TfConfigFact, TfContextState};
pub use sample::thread::{
    Counters, Identity, NameSource, StartRoutine, StdThreadOwner, TargetName, ThreadDetail, ThreadFact, ThreadState,
};
pub use sample::wait::{KernelStack, Syscall, SyscallState};
pub use sample::{Cost, CounterSource, Interest, ProcessSample, Sample};
pub use shared_list::SharedList;
pub use text::Text;
pub use time::calendar::Calendar;
