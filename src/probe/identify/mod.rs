//! Who the threads of a process are: its thread library's list, start routines, what their arguments name. Reads memory and
//! library files; judges nothing.

pub(crate) mod cxx;
pub(crate) mod frameworks;
pub mod identifier;
pub(crate) mod pthreads;
#[cfg(test)]
mod recorded_tests;
pub(crate) mod tensorflow;
pub(crate) mod wheel;
