//! Work that may block for ever, as a look at a file of a network or user-space file system: done on a thread of its own,
//! with a deadline. A thread that misses it is left behind, and only a few may be. Time for which it waits for a CPU is no fault of
//! the file's: on a crowded machine it is waited for longer.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{fs, io, thread};

use crate::data::sample::ThreadState;
use crate::linux::proc::stat::Stat;

/// Times the limit is waited for while the thread waits for a CPU.
const MOST_WAITS: u32 = 5;

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

/// Does the work on a thread of its own. `TimedOut` where it takes longer than `limit`, and the thread does not just wait for a CPU:
/// what it comes to then is dropped.
pub fn run<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    let unfinished = Unfinished::begin()?;
    let (send, receive) = mpsc::sync_channel(1);
    let tid = Arc::new(AtomicU32::new(0));
    let own = tid.clone();
    thread::Builder::new().name("tftop-file".to_owned()).stack_size(256 << 10).spawn(move || {
        let _unfinished = unfinished;
        own.store(rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned(), Ordering::Release);
        // The other end is gone where the deadline was missed.
        let _ = send.send(work());
    })?;
    for _ in 0..MOST_WAITS {
        match receive.recv_timeout(limit) {
            Ok(done) => return done,
            Err(mpsc::RecvTimeoutError::Timeout) if waits_for_a_cpu(tid.load(Ordering::Acquire)) => {}
            Err(_) => break,
        }
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} ms", limit.as_millis())))
}

/// Whether a thread of this process runs or waits for a CPU (state R of proc_pid_stat(5)); so does one that has not begun (0).
fn waits_for_a_cpu(tid: u32) -> bool {
    let state = |line: Vec<u8>| Stat::parse(&line).is_some_and(|stat| stat.state == ThreadState::Running);
    tid == 0 || fs::read(format!("/proc/self/task/{tid}/stat")).is_ok_and(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_too_long_is_given_up_and_only_so_often() {
        // One that runs is waited for longer than one that sleeps; both have an end. In one test: the count is of the process.
        let works = |time: Duration| {
            move || {
                let began = std::time::Instant::now();
                while began.elapsed() < time {
                    std::hint::spin_loop();
                }
                Ok(7)
            }
        };
        assert_eq!(run(Duration::from_millis(200), works(Duration::from_millis(300))).unwrap(), 7);
        let endless = run(Duration::from_millis(20), works(Duration::from_millis(400)));
        assert_eq!(endless.unwrap_err().kind(), io::ErrorKind::TimedOut);
        while UNFINISHED.load(Ordering::Acquire) > 0 {
            thread::sleep(Duration::from_millis(10));
        }
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
