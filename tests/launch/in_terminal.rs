//! `tftop run` in a terminal: keys, the dashboard, signals.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::deadline::{LONG, wait_for};
use crate::terminal::Terminal;
use crate::{TFTOP, files_below};

#[test]
fn control_c_reaches_the_command_once() {
    let script = "import signal
got = []
signal.signal(signal.SIGINT, lambda *_: got.append(1) or print('got it', flush=True))
print('ready', flush=True)
input()
print('in all', len(got), flush=True)";
    let (_state, mut terminal) = launched_in_terminal(&["run", "--no-ui", "--no-shim", "--", "python3", "-c", script]);
    terminal.wait_for_text("ready");
    terminal.press("\x03");
    terminal.wait_for_text("got it");
    terminal.press("\r");
    terminal.wait_for_text("in all 1");
    assert_eq!(terminal.wait_for_end().code(), Some(0));
    assert_summary(&mut terminal);
}

#[test]
fn a_command_on_a_terminal_of_its_own_ignores_no_signal_because_tftop_did() {
    let script = "import signal
names = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
print('ignored', [int(name) for name in names if signal.getsignal(name) == signal.SIG_IGN], flush=True)
input()";
    let line = format!("trap '' HUP INT QUIT; exec {TFTOP} run --no-shim -- python3 -c \"{script}\"");
    let state = tempfile::tempdir().unwrap();
    let home = [("XDG_STATE_HOME", state.path().to_str().unwrap())];
    let mut terminal = Terminal::start(24, 100, Path::new("/bin/bash"), &["-c", &line], &home);
    terminal.wait_until("the dashboard", |screen| screen.contents().contains("main thread"));
    terminal.press("o");
    terminal.wait_for_text("ignored []");
    terminal.press("\x03");
    terminal.wait_for_text("KeyboardInterrupt");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(130));
}

#[test]
fn the_dashboard_may_be_left_and_the_command_goes_on() {
    let script = "import sys, time
print('into the log', flush=True)
while True: time.sleep(0.01)";
    let (state, mut terminal) = launched_in_terminal(&["run", "--", "python3", "-c", script]);
    wait_for("the output in the log", LONG, || {
        let log = files_below(state.path()).into_iter().find(|path| path.ends_with("/output.log"))?;
        (fs::read_to_string(log).unwrap() == "into the log\r\n").then_some(())
    });
    terminal
        .wait_until("the dashboard", |screen| screen.alternate_screen() && screen.contents().contains("main thread"));
    assert!(!terminal.text().contains("into the log"));
    terminal.press("q");
    terminal.wait_for_text("the command keeps running");
    terminal.wait_for_text("into the log");
    terminal.press("\x03");
    let code = terminal.wait_for_end().code();
    assert_eq!(code, Some(130), "{}", terminal.text());
    assert_summary(&mut terminal);
    terminal.assert_restored();
}

#[test]
fn a_command_is_started_again_from_its_dashboard_and_keys_are_for_the_new_one() {
    let script = "import os, sys, time
print('INTRA', os.environ.get('TF_NUM_INTRAOP_THREADS'), 'of', os.getpid(), 'here', flush=True)
while True: time.sleep(0.01)";
    let (state, mut terminal) = launched_in_terminal(&["run", "--intra", "1", "--", "python3", "-c", script]);
    terminal.wait_until("the dashboard", |screen| screen.contents().contains("main thread"));
    terminal.press("o");
    let first = pid_in(&mut terminal);
    terminal.press("r");
    terminal.wait_for_text("caps         intra=1");
    terminal.wait_for_text("y restarts it");
    terminal.press("y");
    terminal.wait_until("the dashboard of another process", |screen| {
        let text = screen.contents();
        screen.alternate_screen() && text.contains("main thread") && !text.contains(&first)
    });
    assert!(!Path::new("/proc").join(&first).exists(), "the old one has ended");
    terminal.press("o");
    assert_ne!(pid_in(&mut terminal), first);
    terminal.press("\x03");
    terminal.wait_for_text("was ended by signal 2");
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(130));
    terminal.assert_restored();
    let runs = files_below(state.path()).into_iter().filter(|path| path.ends_with("/summary.json")).count();
    assert_eq!(runs, 2, "each start is a run of its own");
}

/// The whole line must have been drawn.
fn pid_in(terminal: &mut Terminal) -> String {
    let mut pid = None;
    terminal.wait_until("the command's line", |screen| {
        let text = screen.contents();
        pid = text.split_once("INTRA 1 of ").and_then(|(_, after)| Some(after.split_once(" here")?.0.to_owned()));
        pid.is_some()
    });
    pid.unwrap()
}

#[test]
fn a_signal_closes_the_dashboard_and_ends_the_command() {
    let (_state, mut terminal) = launched_in_terminal(&["run", "--", "sleep", "1000"]);
    terminal
        .wait_until("the dashboard", |screen| screen.alternate_screen() && screen.contents().contains("main thread"));
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait_for_end().code(), Some(143));
    terminal.assert_restored();
}

pub fn launched_in_terminal(arguments: &[&str]) -> (TempDir, Terminal) {
    let state = tempfile::tempdir().unwrap();
    let home = [("XDG_STATE_HOME", state.path().to_str().unwrap())];
    let terminal = Terminal::start(24, 100, Path::new(TFTOP), arguments, &home);
    (state, terminal)
}

fn assert_summary(terminal: &mut Terminal) {
    let text = terminal.text();
    assert!(text.contains("tftop: python3") && text.contains("after"), "{text}");
}
