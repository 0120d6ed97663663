//! The binary in a terminal, as a person meets it: it shows a target, obeys keys, and whatever ends it gives the terminal
//! back as it was. Needs python3 and no TensorFlow.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/deadline.rs"]
mod deadline;
#[path = "support/python.rs"]
mod python;
#[path = "support/target.rs"]
mod target;
#[path = "support/terminal.rs"]
mod terminal;

use std::io::Read;
use std::path::Path;
use std::{env, io};

use rustix::process::Signal;
use target::Target;
use terminal::Terminal;

const TFTOP: &str = env!("CARGO_BIN_EXE_tftop");
/// A row of the group table that every process has.
const GROUP: &str = "main thread";

#[test]
fn attach_fold_filter_help_and_quit_on_a_small_terminal() {
    a_session(24, 80);
}

#[test]
fn attach_fold_filter_help_and_quit_on_a_large_terminal() {
    a_session(50, 160);
}

#[test]
fn one_goes_back_to_the_first_look_and_on_with_now() {
    let target = target();
    for (rows, columns) in [(24, 80), (50, 160)] {
        let mut terminal = attached(&target, rows, columns);
        // Numbers need two looks; the first one has none.
        terminal
            .wait_until("some looks", |screen| (4..9).any(|has| screen.contents().contains(&format!("has {has} of"))));
        terminal.press("\x1b[H");
        terminal.wait_until("the first look", |screen| {
            screen.contents().contains("s ago ") && screen.contents().contains("numbers need two samples")
        });
        terminal.press("]");
        terminal.wait_for_no_text("numbers need two samples");
        terminal.press("r");
        terminal.wait_for_text("this is the past");
        terminal.press("\x1b[F");
        terminal.wait_for_text("● live");
        terminal.press("q");
        terminal.wait_for_end();
        terminal.assert_restored();
    }
}

#[test]
fn signals_end_it_and_the_terminal_is_as_before() {
    let target = target();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut terminal = attached(&target, 24, 80);
        terminal.signal(signal);
        terminal.wait_for_end();
        terminal.assert_restored();
    }
}

#[test]
fn sigquit_ends_it_as_without_a_handler_and_the_terminal_is_as_before() {
    let target = target();
    let mut terminal = attached(&target, 24, 80);
    terminal.signal(Signal::QUIT);
    let status = terminal.wait_for_end();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(Signal::QUIT.as_raw()), "{status}");
    terminal.assert_restored();
}

#[test]
fn it_stops_for_the_shell_and_goes_on_where_it_was() {
    let target = target();
    let bash = Path::new("/bin/bash");
    let mut terminal = Terminal::start(24, 80, bash, &["--norc", "--noprofile", "-i"], &[]);
    terminal.wait_for_text("bash-");
    terminal.press(&format!("{TFTOP} {}\n", target.pid()));
    let shown = |screen: &vt100::Screen| screen.alternate_screen() && screen.contents().contains(GROUP);
    terminal.wait_until("the dashboard", shown);
    for stop in ["\x1a", "kill"] {
        match stop {
            "kill" => signal_by_name("tftop", terminal.pid(), Signal::TSTP),
            key => terminal.press(key),
        }
        terminal.wait_until("the shell again", |screen| {
            !screen.alternate_screen() && !screen.hide_cursor() && screen.contents().contains("Stopped")
        });
        terminal.press("clear; fg\n");
        terminal.wait_until("the dashboard again", shown);
        terminal.press("+");
        terminal.wait_for_text("sleeper-1");
        terminal.press("-");
        terminal.wait_for_no_text("sleeper-1");
    }
    // Drawn anew by a key as well: no terminal has to answer for it.
    terminal.press("\x0c+");
    terminal.wait_for_text("sleeper-1");
    terminal.press("q");
    terminal.wait_until("the shell", |screen| !screen.alternate_screen());
    terminal.press("exit\n");
    terminal.wait_for_end();
    terminal.assert_restored();
}

