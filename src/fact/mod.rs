//! Floor 0: what was read, as it was read. Plain data that can be serialized; no I/O, no clock, no rates, no verdicts.

mod cpuset;
mod environment;
mod gap;
mod host;
mod ids;
mod limit;
mod process;
mod sample;
mod text;
mod tf_config;
mod thread;

pub use cpuset::CpuSet;
pub use environment::{Environment, KEPT_VARIABLES};
pub use gap::Gap;
pub use host::{CpuTime, HostFact};
pub use ids::{Address, Pid, ProcessKey, ThreadKey, Tid};
pub use limit::{Caps, LibraryPool, PidsLimit, Script, Settings, Wish, WishKnob};
pub use process::{CgroupFact, CgroupVersion, LibraryFact, ProcessFact, PythonFact, Quota, TensorFlowFact, Throttle};
pub use sample::{Cost, CounterSource, Interest, ProcessSample, Sample};
pub use text::Text;
pub use tf_config::{TfConfigFact, TfContextState};
pub use thread::{Counters, Entry, Identity, NameSource, Owner, State, TargetName, ThreadDetail, ThreadFact};
