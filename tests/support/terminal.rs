//! A program in a terminal of its own: a pseudo-terminal, and a VT100 that shows what a person would see.

#![allow(dead_code)] // each test binary uses its part

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, fcntl_setfl, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

/// A face answers at once; this is for machines under heavy load.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives a program the terminal on its stdin as its controlling terminal, as a login would: crossterm asks /dev/tty for
/// the size, and a window that closes hangs up on the session that it controls.
/// A shell that a terminal opens starts with the default dispositions, whoever runs the tests.
const LOGIN: &str = "import fcntl, os, signal, sys, termios
os.setsid()
for name in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT): signal.signal(name, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])";

/// A program in a terminal; killed when dropped.
pub struct Terminal {
    child: Child,
    /// The window's side, until it is closed: what is typed goes in, what the program writes comes out.
    window: Option<File>,
    /// The program's side stays open here too: its modes can be asked for after the program ended.
    line: Option<OwnedFd>,
    modes_before: Termios,
    display: vt100::Parser,
}

impl Terminal {
    /// Starts a program in a terminal of this many rows and columns.
    pub fn start(rows: u16, columns: u16, program: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let (window, line) = pseudo_terminal();
        tcsetwinsize(&window, winsize(rows, columns)).unwrap();
        let modes_before = tcgetattr(&line).unwrap();
        let end = || Stdio::from(line.try_clone().unwrap());
        let mut command = Command::new("python3");
        command.args(["-c", LOGIN]).arg(program).args(arguments).stdin(end()).stdout(end()).stderr(end());
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("COLORTERM");
        command.env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
        // What is watched is kept, but not where the runs of whoever tests are.
        command.env("XDG_STATE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("state"));
        command.envs(environment.iter().copied());
        let child = command.spawn().unwrap_or_else(|error| panic!("these tests need python3: {error}"));
        let display = vt100::Parser::new(at_least_one(rows), at_least_one(columns), 0);
        Self { child, window: Some(window), line: Some(line), modes_before, display }
    }

    /// What stands on the screen now, as text.
    pub fn text(&mut self) -> String {
        self.screen().contents()
    }

    /// Waits until the screen is as wanted. Panics with the screen when it never is, or when the program ends first.
    pub fn wait_until(&mut self, what: &str, wanted: impl FnMut(&vt100::Screen) -> bool) {
        self.wait_within(PATIENCE, what, wanted);
    }

    /// The same for what takes longer.
    pub fn wait_within(&mut self, limit: Duration, what: &str, mut wanted: impl FnMut(&vt100::Screen) -> bool) {
        let end = Instant::now() + limit;
        loop {
            let ended = self.child.try_wait().unwrap();
            if wanted(self.screen()) {
                return;
            }
            assert!(ended.is_none(), "{what}: it ended, {ended:?}. The screen:\n{}", self.text());
            assert!(Instant::now() < end, "{what}: not within {limit:?}. The screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until a text stands on the screen.
    pub fn wait_for_text(&mut self, text: &str) {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contents().contains(text));
    }

    /// Waits until a text stands no longer on the screen.
    pub fn wait_for_no_text(&mut self, text: &str) {
        self.wait_until(&format!("no {text:?} on the screen"), |screen| !screen.contents().contains(text));
    }

    /// Types keys.
    pub fn press(&mut self, keys: &str) {
        self.window.as_ref().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Changes the size; the kernel tells the program (SIGWINCH).
    pub fn resize(&mut self, rows: u16, columns: u16) {
        self.display.screen_mut().set_size(at_least_one(rows), at_least_one(columns));
        tcsetwinsize(self.window.as_ref().unwrap(), winsize(rows, columns)).unwrap();
    }

    /// The program's pid.
    #[allow(dead_code, reason = "not every test file needs it")]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Closes the window: the kernel hangs up on the program (SIGHUP), and its terminal answers nothing any more.
    pub fn close_window(&mut self) {
        self.line = None;
        self.window = None;
    }

    /// Waits until the program ended.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "it does not end. The screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The terminal must be as the shell left it: first screen, cursor, no mouse reports, line editing and echo.
    pub fn assert_restored(&mut self) {
        let modes = tcgetattr(self.line.as_ref().unwrap()).unwrap();
        assert_eq!(modes.local_modes, self.modes_before.local_modes);
        assert_eq!(modes.input_modes, self.modes_before.input_modes);
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is still there:\n{}", screen.contents());
        assert!(!screen.hide_cursor(), "no cursor");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
    }

    /// The screen with all that the program wrote until now.
    fn screen(&mut self) -> &vt100::Screen {
        let mut bytes = [0; 65536];
        // Nothing to read is WouldBlock; EIO once every program side is closed.
        while let Some(Ok(read @ 1..)) = self.window.as_mut().map(|window| window.read(&mut bytes)) {
            self.display.process(&bytes[..read]);
        }
        self.display.screen()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Both sides of a new pseudo-terminal: the window's, which never blocks, and the program's.
fn pseudo_terminal() -> (File, OwnedFd) {
    let window = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&window).unwrap();
    unlockpt(&window).unwrap();
    let name = ptsname(&window, Vec::new()).unwrap();
    let line = open(&*name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    fcntl_setfl(&window, OFlags::NONBLOCK).unwrap();
    (File::from(window), line)
}

fn winsize(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn at_least_one(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).unwrap()
}
