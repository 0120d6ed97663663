//! The terminal that a command runs on: what it writes becomes a screen and a log, what is typed reaches it.

pub mod console;
pub(crate) mod emulator;
pub(crate) mod log;
