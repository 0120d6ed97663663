//! Work that the kernel may hold up for ever, done on a thread that can be left behind. Slow work is told from held-up work
//! by what the thread does: one that runs, or waits for a CPU, gets on, however long it takes.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use crate::data::Tid;
use crate::linux::proc::stat::{number, status_field, words};

/// How often a thread is looked at.
pub const GLANCE: Duration = Duration::from_millis(50);
/// How much longer work is waited for where threads wait for CPUs: whoever holds what it waits for may be one of them.
const BUSY_FACTOR: u32 = 3;
/// Threads that are left behind at once; with as many, nothing more is tried.
const MOST_LEFT: usize = 8;

/// Does one piece of work after another, and leaves behind what is held up.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    worker: Option<Worker>,
    /// Counts the threads that live: each has one.
    alive: Arc<()>,
}

#[derive(Debug)]
struct Worker {
    jobs: Sender<Job>,
    tid: Tid,
}

struct Job(Box<dyn FnOnce() + Send>);

/// Why there is no result.
#[derive(Debug)]
pub enum HeldUp<T> {
    /// The kernel holds it up, for so long by now. What it comes to, if ever, comes here; the other end is gone where it came
    /// to nothing.
    Waits(Receiver<T>, Duration),
    /// It was not tried: too much that was held up before still is.
    NotTried,
    /// It failed.
    Failed,
}

impl Patience {
    /// Work is held up when its thread has not got on for so long.
    pub fn new(limit: Duration) -> Self {
        Self { limit, worker: None, alive: Arc::new(()) }
    }

    /// What the work comes to.
    ///
    /// # Errors
    /// It is held up, was not tried, or failed.
    pub fn run<T: Send + 'static>(&mut self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HeldUp<T>> {
        let worker = match self.worker.take() {
            Some(worker) => worker,
            None if Arc::strong_count(&self.alive) > MOST_LEFT => return Err(HeldUp::NotTried),
            None => Worker::start(self.alive.clone()).map_err(|_| HeldUp::Failed)?,
        };
        let (send, receive) = sync_channel(1);
        // Whoever asked may be gone when it is done.
        let job = Job(Box::new(move || drop(send.send(work()))));
        if worker.jobs.send(job).is_err() {
            return Err(HeldUp::Failed);
        }
        let mut progress = ThreadProgress::new(worker.tid);
        loop {
            match receive.recv_timeout(GLANCE) {
                Ok(done) => {
                    self.worker = Some(worker);
                    return Ok(done);
                }
                Err(RecvTimeoutError::Disconnected) => return Err(HeldUp::Failed),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let waited = progress.held_up();
            if waited >= self.limit && (waited >= self.limit * BUSY_FACTOR || !is_busy()) {
                return Err(HeldUp::Waits(receive, waited));
            }
        }
    }
}

impl Worker {
    fn start(alive: Arc<()>) -> io::Result<Self> {
        let (jobs, work) = channel::<Job>();
        let (send, started) = sync_channel(1);
        thread::Builder::new().name("tftop-look".to_owned()).spawn(move || {
            let _alive = alive;
            // Nobody waits for it only where the process ends.
            let _ = send.send(own_tid());
            while let Ok(Job(job)) = work.recv() {
                job();
            }
        })?;
        let tid = started.recv().map_err(io::Error::other)?;
        Ok(Self { jobs, tid })
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

/// Whether more threads want CPUs now than there are (proc_loadavg(5)).
fn is_busy() -> bool {
    let text = fs::read("/proc/loadavg").unwrap_or_default();
    let wanting = words(&text).nth(3).and_then(|field| number(field.split(|&byte| byte == b'/').next()?));
    let cpus = thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64);
    wanting.is_some_and(|wanting| wanting > cpus)
}

/// The thread that calls this.
pub fn own_tid() -> Tid {
    Tid(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs())
}

/// Whether a thread of this process gets on.
#[derive(Debug)]
pub struct ThreadProgress {
    tid: Tid,
    /// How often it had given up its CPU when it was last seen asleep.
    asleep: Option<u64>,
    /// Looks in a row at which it slept on.
    looks: u32,
}

impl ThreadProgress {
    /// Of this thread, from now on.
    pub fn new(tid: Tid) -> Self {
        Self { tid, asleep: None, looks: 0 }
    }

    /// The thread.
    pub fn tid(&self) -> Tid {
        self.tid
    }

    /// How long it has slept without a break, as far as the looks tell, one every [`GLANCE`]. Time in which this process is
    /// stopped does not count.
    pub fn held_up(&mut self) -> Duration {
        let asleep = self.look();
        self.looks = if asleep.is_some() && asleep == self.asleep { self.looks.saturating_add(1) } else { 0 };
        self.asleep = asleep;
        GLANCE.saturating_mul(self.looks)
    }

    /// None where it runs, or wants to.
    fn look(&self) -> Option<u64> {
        let status = fs::read(format!("/proc/self/task/{}/status", self.tid)).ok()?;
        let runs = status_field(&status, "State").is_none_or(|state| state.starts_with(b"R"));
        let switches = |name| status_field(&status, name).and_then(number);
        let given_up = switches("voluntary_ctxt_switches")?.saturating_add(switches("nonvoluntary_ctxt_switches")?);
        (!runs).then_some(given_up)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    #[test]
    fn what_waits_is_left_behind_and_what_comes_of_it_is_still_there() {
        let mut patience = Patience::new(LIMIT);
        let (let_go, held) = channel::<()>();
        let Err(HeldUp::Waits(later, _)) = patience.run(move || held.recv().is_ok()) else {
            panic!("it was not held up")
        };
        assert_eq!(patience.run(|| 3).unwrap(), 3, "others go on");
        assert!(later.try_recv().is_err());
        let_go.send(()).unwrap();
        assert!(later.recv().unwrap());
    }

    #[test]
    fn slow_work_and_many_short_waits_are_waited_for() {
        let mut patience = Patience::new(LIMIT);
        let busy = || {
            let until = Instant::now() + 4 * LIMIT;
            while Instant::now() < until {}
        };
        assert!(patience.run(busy).is_ok());
        assert!(patience.run(|| (0..40).for_each(|_| thread::sleep(LIMIT / 10))).is_ok());
    }

    #[test]
    fn with_too_many_left_behind_nothing_more_is_tried() {
        let mut patience = Patience::new(Duration::from_millis(50));
        let mut held = Vec::new();
        for _ in 0..MOST_LEFT {
            let (let_go, wait) = channel::<()>();
            assert!(matches!(patience.run(move || wait.recv().is_ok()), Err(HeldUp::Waits(..))));
            held.push(let_go);
        }
        assert!(matches!(patience.run(|| ()), Err(HeldUp::NotTried)));
        drop(held);
        let late = Instant::now() + Duration::from_secs(20);
        while patience.run(|| ()).is_err() {
            assert!(Instant::now() < late, "threads that were let go still count");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn work_that_panics_is_no_end() {
        let mut patience = Patience::new(LIMIT);
        assert!(matches!(patience.run(|| panic!("on purpose")), Err(HeldUp::Failed)));
        assert_eq!(patience.run(|| 3).unwrap(), 3);
    }
}
