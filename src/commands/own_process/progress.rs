//! How far a watch is, on one line of stderr that is wiped at its end. Silent where stderr is not a terminal.

use std::io;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use crate::commands::own_process::stdio;
use crate::data::Pid;

/// Wiped when dropped.
pub(crate) struct Progress {
    time: Duration,
    shows: bool,
    width: usize,
}

impl Progress {
    /// Nothing is shown yet.
    pub(crate) fn new(time: Duration) -> Self {
        Self { time, shows: io::stderr().is_terminal() && !stdio::is_dumb(), width: 0 }
    }

    /// Says how long was watched of the whole time.
    pub(crate) fn show(&mut self, pid: Pid, watched: Duration) {
        if self.shows {
            let line = line(pid, watched, self.time);
            let _ = write!(io::stderr().lock(), "\r{line:<width$}", width = self.width);
            self.width = line.len();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.width > 0 {
            // Spaces, not an escape sequence: every terminal knows them.
            let _ = write!(io::stderr().lock(), "\r{:width$}\r", "", width = self.width);
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
