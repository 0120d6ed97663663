//! Stacks again and again: how often they may be taken, and whose turn it is, so that stops stay below 1 % of the time.

use std::time::Duration;

use crate::data::Tid;
use crate::data::sample::Stacks;
use crate::probe::stack::Stops;

/// Share of the time that threads may be stopped: below the promised 1 %, because the last stop may last longer.
const STOPPED_SHARE: f64 = 0.008;
/// What a stop is taken to cost until some were measured.
const FIRST_STOP: Duration = Duration::from_micros(250);
/// What a stop is taken to cost at least.
const SMALLEST_STOP: Duration = Duration::from_micros(5);
/// Taking stacks uses a quarter of the time mostly. Where functions of a library are looked up for the first time it
/// takes long once, which is no reason to rest long.
const REST_FACTOR: u32 = 3;
const RESTS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// One sampling.
pub(crate) struct StopBudget {
    stops: bool,
    time: Duration,
    looks: u64,
    stopped: Duration,
    /// The thread that is next.
    at: usize,
}

impl StopBudget {
    /// For so long, and whether threads may be stopped.
    pub(crate) fn new(stops: bool, time: Duration) -> Self {
        Self { stops, time, looks: 0, stopped: Duration::ZERO, at: 0 }
    }

    /// The threads that are next and whether they may be stopped, or how long to wait until one may.
    pub(crate) fn next(&mut self, tids: &[Tid], since: Duration) -> Result<(Vec<Tid>, Stops), Duration> {
        if tids.is_empty() {
            return Err(RESTS.1);
        }
        if !self.stops {
            return Ok((tids.to_vec(), Stops::Never));
        }
        // Per look, not per stop: many threads need none.
        let one = match self.looks {
            0 => FIRST_STOP,
            looks => self.stopped.div_f64(looks as f64).max(SMALLEST_STOP),
        };
        let earned = since.mul_f64(STOPPED_SHARE);
        let left = earned.saturating_sub(self.stopped);
        if left < one {
            return Err((self.stopped + one).saturating_sub(earned).div_f64(STOPPED_SHARE).max(RESTS.0));
        }
        let count = (left.as_secs_f64() / one.as_secs_f64()) as usize;
        let count = count.clamp(1, tids.len());
        let some = (0..count).map(|step| tids[(self.at + step) % tids.len()]).collect();
        self.at = (self.at + count) % tids.len();
        // All that is left, more than was counted on: were threads left out because the stops of others took long, the
        // shares would be wrong. What it costs more is earned back before the next.
        Ok((some, Stops::Allowed { budget: self.time.mul_f64(STOPPED_SHARE).saturating_sub(self.stopped) }))
    }

    /// What it cost, and how long to rest.
    pub(crate) fn spent(&mut self, stacks: &Stacks) -> Duration {
        self.looks += stacks.stacks.len() as u64;
        self.stopped += Duration::from_nanos(stacks.stopped_ns);
        (Duration::from_nanos(stacks.wall_ns) * REST_FACTOR).clamp(RESTS.0, RESTS.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sample::{Stack, StackEnd, StackMethod, ThreadState};

    fn stopped(count: usize, each: Duration) -> Stacks {
        let stack = Stack {
            tid: Tid(1),
            state: ThreadState::Running,
            taken: StackMethod::Stopped { stop_ns: each.as_nanos() as u64 },
            frames: Vec::new(),
            end: StackEnd::Outermost,
            gaps: Vec::new(),
        };
        let stopped_ns = count as u64 * each.as_nanos() as u64;
        Stacks { stacks: vec![stack; count], stopped_ns, wall_ns: stopped_ns, ..Stacks::default() }
    }

    /// Time goes by as it is waited for and used: what the stops came to, and how often each thread was looked at.
    fn simulated(threads: u32, each: Duration, time: Duration) -> (Duration, Vec<u32>) {
        let tids: Vec<Tid> = (0..threads).map(Tid).collect();
        let mut stop_budget = StopBudget::new(true, time);
        let (mut now, mut all, mut looks) = (Duration::ZERO, Duration::ZERO, vec![0; tids.len()]);
        while now < time {
            now += match stop_budget.next(&tids, now) {
                Ok((some, Stops::Allowed { budget })) => {
                    // The reader stops no more threads once its budget is used up.
                    let most = (budget.as_secs_f64() / each.as_secs_f64()).ceil() as usize;
                    some.iter().for_each(|tid| looks[tid.0 as usize] += 1);
                    let round = stopped(some.len().min(most), each);
                    all += Duration::from_nanos(round.stopped_ns);
                    Duration::from_nanos(round.wall_ns) + stop_budget.spent(&round)
                }
                Ok((_, Stops::Never)) => panic!("stops were allowed"),
                Err(until) => until,
            };
        }
        (all, looks)
    }

    #[test]
    fn stops_stay_below_one_percent_and_every_thread_has_its_turn() {
        let time = Duration::from_secs(10);
        for (threads, micros) in [(1, 50), (8, 100), (200, 300), (3, 5_000)] {
            let (stopped, looks) = simulated(threads, Duration::from_micros(micros), time);
            let share = stopped.as_secs_f64() / time.as_secs_f64();
            assert!(share < 0.01, "{threads} threads at {micros} us: {share}");
            assert!(share > 0.005, "{threads} threads at {micros} us: only {share} is used");
            let (least, most) = (looks.iter().min().unwrap(), looks.iter().max().unwrap());
            assert!(most - least <= 1, "{looks:?}");
        }
    }

    #[test]
    fn without_stops_all_are_looked_at_each_time() {
        let mut budget = StopBudget::new(false, Duration::from_secs(1));
        let tids = [Tid(4), Tid(5)];
        assert!(matches!(budget.next(&tids, Duration::ZERO), Ok((all, Stops::Never)) if all == tids));
        assert!(budget.next(&[], Duration::ZERO).is_err());
    }
}