/// What is kept in a state folder.
fn kept(state: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(state.join("tftop/runs")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// `tftop runs` of a state folder.
fn runs(state: &Path, arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(TFTOP);
    let output = command.arg("runs").args(arguments).env("XDG_STATE_HOME", state).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// tftop on the target, left after so many seconds.
fn watched(target: &Target, state: &str, arguments: &[&str], seconds: u64) -> String {
    let pid = target.pid().to_string();
    let arguments = [&[&*pid], arguments].concat();
    let mut terminal = Terminal::start(24, 80, Path::new(TFTOP), &arguments, &[("XDG_STATE_HOME", state)]);
    terminal.wait_until("the dashboard", |screen| screen.contents().contains(GROUP));
    std::thread::sleep(std::time::Duration::from_secs(seconds));
    let shown = terminal.text();
    terminal.press("q");
    terminal.wait_for_end();
    shown
}

#[test]
fn what_is_watched_for_a_while_is_kept_without_secrets() {
    let target = Target::start(&python::plain(), "threads.py", &["3", "--password=hush"]);
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().to_str().unwrap();
    watched(&target, folder, &["--interval", "500ms"], 6);
    let folders = kept(state.path());
    assert_eq!(folders.len(), 1, "{folders:?}");
    let mut names: Vec<_> = std::fs::read_dir(&folders[0]).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["run.json", "samples.tape", "summary.json", "summary.md"]);
    for name in &names {
        let text = std::fs::read(folders[0].join(name)).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains("hush"), "{name:?}");
    }
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folders[0].join("run.json")).unwrap()).unwrap();
    assert_eq!(record["watched"]["pid"], target.pid());
    assert!(record["command"].as_array().unwrap().iter().any(|word| word == "--password=(hidden)"), "{record}");
    let list = runs(state.path(), &[]);
    assert!(list.lines().nth(1).is_some_and(|row| row.contains(" watched ")), "{list}");
    let shown = runs(state.path(), &["show", "last"]);
    assert!(shown.contains(" was watched for ") && shown.contains(", and the process continued"), "{shown}");
    assert!(shown.contains(GROUP) && shown.contains("step times: no step marks: tftop did not start it"), "{shown}");
    assert_eq!(runs(state.path(), &["prune", "--keep", "0"]), "1 runs removed\n");
    assert_eq!(kept(state.path()).len(), 0);
}

#[test]
fn a_short_look_and_one_that_is_not_to_be_kept_leave_nothing() {
    let target = target();
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().to_str().unwrap();
    watched(&target, folder, &[], 1);
    watched(&target, folder, &["--no-record"], 6);
    watched(&target, folder, &["--read-only"], 6);
    assert!(kept(state.path()).is_empty(), "{:?}", kept(state.path()));
    assert!(watched(&target, "/dev/null", &[], 1).contains("not recorded"));
    assert!(!watched(&target, folder, &[], 1).contains("not recorded"));
}

#[test]
fn a_run_stops_for_the_shell_also_once_its_dashboard_is_closed() {
    let bash = Path::new("/bin/bash");
    let state = tempfile::tempdir().unwrap();
    let place = [("XDG_STATE_HOME", state.path().to_str().unwrap())];
    let mut terminal = Terminal::start(24, 80, bash, &["--norc", "--noprofile", "-i"], &place);
    terminal.wait_for_text("bash-");
    terminal.press(&format!("{TFTOP} run --no-shim -- sh -c 'while read line; do echo got $line; done'\n"));
    terminal.wait_until("the dashboard", |screen| screen.alternate_screen() && screen.contents().contains(GROUP));
    terminal.press("q");
    terminal.wait_for_text("the command keeps running");
    for turn in ["one", "two"] {
        signal_by_name("tftop", terminal.pid(), Signal::TSTP);
        terminal.wait_for_text("Stopped");
        terminal.press("clear; fg\n");
        terminal.wait_for_no_text("Stopped");
        // The keyboard is the command's again.
        terminal.press(&format!("{turn}\r"));
        terminal.wait_for_text(&format!("got {turn}"));
    }
    terminal.press("\x04");
    terminal.wait_for_text("ended with exit code 0");
    terminal.press("exit\n");
    terminal.wait_for_end();
    terminal.assert_restored();
}

/// Signals the child of this name.
fn signal_by_name(name: &str, parent: u32, signal: Signal) {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    let named = |pid: &&str| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
    let pid: i32 = children.split_whitespace().find(named).unwrap().parse().unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
}

#[test]
fn too_few_descriptors_are_an_error_that_says_what_to_do() {
    let target = target();
    let pid = target.pid().to_string();
    for limit in ["8", "10", "16", "40"] {
        for arguments in [
            &["ps"][..],
            &["report", &pid, "--for", "0.2s"],
            &["explain", &pid, "--for", "0.2s"],
            &["stack", &pid],
            &["doctor", &pid],
            &["run", "--no-ui", "--", "true"],
            &["run", "--", "true"],
            &["attach", &pid],
            &[&pid],
            &[],
        ] {
            let shell = ["-c", "ulimit -n $0; exec \"$@\"", limit, TFTOP];
            let all = [&shell, arguments].concat();
            let mut terminal = Terminal::start(24, 120, Path::new("/bin/sh"), &all, &[]);
            let status = terminal.wait_for_end();
            let said = terminal.text();
            assert_eq!(status.code(), Some(1), "{limit} {arguments:?}: {status}: {said}");
            assert!(said.contains("ulimit -n") && !said.contains("panicked"), "{limit} {arguments:?}: {said}");
            terminal.assert_restored();
        }
    }
}

