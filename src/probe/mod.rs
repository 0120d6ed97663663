//! Floor 1: eyes. Reads a live target; never signals or changes it, and stops a thread only in `stack`, when told to.

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
pub mod rebuild;
pub mod script;
mod settings;
pub mod settled;
pub mod stack;
mod stat;
mod symbols;
mod syscalls;
pub mod target;
mod tensorflow;
mod tree;
mod wait;

pub use host::this_machine;
pub use identify::{Evidence, Identifier, Newborn};
pub use live::{AttachError, Live, LiveOptions};
