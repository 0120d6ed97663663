//! The terminal that tftop shares with a command: signals, keys and the window's size go from one to the other.

use std::io;

use rustix::process::Signal;
use rustix::termios::tcgetwinsize;

use crate::commands::own_process::stdio;
use crate::commands::run::relay::KeyRelay;
use crate::data::run::WindowSize;
use crate::launch::child::Child;
use crate::launch::terminal::console::Console;
use crate::linux::signals::sent_by_terminal;
use crate::tui::{ConsoleRequest, Effect};

pub(crate) fn pass_on(child: &Child, console: Option<&Console>, showing: bool, signal: Signal) {
    match console {
        // The dashboard says how much room there is.
        Some(_) if signal == Signal::WINCH && showing => {}
        Some(console) if signal == Signal::WINCH => console.resize(window()),
        // The terminal's keys are for the foreground; the command has one of its own.
        Some(console) if sent_by_terminal(signal) && console.signal_foreground(signal) => {}
        None if sent_by_terminal(signal) => {}
        _ => child.signal(signal),
    }
}

pub(crate) fn apply_request(console: Option<&Console>, request: ConsoleRequest) {
    match (console, request) {
        (Some(console), ConsoleRequest::Type(bytes)) => console.type_in(bytes),
        (Some(console), ConsoleRequest::Resize(size)) => console.resize(size),
        (None, _) => {}
    }
}

/// The real terminal's size.
pub(crate) fn window() -> WindowSize {
    let size = tcgetwinsize(io::stdout()).map(|size| WindowSize { columns: size.ws_col, rows: size.ws_row });
    size.ok().filter(|size| size.columns > 0 && size.rows > 0).unwrap_or(WindowSize { columns: 80, rows: 24 })
}

/// Those that would end a tftop without a command.
pub(crate) fn ends_dashboard(signal: Signal) -> bool {
    [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT].contains(&signal)
}

/// What comes after the dashboard: the command's own output and keys, or, where it is started again, another dashboard.
pub(crate) fn after_dashboard(
    left: anyhow::Result<Effect>,
    (running, abandoned): (bool, bool),
    console: Option<&Console>,
) -> Option<KeyRelay> {
    let rerun = matches!(left, Ok(Effect::Rerun(_)));
    if let Err(error) = left {
        stdio::say(&format!("tftop: the dashboard can't be shown: {error}"));
    }
    match (running, abandoned) {
        _ if rerun => return None,
        (true, true) => stdio::say("tftop: ending the command"),
        (true, false) => stdio::say("tftop: dashboard closed; the command keeps running, and Ctrl-C goes to it"),
        (false, _) => {}
    }
    // Nothing ends a read from a keyboard once it has begun, and the next dashboard needs the keys.
    hand_over(console?, running)
}

/// The real terminal is the command's from here on: its last output, what comes then, and the keyboard.
pub(crate) fn hand_over(console: &Console, running: bool) -> Option<KeyRelay> {
    // Without a keyboard the command runs on all the same; Ctrl-C is then a signal to this process, and passed on.
    let relay = running.then(|| KeyRelay::begin(console.typist()).ok()).flatten();
    console.resize(window());
    console.pass_through(window().rows.saturating_sub(2));
    relay
}