#[test]
fn without_descriptors_left_a_target_has_gaps_and_is_not_gone() {
    // Each child takes several descriptors.
    let children = "import os, sys
here, there = os.pipe()
for _ in range(60):
    if os.fork() == 0:
        os.close(there)
        os.read(here, 1)
        os._exit(0)
print('READY {}', flush=True)
sys.stdin.read()";
    let mut command = std::process::Command::new(python::plain());
    command.args(["-c", children]);
    let target = Target::start_command(command);
    let pid = target.pid().to_string();
    let report = std::process::Command::new("sh")
        .args(["-c", "ulimit -n 72; exec \"$0\" report \"$1\" --for 0.5s --interval 0.1s --json", TFTOP, &pid])
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["target"]["ended"], false, "{report:#}");
    let gaps = report["gaps"].to_string();
    assert!(gaps.contains("tftop has no file descriptors left"), "{gaps}");
}

#[test]
fn control_c_ends_it_and_the_terminal_is_as_before() {
    let target = target();
    let mut terminal = attached(&target, 24, 80);
    terminal.press("\x03");
    terminal.wait_for_end();
    terminal.assert_restored();
}

#[test]
fn a_window_that_closes_ends_it_without_an_error() {
    let target = target();
    let mut terminal = attached(&target, 24, 80);
    terminal.close_window();
    let status = terminal.wait_for_end();
    assert!(status.success(), "{status}");
}

/// The test binary itself is the program here: it takes the screen over as tftop does, and panics.
#[test]
fn a_panic_gives_the_terminal_back_and_is_readable() {
    let this = env::current_exe().unwrap();
    let arguments = ["--exact", "panics_while_it_holds_the_screen", "--ignored", "--nocapture"];
    let mut terminal = Terminal::start(24, 80, &this, &arguments, &[(TAKES_THE_SCREEN, "1")]);
    terminal.wait_until("the alternate screen", |screen| screen.alternate_screen() && screen.hide_cursor());
    terminal.press("x");
    terminal.wait_until("the panic's message on the first screen", |screen| {
        !screen.alternate_screen() && screen.contents().contains("a panic of the test")
    });
    let status = terminal.wait_for_end();
    assert!(!status.success(), "{status}");
    terminal.assert_restored();
}

const TAKES_THE_SCREEN: &str = "TFTOP_TEST_TAKES_THE_SCREEN";

#[test]
#[ignore = "the program of the test above; takes the terminal over"]
fn panics_while_it_holds_the_screen() {
    if env::var_os(TAKES_THE_SCREEN).is_some() {
        let _screen = tftop::tui::screen::Screen::enter(true).unwrap();
        io::stdin().read_exact(&mut [0]).unwrap();
        panic!("a panic of the test");
    }
}

#[test]
fn the_size_of_the_window_is_followed() {
    let target = target();
    let mut terminal = attached(&target, 24, 80);
    terminal.resize(9, 30);
    terminal.wait_until("a message instead of a dashboard", |screen| !screen.contents().contains(GROUP));
    terminal.resize(50, 160);
    terminal.wait_for_text(GROUP);
    terminal.press("q");
    terminal.wait_for_end();
    terminal.assert_restored();
}

#[test]
fn when_the_target_ends_its_last_state_stays_and_says_so() {
    let target = target();
    let mut terminal = attached(&target, 24, 80);
    target.kill();
    terminal.wait_for_text("ended");
    terminal.wait_for_text(GROUP);
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(0));
    terminal.assert_restored();
}

