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
        let _screen = tftop::tui::screen::Screen::enter().unwrap();
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
