//! Processes that try to hold tftop up, make it act or make it keep a secret: each look at one has a deadline. Where the
//! tests run as root, these processes are another user's, as on a shared machine.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../support/deadline.rs"]
mod deadline;
mod kinds;
mod runs;
mod secrets;
mod target;
#[path = "../support/terminal.rs"]
mod terminal;
mod unanswered;
mod watched;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A look may take this long in a debug build on a loaded machine; what is tested for would take minutes, or for ever.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What a subcommand came to.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

/// Runs tftop to its end; panics when it takes longer than [`DEADLINE`].
pub fn tftop(arguments: &[&str]) -> Ended {
    ended(Command::new(env!("CARGO_BIN_EXE_tftop")).args(arguments).env("XDG_CONFIG_HOME", "/nonexistent"))
}

/// The same for a command that is made already.
pub fn ended(command: &mut Command) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let files = (std::fs::File::create(&out).unwrap(), std::fs::File::create(&err).unwrap());
    let began = Instant::now();
    let mut child = command.stdin(Stdio::null()).stdout(files.0).stderr(files.1).spawn().unwrap();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if began.elapsed() > DEADLINE {
            let doing = std::fs::read_to_string(format!("/proc/{}/wchan", child.id())).unwrap_or_default();
            // Not waited for: what the kernel holds up does not end.
            drop(child.kill());
            panic!("{command:?} did not end within {DEADLINE:?}; it waited in {doing:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let text = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    Ended { code, stdout: text(&out), stderr: text(&err), took: began.elapsed() }
}
