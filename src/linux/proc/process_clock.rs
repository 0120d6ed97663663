//! The CPU clock of a process: what all its threads have run, the dead ones included, in one system call that needs no
//! right. Says nothing of single threads.

use std::fmt;

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd;

use crate::data::Pid;

/// The largest number of a process (PID_MAX_LIMIT, include/linux/threads.h): a larger one would name another clock, because a
/// clock's name is made of it.
const LARGEST: i32 = 4 << 20;

/// A process's CPU clock (clock_getcpuclockid(3)): the first field of schedstat, summed over its living and dead threads
/// (`thread_group_cputime`, kernel/sched/cputime.c).
pub struct ProcessClock {
    read: Box<dyn Fn() -> Option<u64> + Send>,
}

impl ProcessClock {
    /// The clock of a process that has this number in this process's own pid namespace. None where there is no such
    /// process, or system calls are filtered.
    pub fn of(pid: Pid) -> Option<Self> {
        let number = i32::try_from(pid.0).ok().filter(|&number| number <= LARGEST)?;
        let clock = clock_getcpuclockid(unistd::Pid::from_raw(number)).ok()?;
        let read = move || {
            let time = clock_gettime(clock).ok()?;
            let (seconds, rest) = (u64::try_from(time.tv_sec()).ok()?, u64::try_from(time.tv_nsec()).ok()?);
            seconds.checked_mul(1_000_000_000)?.checked_add(rest)
        };
        Some(Self { read: Box::new(read) })
    }

    /// Nanoseconds on it; none once the process is gone.
    pub fn now_ns(&self) -> Option<u64> {
        (self.read)()
    }

    /// A clock of a process that does not exist.
    #[cfg(test)]
    pub fn fake(read: impl Fn() -> Option<u64> + Send + 'static) -> Self {
        Self { read: Box::new(read) }
    }
}

impl fmt::Debug for ProcessClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProcessClock").field(&self.now_ns()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_of_what_the_threads_ran() {
        let work = std::thread::spawn(|| (0..20_000_000_u64).fold(0, |sum, n| sum ^ std::hint::black_box(n)));
        work.join().unwrap();
        let clock = ProcessClock::of(Pid(std::process::id())).unwrap();
        let read = clock.now_ns().unwrap();
        assert!(read > 1_000_000, "the thread that ended is in it: {read}");
        assert!(clock.now_ns().unwrap() >= read);
    }

    #[test]
    fn a_process_that_is_not_has_none() {
        assert!(ProcessClock::of(Pid(u32::MAX)).is_none());
        assert!(ProcessClock::of(Pid(i32::MAX as u32)).is_none_or(|clock| clock.now_ns().is_none()));
    }
}
