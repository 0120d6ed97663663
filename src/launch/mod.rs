//! Starts a command with caps, ends it, and what goes with it between the two. Touches no process that it did not start,
//! but for one that a user has said is to be stopped ([`stop`]).

pub mod caps;
pub(crate) mod child;
pub(crate) mod exec_wrapper;
pub(crate) mod pin;
pub(crate) mod process_attributes;
pub(crate) mod program;
pub(crate) mod shell;
pub(crate) mod shim;
pub(crate) mod shim_socket;
pub(crate) mod start_context;
pub(crate) mod step_marks;
pub(crate) mod stop;
pub mod terminal;
