//! What is read of one process: its program, script, environment, settings, BLAS pools.

pub mod environ;
pub(crate) mod main_script;
mod module_level;
pub(crate) mod openblas;
pub(crate) mod process_reader;
pub(crate) mod program;
pub(crate) mod script;
pub(crate) mod settings;
