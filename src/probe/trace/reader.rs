//! Reads the ring buffers of a trace on a thread of its own, before they are full, and keeps what it read until the next look.
//! Bounded: what finds no room is counted as lost. Ends by itself where it takes too much CPU time.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::time::ClockId;

use crate::data::Tid;
use crate::data::sample::{SWITCH_COST_NS, SchedulerChange, SchedulerEvent, TraceSample, TraceState};
use crate::linux::budget::now_ns;
use crate::linux::scheduler::perf::records::Record;
use crate::linux::scheduler::perf::rings::{PerfError, Rings};

/// How often ring buffers are read: the smallest holds as many switches as a busy CPU makes meanwhile.
const EVERY: Duration = Duration::from_millis(20);
/// Events kept for the next look.
const MOST_EVENTS: usize = 400_000;
/// A record may still be written for so long after what it tells of.
const SETTLES_NS: u64 = 1_000_000;
/// CPU time that reading may take: a hundredth of one CPU, over so long.
const MOST_SHARE: f64 = 0.01;
/// What records may cost the target, as a share of the CPUs online; an estimate by the number of switches.
const MOST_TARGET_SHARE: f64 = 0.0125;
const JUDGED_NS: u64 = 2_000_000_000;

/// A trace that goes on. It ends when this is dropped.
#[derive(Debug)]
pub struct TraceReader {
    shared: Arc<Mutex<Shared>>,
    began_ns: u64,
    /// Dropped with the reader, which ends its thread.
    _alive: Sender<()>,
}

#[derive(Debug)]
struct Shared {
    /// None once it stopped by itself.
    rings: Option<Rings>,
    pending: Vec<SchedulerEvent>,
    lost: u64,
    /// CPU time of reading, and what of it was told already.
    cpu_ns: u64,
    told_cpu_ns: u64,
    /// When records were last read, and until when events were told.
    read_ns: u64,
    told_ns: u64,
    cost: CostJudge,
    stopped: Option<String>,
}

/// Judges what reading costs.
#[derive(Debug)]
struct CostJudge {
    since_ns: u64,
    since_cpu_ns: u64,
    switches: u64,
    /// CPUs online.
    cpus: usize,
}

impl TraceReader {
    /// Begins with these threads, and those that they will make.
    pub fn begin(threads: &[Tid]) -> Result<Self, PerfError> {
        let began_ns = now_ns(ClockId::Boottime);
        let rings = Rings::open(threads)?;
        let cpus = rings.cpus().max(1);
        let shared = Shared {
            rings: Some(rings),
            pending: Vec::new(),
            lost: 0,
            cpu_ns: 0,
            told_cpu_ns: 0,
            read_ns: began_ns,
            told_ns: began_ns,
            cost: CostJudge { since_ns: began_ns, since_cpu_ns: 0, switches: 0, cpus },
            stopped: None,
        };
        let shared = Arc::new(Mutex::new(shared));
        let (alive, gone) = channel();
        let read = Arc::clone(&shared);
        let run = move || {
            while gone.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) && lock(&read).read() {}
        };
        thread::Builder::new().name("tftop-trace".to_owned()).spawn(run).map_err(PerfError::Refused)?;
        Ok(Self { shared, began_ns, _alive: alive })
    }

    /// Traces one more thread, which none of the others made.
    pub fn add(&self, thread: Tid) -> io::Result<()> {
        lock(&self.shared).rings.as_mut().map_or(Ok(()), |rings| rings.add(thread))
    }

    /// Whether a thread was born of another while it was traced, and its birth was not told yet.
    pub fn knows_birth_of(&self, thread: Tid) -> bool {
        let is_birth = |event: &SchedulerEvent| matches!(event.change, SchedulerChange::Born { .. });
        lock(&self.shared).pending.iter().any(|event| event.tid == thread && is_birth(event))
    }

    /// What happened since it was last asked.
    pub fn take(&self) -> TraceSample {
        let mut shared = lock(&self.shared);
        shared.read();
        shared.take(self.began_ns)
    }
}

