//! Work that may block for ever, as a look at a file of a network or user-space file system: done on a thread of its own,
//! with a deadline. A thread that misses it is left behind, and only a few may be.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use std::{io, thread};

/// Threads that may be stuck at once; with as many, nothing more is tried.
const MOST_STUCK: usize = 8;

static UNFINISHED: AtomicUsize = AtomicUsize::new(0);

/// Counts a thread for as long as it lives.
struct Unfinished;

impl Unfinished {
    fn begin() -> io::Result<Self> {
        if UNFINISHED.fetch_add(1, Ordering::AcqRel) >= MOST_STUCK {
            UNFINISHED.fetch_sub(1, Ordering::AcqRel);
            return Err(io::Error::other("not tried: earlier looks at files still wait for an answer"));
        }
        Ok(Self)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        UNFINISHED.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Does the work on a thread of its own. `TimedOut` where it takes longer than `limit`: what it comes to then is dropped.
pub fn run<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    let unfinished = Unfinished::begin()?;
    let (send, receive) = mpsc::sync_channel(1);
    thread::Builder::new().name("tftop-file".to_owned()).stack_size(256 << 10).spawn(move || {
        let _unfinished = unfinished;
        // The other end is gone where the deadline was missed.
        let _ = send.send(work());
    })?;
    receive.recv_timeout(limit).unwrap_or_else(|_| {
        let waited = format!("no answer within {} ms", limit.as_millis());
        Err(io::Error::new(io::ErrorKind::TimedOut, waited))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_given_up_and_only_so_often() {
        assert_eq!(run(Duration::from_secs(10), || Ok(3)).unwrap(), 3);
        let (hold, held) = mpsc::channel::<()>();
        let held = std::sync::Arc::new(std::sync::Mutex::new(held));
        for _ in 0..MOST_STUCK {
            let held = held.clone();
            let stuck = run(Duration::from_millis(5), move || {
                drop(held.lock().map(|held| held.recv()));
                Ok(())
            });
            assert_eq!(stuck.unwrap_err().kind(), io::ErrorKind::TimedOut);
        }
        assert!(run(Duration::from_secs(10), || Ok(())).unwrap_err().to_string().contains("not tried"));
        drop(hold);
        while UNFINISHED.load(Ordering::Acquire) > 0 {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(run(Duration::from_secs(10), || Ok(())).is_ok());
    }
}
