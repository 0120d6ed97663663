//! Signals that tftop gets and its command should get as well.

use std::fs::File;
use std::future::poll_fn;
use std::task::Poll;
use std::{fs, io};

use rustix::process::{Signal, getpgrp};
use rustix::termios::tcgetpgrp;
use tokio::signal::unix;
use tokio::signal::unix::SignalKind;

/// Signals passed on to the command.
pub const FORWARDED: [Signal; 7] =
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
        let ignored = ignored(&fs::read_to_string("/proc/self/status")?);
        let heard = FORWARDED.into_iter().filter(|signal| ignored & bit(*signal) == 0);
        let listen = |signal: Signal| Ok((signal, unix::signal(SignalKind::from_raw(signal.as_raw()))?));
        Ok(Self { streams: heard.map(listen).collect::<io::Result<_>>()? })
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

/// `SigIgn` of status (proc_pid_status(5)): one bit a signal.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn bit(signal: Signal) -> u64 {
    u32::try_from(signal.as_raw() - 1).ok().and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_has_a_bit_for_each_ignored_signal() {
        let mask = ignored("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n");
        assert_eq!((mask & bit(Signal::HUP), mask & bit(Signal::INT)), (1, 0));
        assert_ne!(mask & bit(Signal::PIPE), 0);
        assert_eq!(ignored("SigIgn: x"), 0);
    }
}