impl Shared {
    /// Reads what the ring buffers hold; false once it has stopped.
    fn read(&mut self) -> bool {
        let Some(rings) = &mut self.rings else { return false };
        let (now, cpu) = (now_ns(ClockId::Boottime), now_ns(ClockId::ThreadCPUTime));
        let (pending, lost, switches) = (&mut self.pending, &mut self.lost, &mut self.cost.switches);
        rings.drain(|record| match record {
            Record::Event(event) if pending.len() < MOST_EVENTS => {
                *switches += u64::from(matches!(event.change, SchedulerChange::Blocks | SchedulerChange::Preempted));
                pending.push(event);
            }
            Record::Event(_) => *lost = lost.saturating_add(1),
            Record::Lost(records) => *lost = lost.saturating_add(records),
        });
        self.read_ns = now;
        self.cpu_ns = self.cpu_ns.saturating_add(now_ns(ClockId::ThreadCPUTime).saturating_sub(cpu));
        if let Some(why) = self.cost.judge(now, self.cpu_ns) {
            self.rings = None;
            self.stopped = Some(why);
        }
        self.rings.is_some()
    }

    fn take(&mut self, began_ns: u64) -> TraceSample {
        let until_ns = self.read_ns.saturating_sub(SETTLES_NS).max(self.told_ns);
        let from_ns = std::mem::replace(&mut self.told_ns, until_ns);
        self.pending.sort_by_key(|event| event.at_ns);
        let settled = match self.rings.is_some() {
            true => self.pending.partition_point(|event| event.at_ns <= until_ns),
            false => self.pending.len(),
        };
        let events: Arc<[SchedulerEvent]> = self.pending.drain(..settled).collect();
        let cpu_ns = self.cpu_ns - std::mem::replace(&mut self.told_cpu_ns, self.cpu_ns);
        let state = self.stopped.clone().map_or(TraceState::On, TraceState::Stopped);
        TraceSample { state, began_ns, from_ns, until_ns, events, lost: std::mem::take(&mut self.lost), cpu_ns }
    }
}

impl CostJudge {
    /// Why it should stop; none while it costs little enough.
    fn judge(&mut self, now_ns: u64, cpu_ns: u64) -> Option<String> {
        let span_ns = now_ns.saturating_sub(self.since_ns);
        if span_ns < JUDGED_NS {
            return None;
        }
        let share = cpu_ns.saturating_sub(self.since_cpu_ns) as f64 / span_ns as f64;
        let per_second = self.switches as f64 * 1e9 / span_ns as f64;
        (self.since_ns, self.since_cpu_ns, self.switches) = (now_ns, cpu_ns, 0);
        let target_share = per_second * SWITCH_COST_NS as f64 / 1e9 / self.cpus as f64;
        if share > MOST_SHARE {
            let (took, most) = (share * 100.0, MOST_SHARE * 100.0);
            return Some(format!(
                "reading {per_second:.0} switches a second took {took:.1} % of a CPU, and may take {most:.0} %"
            ));
        }
        (target_share > MOST_TARGET_SHARE).then(|| {
            let cost = target_share * self.cpus as f64 * 100.0;
            format!(
                "records of {per_second:.0} switches a second cost the target about {cost:.0} % of a CPU (estimated)"
            )
        })
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn reading_that_takes_more_than_a_hundredth_stops() {
        let mut judge = CostJudge { since_ns: 0, since_cpu_ns: 0, switches: 0, cpus: 2 };
        assert_eq!(judge.judge(SECOND, SECOND), None, "too soon");
        assert_eq!(judge.judge(2 * SECOND, SECOND / 50), None);
        judge.switches = 400_000;
        let why = judge.judge(4 * SECOND, SECOND / 50 + SECOND / 20).unwrap();
        assert!(why.contains("200000 switches a second took 2.5 % of a CPU"), "{why}");
    }

    #[test]
    fn switches_that_cost_the_target_more_than_little_stop_it_too() {
        let mut judge = CostJudge { since_ns: 0, since_cpu_ns: 0, switches: 48_000, cpus: 2 };
        assert_eq!(judge.judge(2 * SECOND, 0), None);
        judge.switches = 60_000;
        let why = judge.judge(4 * SECOND, 0).unwrap();
        assert_eq!(why, "records of 30000 switches a second cost the target about 3 % of a CPU (estimated)");
    }
}
