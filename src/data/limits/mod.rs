//! TODO head

pub(crate) mod caps;
pub(crate) mod limit;
pub use caps::Caps;
pub use limit::{AppliesTo, Grade, Limit, LimitSource, Limits, ProcessLimit};
