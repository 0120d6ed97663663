//! What threads do: from wait channels and system calls, and from stacks by the functions of `assets/frames.toml`.

pub(crate) mod function_table;
pub mod meaning;
pub mod profile;
pub(crate) mod spin_samples;
pub(crate) mod symbol;
pub(crate) mod wait_words;
pub mod waits;
