//! Floor 1: hands. Turns caps into an environment and CPUs, starts a command in them and stays with it to its end. Never
//! touches a process that it did not start.

pub mod caps;
pub mod child;
pub mod environment;
pub mod folder;
pub mod inbox;
pub mod machine;
pub mod program;
pub mod shell;
pub mod shim;
pub mod signals;
pub mod stage;
