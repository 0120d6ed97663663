//! The shell's job control: what stops and continues the job that tftop is.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::tui::screen;

/// Listens for stops (SIGTSTP) and for going on after one that could not be caught (SIGCONT after SIGSTOP).
#[derive(Debug)]
pub(crate) struct JobControl {
    stop: Signal,
    go_on: Signal,
}

impl JobControl {
    /// Call it inside the runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        let listen = |which: rustix::process::Signal| signal(SignalKind::from_raw(which.as_raw()));
        Ok(Self { stop: listen(rustix::process::Signal::TSTP)?, go_on: listen(rustix::process::Signal::CONT)? })
    }

    /// Stops the job when it is to stop. Comes when it goes on: then everything is to be drawn anew.
    pub(crate) async fn went_on(&mut self) -> io::Result<()> {
        tokio::select! {
            _ = self.stop.recv() => screen::suspend(),
            _ = self.go_on.recv() => screen::resume(),
        }
    }
}
