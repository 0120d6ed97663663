//! How much work one look at a target may be: reads, bytes, CPU time and wall time. A target's memory and files are its own
//! choice; whoever reads them spends from the budget that was passed down, and gets an error when it is spent.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What a look may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkLimits {
    /// Reads of memory and files.
    pub reads: u64,
    /// Bytes of these reads.
    pub bytes: u64,
    /// CPU time of the thread that looks.
    pub cpu: Duration,
    /// Time on the wall, waiting included.
    pub wall: Duration,
}

impl WorkLimits {
    /// For one look at one process: what identifying the threads of a large one takes, several times over.
    pub const OF_A_PROCESS: Self = Self {
        reads: 1 << 20,
        bytes: 1 << 30,
        cpu: Duration::from_millis(100 * SLOWER),
        wall: Duration::from_millis(500 * SLOWER),
    };
    /// For the stacks that somebody asked for.
    pub const OF_STACKS: Self = Self {
        reads: 1 << 22,
        bytes: 1 << 30,
        cpu: Duration::from_secs(2 * SLOWER),
        wall: Duration::from_secs(20 * SLOWER),
    };
}

/// One look at all processes of a target: what all of them together may take beside the counters of known threads.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    began_ns: u64,
    cpu: Duration,
}

impl Look {
    /// CPU time of a look at most, and of one that is to be over before the next begins, at short intervals.
    const LONGEST: Duration = Duration::from_millis(250 * SLOWER);
    const SHORTEST: Duration = Duration::from_millis(100 * SLOWER);

    /// Begins a look on this thread, of which the next one follows after this interval.
    pub fn begin(interval: Duration) -> Self {
        Self { began_ns: now_ns(ClockId::ThreadCPUTime), cpu: interval.clamp(Self::SHORTEST, Self::LONGEST) }
    }

    /// CPU time taken so far.
    pub fn taken(&self) -> Duration {
        Duration::from_nanos(now_ns(ClockId::ThreadCPUTime).saturating_sub(self.began_ns))
    }

    /// What may be read of the next process; none where too little is left to begin.
    pub fn left(&self) -> Option<WorkLimits> {
        let each = WorkLimits::OF_A_PROCESS;
        let left = self.cpu.saturating_sub(self.taken());
        (left >= each.cpu / 4).then_some(WorkLimits { cpu: each.cpu.min(left), ..each })
    }

    /// Whether half of it is still left: new processes are opened until then.
    pub fn has_half_left(&self) -> bool {
        self.taken() <= self.cpu / 2
    }
}

/// How much slower a build for debugging is.
const SLOWER: u64 = if cfg!(debug_assertions) { 10 } else { 1 };

/// How often the clocks are looked at: once in so many reads or steps. A read takes a microsecond or less.
const BETWEEN_CLOCKS: u64 = 64;

/// A budget, shared by all that read one target. Counts nothing until [`Budget::begin`] gives it limits. Begin and spend
/// on the same thread: CPU time is the thread's own.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    left: Arc<Left>,
}

#[derive(Debug)]
struct Left {
    reads: AtomicU64,
    bytes: AtomicU64,
    /// Reads and steps until the clocks are looked at next.
    until_clocks: AtomicU64,
    /// Instants on the thread's CPU clock and on the boot clock, in nanoseconds.
    cpu_end_ns: AtomicU64,
    wall_end_ns: AtomicU64,
    /// Which part was spent first: an index into [`PARTS`] plus one; 0: none.
    spent: AtomicU64,
}

const PARTS: [&str; 4] = ["reads", "bytes", "CPU time", "time"];

impl Default for Left {
    fn default() -> Self {
        let unlimited = || AtomicU64::new(u64::MAX);
        Self {
            reads: unlimited(),
            bytes: unlimited(),
            until_clocks: unlimited(),
            cpu_end_ns: unlimited(),
            wall_end_ns: unlimited(),
            spent: AtomicU64::new(0),
        }
    }
}

