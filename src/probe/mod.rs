//! Floor 1: eyes. Reads a live target; never stops, signals or changes it.

pub mod c_string;
pub mod environ;
pub mod identify;
pub mod live;
pub mod memory;
pub mod python;
pub mod settled;

pub use identify::{Evidence, Identifier, Newborn};
pub use live::{AttachError, Live, LiveOptions};