#[test]
fn colour_is_left_out_when_asked_to() {
    let target = target();
    let pid = target.pid().to_string();
    for (arguments, environment, colourful) in [
        (vec![pid.as_str()], vec![("NO_COLOR", "1")], false),
        (vec![pid.as_str(), "--color", "never"], vec![], false),
        (vec![pid.as_str()], vec![], true),
    ] {
        let mut terminal = Terminal::start(24, 80, Path::new(TFTOP), &arguments, &environment);
        terminal.wait_for_text(GROUP);
        let mut colours = 0;
        terminal.wait_until("any screen", |screen| {
            let cells = (0..24).flat_map(|row| (0..80).map(move |column| (row, column)));
            let cells = cells.filter_map(|(row, column)| screen.cell(row, column));
            colours = cells.filter(|cell| cell.fgcolor() != vt100::Color::Default).count();
            true
        });
        assert_eq!(colours > 0, colourful, "{arguments:?} {environment:?}: {colours} cells in colour");
        terminal.press("q");
        terminal.wait_for_end();
    }
}

/// A whole visit: what a person does first.
#[test]
fn stacks_that_were_taken_are_there_in_the_past_in_the_replay_and_on_the_command_line() {
    let target = target();
    let state = tempfile::tempdir().unwrap();
    let environment = [("XDG_STATE_HOME", state.path().to_str().unwrap())];
    let pid = target.pid().to_string();
    let mut terminal = Terminal::start(24, 80, Path::new(TFTOP), &[&pid, "--interval", "500ms"], &environment);
    terminal.wait_until("the dashboard", |screen| screen.contents().contains(GROUP));
    let pause = || std::thread::sleep(std::time::Duration::from_secs(3));
    pause();
    terminal.press("jb");
    terminal.wait_for_text("taken without a stop");
    terminal.press("\x1b");
    terminal.wait_for_no_text("taken without a stop");
    pause();
    terminal.press("[");
    terminal.wait_for_text("s ago ");
    terminal.press("b");
    terminal.wait_for_text("s before this moment");
    terminal.press("\x1b");
    terminal.wait_for_no_text("before this moment");
    terminal.press("\x1b[H");
    terminal.wait_for_text("numbers need two samples");
    terminal.press("b");
    terminal.wait_for_text("taken before this moment");
    terminal.press("q");
    terminal.wait_for_end();

    let stack = |arguments: &[&str]| {
        let mut command = std::process::Command::new(TFTOP);
        let output = command.args(["stack", "last"]).args(arguments).envs(environment).output().unwrap();
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), stdout, stderr)
    };
    let (code, text, _) = stack(&[]);
    assert!(
        code == Some(0) && text.contains("s before this moment\n") && text.contains("taken without a stop"),
        "{text}"
    );
    let (code, json, _) = stack(&["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(code == Some(0) && json["stacks"][0]["taken_before_s"].as_f64().unwrap() > 2.0, "{json}");
    let (code, text, why) = stack(&["--at", "0"]);
    assert!(code == Some(3) && text.is_empty() && why.contains("taken before this moment"), "{why}");
    assert_eq!(stack(&["--stop"]).0, Some(2));

    let mut replay = Terminal::start(50, 160, Path::new(TFTOP), &["replay", "last"], &environment);
    replay.wait_for_text("replay");
    replay.press("\x1b[F");
    replay.wait_for_no_text("numbers need two samples");
    replay.press("jb");
    replay.wait_for_text("s before this moment");
    replay.press("S");
    replay.wait_for_text("there is no process to stop");
    replay.press("q");
    replay.wait_for_end();
}

fn a_session(rows: u16, columns: u16) {
    let target = target();
    let mut terminal = attached(&target, rows, columns);
    terminal.wait_for_text(&target.pid().to_string());
    terminal.wait_for_no_text("sleeper-1");

    terminal.press("+");
    terminal.wait_for_text("sleeper-1");
    terminal.press("-");
    terminal.wait_for_no_text("sleeper-1");

    terminal.press("+\\sleeper-2\r");
    terminal.wait_until("only what the filter lets through", |screen| {
        let text = screen.contents();
        text.contains("sleeper-2") && !text.contains("sleeper-1")
    });
    terminal.press("\x1b");
    terminal.wait_for_text("sleeper-1");

    terminal.press("?");
    terminal.wait_for_text("leave");
    terminal.press("?");
    terminal.wait_for_text("sleeper-1");

    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(0));
    terminal.assert_restored();
}

fn target() -> Target {
    Target::start(&python::plain(), "threads.py", &["3"])
}

/// tftop on the target, with its first frame on the alternate screen.
fn attached(target: &Target, rows: u16, columns: u16) -> Terminal {
    let mut terminal = Terminal::start(rows, columns, Path::new(TFTOP), &[&target.pid().to_string()], &[]);
    terminal.wait_until("the dashboard", |screen| {
        screen.alternate_screen() && screen.hide_cursor() && screen.contents().contains(GROUP)
    });
    terminal
}
