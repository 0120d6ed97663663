//! Floor 1: hands. Turns caps into an environment and CPUs, starts a command in them and stays with it to its end. Never
//! touches a process that it did not start, but for one that a person has said is to be stopped ([`stop`]).

pub mod caps;
pub mod cgroup;
pub mod child;
pub mod console;
pub mod emulator;
pub mod environment;
pub mod folder;
pub mod inbox;
pub mod log;
pub mod machine;
pub mod manner;
pub mod origin;
pub mod pin;
pub mod preset;
pub mod program;
pub mod pty;
pub mod quota;
pub mod shell;
pub mod shim;
pub mod signals;
pub mod stage;
pub mod stop;
pub mod store;
