//! TODO head

pub(crate) mod function_table;
pub mod meaning;
pub mod profile;
pub(crate) mod spin_samples;
pub(crate) mod symbol;
pub(crate) mod wait_words;
pub mod waits;
