//! What holds threads back: the registry of caps, caps as they are asked for, limits as they were read.

pub(crate) mod cap;
pub(crate) mod caps;
pub(crate) mod cpuset;
pub(crate) mod limit;
pub use cap::{
    CAPS, CapKind, CapRow, CapVariable, DefaultSize, PRIVATE_POOL_THREAD, PoolCheck, PoolSetting, PythonCall,
};
pub use caps::{Caps, PerCap};
pub use limit::{AppliesTo, Grade, Knob, Limit, LimitSource, Limits, ProcessLimit};
