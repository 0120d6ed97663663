//! Floor 1: eyes. Reads a live target; never stops, signals or changes it.

pub mod access;
mod affinity;
pub mod c_string;
mod cgroup;
mod counters;
mod cxx;
mod detail;
mod elf;
pub mod environ;
#[cfg(test)]
mod fake;
pub mod find;
mod folder;
mod host;
pub mod identify;
pub mod image;
mod interpreter;
mod library_cache;
pub mod live;
mod main_script;
mod maps;
pub mod memory;
mod openblas;
mod pace;
mod process;
mod program;
mod pthreads;
pub mod python;
pub mod script;
mod settings;
pub mod settled;
mod stat;
mod symbols;
pub mod target;
mod tensorflow;
mod tree;

pub use identify::{Evidence, Identifier, Newborn};
pub use live::{AttachError, Live, LiveOptions};
