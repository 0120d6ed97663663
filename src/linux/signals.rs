//! Signals that tftop gets and its command should get as well.

use std::fs::File;
use std::future::poll_fn;
use std::task::Poll;
use std::{fs, io};

use rustix::process::{Signal, getpgrp};
use rustix::termios::tcgetpgrp;
use tokio::signal::unix;
use tokio::signal::unix::SignalKind;

use crate::linux::proc::stat::ignores_signal;

/// Signals passed on to the command.
const FORWARDED: [Signal; 7] =
    [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT, Signal::USR1, Signal::USR2, Signal::WINCH];

/// Listens for the signals of [`FORWARDED`]; from its making on, none of them ends this process.
#[derive(Debug)]
pub struct SignalListener {
    streams: Vec<(Signal, unix::Signal)>,
}

impl SignalListener {
    /// Call it inside the runtime, before the command starts: what comes in between is not lost. A signal that this
    /// process was started to ignore, as nohup(1) does it, is left ignored, and so the command ignores it, too.
    pub fn listen() -> io::Result<Self> {
        let status = fs::read("/proc/self/status")?;
        let forwarded = FORWARDED.into_iter().filter(|signal| !ignores_signal(&status, signal.as_raw()));
        let listen = |signal: Signal| Ok((signal, unix::signal(SignalKind::from_raw(signal.as_raw()))?));
        Ok(Self { streams: forwarded.map(listen).collect::<io::Result<_>>()? })
    }

    /// The next one. Several of a kind that come at once may be one, as for any process.
    pub async fn next(&mut self) -> Signal {
        poll_fn(|context| {
            for (signal, stream) in &mut self.streams {
                if stream.poll_recv(context).is_ready() {
                    return Poll::Ready(*signal);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Whether the command has got this signal already: keys and the size of a terminal concern every process of its
/// foreground group, the command among them. (Who sent a signal can't be told without unsafe code, so kill(1) with one of
/// these three, sent to tftop alone in the foreground of a terminal, is taken for a key.)
pub fn sent_by_terminal(signal: Signal) -> bool {
    [Signal::INT, Signal::QUIT, Signal::WINCH].contains(&signal) && in_foreground()
}

/// Whether this process is one of those its terminal's keys are for.
pub fn in_foreground() -> bool {
    File::open("/dev/tty").is_ok_and(|terminal| tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp()))
}
