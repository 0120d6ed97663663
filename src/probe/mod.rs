//! Floor 1: eyes. Reads a live target; never stops, signals or changes it.

mod cxx;
mod elf;
pub mod identify;
pub mod image;
mod interpreter;
mod library_cache;
pub mod live;
mod maps;
pub mod memory;
mod pthreads;
mod symbols;
pub mod target;
mod tensorflow;

pub use identify::{Evidence, Identifier, Newborn};
pub use live::{AttachError, Live, LiveOptions};
