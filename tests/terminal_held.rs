//! The binary in a terminal while the thread that reads is held up: it says so, obeys keys, and can be left. Needs python3 and no
//! TensorFlow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/deadline.rs"]
mod deadline;
#[path = "support/python.rs"]
mod python;
#[path = "support/target.rs"]
mod target;
#[path = "support/terminal.rs"]
mod terminal;

use std::path::Path;

use rustix::process::Signal;
use target::Target;
use terminal::Terminal;

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");

#[test]
fn it_can_be_left_while_nothing_comes_of_the_first_look() {
    let target = target();
    for leave in ["q", "\x03", "signal"] {
        let Some(mut terminal) = held("tftop-sampler", Path::new("/"), &target) else { return };
        terminal.wait_for_text("first look takes");
        leave_by(leave, &mut terminal);
        terminal.assert_restored();
    }
}

#[test]
fn it_can_be_left_while_the_processes_are_looked_for() {
    let target = target();
    for leave in ["q", "\x03", "signal"] {
        let Some(mut terminal) = held_with("tftop-look", Path::new("/"), &[]) else { return };
        terminal.wait_for_text("looking for processes of TensorFlow");
        leave_by(leave, &mut terminal);
        terminal.assert_restored();
    }
    drop(target);
}

#[test]
fn a_sampler_that_hangs_is_said_and_keeps_nobody() {
    let target = target();
    let folder = tempfile::tempdir().unwrap();
    for (name, leave) in [("key", "q"), ("interrupt", "\x03"), ("signal", "signal")] {
        let file = folder.path().join(name);
        let Some(mut terminal) = held("tftop-sampler", &file, &target) else { return };
        terminal.wait_for_text("live");
        std::fs::write(&file, "").unwrap();
        terminal.wait_until("what takes so long", |screen| {
            let header = screen.contents().lines().next().unwrap_or_default().to_owned();
            header.contains(" ago, still reading children of ") && !header.contains("live")
        });
        // Keys work: the help is there, and leaves again.
        terminal.press("?");
        terminal.wait_for_text("quit; the target keeps running");
        terminal.press("?");
        terminal.wait_for_no_text("quit; the target keeps running");
        leave_by(leave, &mut terminal);
        terminal.assert_restored();
    }
}

#[test]
fn a_run_whose_sampler_hangs_gets_its_keys_and_its_end() {
    let command = ["run", "--no-shim", "--", "sleep", "1000"];
    let Some(mut terminal) = held_with("tftop-sampler", Path::new("/"), &command) else { return };
    terminal.wait_for_text("first look takes");
    terminal.press("\x03");
    terminal.wait_for_text("was ended by signal 2");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(130), "{}", terminal.text());
    terminal.assert_restored();
}

fn leave_by(leave: &str, terminal: &mut Terminal) {
    match leave {
        "signal" => terminal.signal(Signal::TERM),
        key => terminal.press(key),
    }
    let status = terminal.wait_for_end();
    assert_eq!(status.code(), Some(0), "{leave:?}: {}", terminal.text());
}

/// tftop on the target, its thread of this name held once the file is there. None where the kernel does not let a filter be
/// set: the reason is printed.
fn held(thread: &str, file: &Path, target: &Target) -> Option<Terminal> {
    held_with(thread, file, &[&target.pid().to_string()])
}

fn held_with(thread: &str, file: &Path, arguments: &[&str]) -> Option<Terminal> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets/hold.py");
    let python = which_python();
    let arguments = [&[script.to_str().unwrap(), thread, file.to_str().unwrap(), TFTOP], arguments].concat();
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("state");
    let environment = [("XDG_STATE_HOME", state.to_str().unwrap())];
    let mut terminal = Terminal::start(24, 120, &python, &arguments, &environment);
    let mut refused = false;
    terminal.wait_until("the screen", |screen| {
        refused = screen.contents().contains("NO SECCOMP");
        refused || screen.alternate_screen()
    });
    if refused {
        eprintln!("skipped: {}", terminal.text());
    }
    (!refused).then_some(terminal)
}

/// Its path: exec(2) looks in no PATH.
fn which_python() -> std::path::PathBuf {
    let said = std::process::Command::new(python::plain()).args(["-c", "import sys; print(sys.executable)"]).output();
    String::from_utf8(said.unwrap().stdout).unwrap().trim().into()
}

fn target() -> Target {
    Target::start(&python::plain(), "threads.py", &["3"])
}
