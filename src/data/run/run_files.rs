//! What the files of a run's folder are called.

/// What was started and how: written first ([`RunFact`](crate::data::run::RunFact)).
pub const RUN: &str = "run.json";
/// What was seen of it.
pub const TAPE: &str = "samples.tape";
/// Its step times.
pub const STEPS: &str = "steps.csv";
/// What it wrote, where that did not go to the terminal.
pub const LOG: &str = "output.log";
/// How it went, for programs: written last.
pub const SUMMARY: &str = "summary.json";
/// The same for people.
pub const SUMMARY_MARKDOWN: &str = "summary.md";
/// Locked (flock(2)) for as long as the run goes on.
pub const LOCK: &str = "lock";
/// What is put in front of the script.
pub const SHIM: &str = "shim";
/// The socket that the shim writes to.
pub const SOCKET: &str = "socket";
/// Behind the name of a file that is still being written.
pub const UNFINISHED: &str = ".new";