impl Budget {
    /// Begins a look: what was spent before is forgotten.
    pub fn begin(&self, limits: WorkLimits) {
        let end =
            |clock, limit: Duration| now_ns(clock).saturating_add(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX));
        self.left.reads.store(limits.reads, Ordering::Relaxed);
        self.left.bytes.store(limits.bytes, Ordering::Relaxed);
        self.left.until_clocks.store(BETWEEN_CLOCKS, Ordering::Relaxed);
        self.left.cpu_end_ns.store(end(ClockId::ThreadCPUTime, limits.cpu), Ordering::Relaxed);
        self.left.wall_end_ns.store(end(ClockId::Boottime, limits.wall), Ordering::Relaxed);
        self.left.spent.store(0, Ordering::Relaxed);
    }

    /// One read of so many bytes.
    ///
    /// # Errors
    /// The budget is spent: nothing more of this target is to be read in this look.
    pub fn read(&self, bytes: usize) -> io::Result<()> {
        self.take(&self.left.reads, 1, 1)?;
        self.take(&self.left.bytes, bytes as u64, 2)?;
        self.step()
    }

    /// A step of work without a read, as one entry of a table.
    ///
    /// # Errors
    /// As [`Budget::read`].
    pub fn step(&self) -> io::Result<()> {
        if self.left.spent.load(Ordering::Relaxed) != 0 {
            return Err(self.error());
        }
        let until = self.left.until_clocks.load(Ordering::Relaxed);
        if until == u64::MAX {
            return Ok(());
        }
        if until > 0 {
            self.left.until_clocks.store(until - 1, Ordering::Relaxed);
            return Ok(());
        }
        self.left.until_clocks.store(BETWEEN_CLOCKS, Ordering::Relaxed);
        if now_ns(ClockId::ThreadCPUTime) >= self.left.cpu_end_ns.load(Ordering::Relaxed) {
            return self.spend(3);
        }
        if now_ns(ClockId::Boottime) >= self.left.wall_end_ns.load(Ordering::Relaxed) {
            return self.spend(4);
        }
        Ok(())
    }

    /// What was spent, in words; none while there is something left.
    pub fn spent(&self) -> Option<&'static str> {
        let part = usize::try_from(self.left.spent.load(Ordering::Relaxed)).ok()?;
        PARTS.get(part.checked_sub(1)?).copied()
    }

    fn take(&self, of: &AtomicU64, amount: u64, part: u64) -> io::Result<()> {
        let left = of.load(Ordering::Relaxed);
        if left == u64::MAX {
            return Ok(());
        }
        match left.checked_sub(amount) {
            Some(rest) => of.store(rest, Ordering::Relaxed),
            None => return self.spend(part),
        }
        Ok(())
    }

    fn spend(&self, part: u64) -> io::Result<()> {
        self.left.spent.store(part, Ordering::Relaxed);
        Err(self.error())
    }

    fn error(&self) -> io::Error {
        let what = self.spent().unwrap_or("work");
        io::Error::new(io::ErrorKind::QuotaExceeded, format!("the {what} that one look may take ran out"))
    }
}

/// What a clock says, in nanoseconds.
pub(crate) fn now_ns(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    u64::try_from(now.tv_sec)
        .unwrap_or(0)
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: WorkLimits =
        WorkLimits { reads: 1 << 40, bytes: 1 << 40, cpu: Duration::from_secs(100), wall: Duration::from_secs(100) };

    fn reads_until_spent(limits: WorkLimits, bytes: usize) -> (u64, String) {
        let budget = Budget::default();
        budget.begin(limits);
        let mut reads = 0;
        loop {
            match budget.read(bytes) {
                Ok(()) => reads += 1,
                Err(error) => {
                    assert!(error.kind() == io::ErrorKind::QuotaExceeded && budget.spent().is_some());
                    assert!(budget.step().is_err(), "what is spent stays spent");
                    return (reads, error.to_string());
                }
            }
        }
    }

    #[test]
    fn each_part_of_a_budget_ends_a_look() {
        assert_eq!(
            reads_until_spent(WorkLimits { reads: 10, ..PLENTY }, 8),
            (10, "the reads that one look may take ran out".to_owned())
        );
        assert_eq!(reads_until_spent(WorkLimits { bytes: 100, ..PLENTY }, 8).0, 12);
        assert!(reads_until_spent(WorkLimits { cpu: Duration::from_millis(5), ..PLENTY }, 8).1.contains("CPU time"));
        assert!(reads_until_spent(WorkLimits { wall: Duration::from_millis(5), ..PLENTY }, 8).1.contains("the time"));
    }

    #[test]
    fn the_next_look_has_a_budget_of_its_own_and_without_limits_nothing_is_counted() {
        let budget = Budget::default();
        assert!((0..1000).all(|_| budget.read(1 << 30).is_ok()));
        budget.begin(WorkLimits { reads: 1, ..PLENTY });
        let shared = budget.clone();
        assert!(budget.read(1).is_ok() && shared.read(1).is_err() && budget.spent() == Some("reads"));
        budget.begin(WorkLimits { reads: 1, ..PLENTY });
        assert!(shared.read(1).is_ok() && shared.spent().is_none());
    }
}
