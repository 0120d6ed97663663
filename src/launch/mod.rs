//! Floor 1: hands. Turns caps into an environment and CPUs, starts a command in them and stays with it to its end. Never
//! touches a process that it did not start, but for one that a person has said is to be stopped ([`stop`]).

pub(crate) mod child;
pub(crate) mod console;
pub(crate) mod emulator;
pub(crate) mod environment;
pub(crate) mod exec_wrapper;
pub(crate) mod log;
pub(crate) mod machine;
pub(crate) mod pin;
pub(crate) mod plan;
pub(crate) mod preset;
pub(crate) mod process_attributes;
pub(crate) mod program;
pub(crate) mod quota;
pub(crate) mod shell;
pub(crate) mod shim;
pub(crate) mod shim_socket;
pub(crate) mod start_context;
pub(crate) mod stop;
