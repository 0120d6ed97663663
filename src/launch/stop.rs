//! Ends a process that a person said may be ended, and makes sure before each signal that it is still that one. The only
//! part of tftop that signals a process which it did not start.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use crate::data::ProcessKey;
use crate::linux::proc::process::is_running;

/// How often it is looked whether the process is gone.
const POLL: Duration = Duration::from_millis(50);

/// A process that is to be stopped.
#[derive(Debug)]
pub struct StopTarget {
    proc_root: PathBuf,
    key: ProcessKey,
    number: Pid,
    /// Stands for this process and never for another one; none before Linux 5.3 or where a sandbox forbids it.
    handle: Option<OwnedFd>,
}

impl StopTarget {
    /// Takes hold of the process. Fails when its number is another one's by now.
    pub fn of(proc_root: &Path, key: ProcessKey) -> io::Result<Self> {
        let gone = || io::Error::new(io::ErrorKind::NotFound, "it is gone, and its pid may belong to another process");
        let number = i32::try_from(key.pid.0).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
        // The start time is read after the handle is there: then both speak of one process.
        let handle = pidfd_open(number, PidfdFlags::empty()).ok();
        let stopping = Self { proc_root: proc_root.to_owned(), key, number, handle };
        if stopping.runs() { Ok(stopping) } else { Err(gone()) }
    }

    /// Whether it still runs. One that has ended and waits for its parent does not.
    pub fn runs(&self) -> bool {
        is_running(&self.proc_root, self.key)
    }

    /// Sends a signal; nothing happens when it is gone.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        if !self.runs() {
            return Ok(());
        }
        let sent = match &self.handle {
            Some(handle) => pidfd_send_signal(handle, signal),
            None => kill_process(self.number, signal),
        };
        match sent {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            other => Ok(other?),
        }
    }

    /// Waits for its end; false when it still runs after `limit`. `tell` is called about once a second with the time left.
    pub fn wait(&self, limit: Duration, mut tell: impl FnMut(Duration)) -> bool {
        let end = Instant::now() + limit;
        let mut shown_s = u64::MAX;
        while self.runs() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            if left.as_secs() != shown_s {
                shown_s = left.as_secs();
                tell(left);
            }
            std::thread::sleep(POLL.min(left));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::data;
    use crate::linux::proc::process::start_ticks;

    const PROC: &str = "/proc";

    fn key(child: &std::process::Child) -> ProcessKey {
        let pid = data::ids::Pid(child.id());
        ProcessKey { pid, start_ticks: start_ticks(Path::new(PROC), pid).unwrap() }
    }

    #[test]
    fn a_signal_reaches_the_process_and_its_end_is_seen_before_anybody_waits_for_it() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let stopping = StopTarget::of(Path::new(PROC), key(&child)).unwrap();
        assert!(!stopping.wait(Duration::from_millis(120), |_| {}));
        stopping.signal(Signal::TERM).unwrap();
        assert!(stopping.wait(Duration::from_secs(60), |_| {}), "it is a zombie by now");
        child.wait().unwrap();
        stopping.signal(Signal::KILL).unwrap();
    }

    #[test]
    fn a_number_that_is_another_ones_by_now_is_never_signalled() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let mut other = key(&child);
        other.start_ticks -= 1;
        assert!(StopTarget::of(Path::new(PROC), other).is_err());
        // As if the number had gone to another process after it was taken hold of, without a handle.
        let mut stopping = StopTarget::of(Path::new(PROC), key(&child)).unwrap();
        (stopping.handle, stopping.key) = (None, other);
        stopping.signal(Signal::KILL).unwrap();
        assert!(child.try_wait().unwrap().is_none(), "it was killed");
        stopping.key = key(&child);
        stopping.signal(Signal::KILL).unwrap();
        child.wait().unwrap();
    }
}
