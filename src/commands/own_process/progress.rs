//! How far a thing is that takes long, on one line of stderr that is wiped at its end. Silent where stderr is not a terminal.

use std::io;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use rustix::termios::tcgetwinsize;

use crate::commands::own_process::stdio;
use crate::data::Pid;
use crate::present::format;

/// Wiped when dropped.
pub(crate) struct ProgressLine {
    shows: bool,
    width: u16,
}

/// How far a watch is.
pub(crate) struct Progress {
    time: Duration,
    line: ProgressLine,
}

impl Progress {
    /// Nothing is shown yet.
    pub(crate) fn new(time: Duration) -> Self {
        Self { time, line: ProgressLine::new() }
    }

    /// Says how long was watched of the whole time.
    pub(crate) fn show(&mut self, pid: Pid, watched: Duration) {
        if self.line.is_shown() {
            self.line.show(&line(pid, watched, self.time));
        }
    }
}

impl ProgressLine {
    /// Nothing is shown yet.
    pub(crate) fn new() -> Self {
        Self { shows: io::stderr().is_terminal() && !stdio::is_dumb(), width: 0 }
    }

    /// Whether anybody sees it.
    pub(crate) fn is_shown(&self) -> bool {
        self.shows
    }

    /// Shows this line instead of the last one, cut where the terminal is too narrow: one that wraps can't be wiped.
    pub(crate) fn show(&mut self, line: &str) {
        if self.shows {
            let line = format::fit(line, columns().saturating_sub(1));
            let _ = write!(io::stderr().lock(), "\r{line:<width$}", width = usize::from(self.width));
            self.width = format::width(&line);
        }
    }
}

fn columns() -> u16 {
    tcgetwinsize(io::stderr()).ok().map(|size| size.ws_col).filter(|&columns| columns > 0).unwrap_or(80)
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if self.width > 0 {
            // Spaces, not an escape sequence: every terminal knows them.
            let _ = write!(io::stderr().lock(), "\r{:width$}\r", "", width = usize::from(self.width));
        }
    }
}

fn line(pid: Pid, watched: Duration, time: Duration) -> String {
    format!("watching {pid}: {:.0} of {:.0} s; Ctrl-C reports what was seen", watched.as_secs_f64(), time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_it_is() {
        let line = line(Pid(2430), Duration::from_millis(3_004), Duration::from_secs(12));
        assert_eq!(line, "watching 2430: 3 of 12 s; Ctrl-C reports what was seen");
    }
}
