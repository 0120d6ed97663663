//! One loop of a script, which may be run again and again: its newest marks, and its steps in each tick.

use std::collections::VecDeque;

use crate::data::Text;
use crate::data::sample::{StepMarks, StepSource};
use crate::data::scene::{LoopSteps, STEP_BINS, STEP_BOUNDS_S};

/// The newest steps are judged over this long, in microseconds of steps.
const WINDOW_US: u64 = 10_000_000;
/// Fewest marks that are judged, where there are so many: below that a 95th percentile says nothing.
const FEWEST: usize = 20;
/// Most marks that are judged.
const MOST: usize = 4096;
/// Ticks that are remembered, as of all curves.
const LONGEST: usize = 600;

/// Which loop: streams at the same line of the same process are runs of one loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoopKey {
    pub pid: u32,
    pub source: StepSource,
    pub at: Option<Text>,
    /// Of a tf.function.
    pub name: Option<Text>,
}

/// The instants of the looks, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct LookTimes {
    at_ns: VecDeque<u64>,
    /// Whether the newest look came later than the one before.
    moved: bool,
}

/// A loop, and what was marked in it.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    pub key: LoopKey,
    /// Steps marked so far.
    pub steps: u64,
    /// Marks that are known to be missing.
    pub lost: u64,
    /// When the last mark was made.
    pub last_ns: u64,
    /// Seconds spent in it lately: older ones count less.
    pub spent_s: f64,
    /// Steps by their time, see [`LoopSteps::bins`].
    bins: [u64; STEP_BINS],
    all_us: u64,
    first_ns: u64,
    newest: VecDeque<Mark>,
    /// Steps in each tick; not a number where marks are missing.
    ticks: VecDeque<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    duration_us: u32,
    steps: f64,
}

/// Times of the newest steps.
#[derive(Clone, Debug, Default)]
pub(super) struct StepDurations {
    pub per_s: Option<f64>,
    pub p50_ms: f64,
    pub p95_ms: Option<f64>,
    pub slowest_ms: f64,
    pub marks: usize,
    pub covers_s: f64,
}

impl LookTimes {
    /// One more; nanoseconds since the one before.
    pub fn advance(&mut self, at_ns: u64) -> u64 {
        let before = self.at_ns.back().copied();
        self.moved = before.is_none_or(|before| before < at_ns);
        if self.moved {
            self.at_ns.push_back(at_ns);
            if self.at_ns.len() > LONGEST + 1 {
                self.at_ns.pop_front();
            }
        }
        before.map_or(0, |before| at_ns.saturating_sub(before))
    }

    /// The newest.
    pub fn now_ns(&self) -> u64 {
        self.at_ns.back().copied().unwrap_or(0)
    }

    /// Beginning and end of each tick, oldest first.
    fn ticks(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.at_ns.iter().zip(self.at_ns.iter().skip(1)).map(|(&from, &to)| (from, to))
    }
}

impl Loop {
    /// A loop that no mark is known of yet.
    pub fn new(key: LoopKey, looks: &LookTimes) -> Self {
        let ticks = looks.ticks().map(|_| 0.0).collect();
        let newest = VecDeque::new();
        Self {
            key,
            steps: 0,
            lost: 0,
            last_ns: 0,
            spent_s: 0.0,
            bins: [0; STEP_BINS],
            all_us: 0,
            first_ns: u64::MAX,
            newest,
            ticks,
        }
    }

    /// A tick more, after which time spent before counts for this share.
    pub fn age(&mut self, looks: &LookTimes, share: f64) {
        self.spent_s *= share;
        if looks.moved && looks.at_ns.len() > 1 {
            self.ticks.push_back(0.0);
        }
        while self.ticks.len() > LONGEST {
            self.ticks.pop_front();
        }
    }

    /// A record whose last mark was made at `at_ns`. The stream's record before ended at `before_ns`; `lost` marks came
    /// between them.
    pub fn update(&mut self, record: &StepMarks, lost: u64, before_ns: Option<u64>, at_ns: u64, looks: &LookTimes) {
        let count = record.durations_us.len();
        let steps = record.steps as f64 / count as f64;
        let all_ns: u64 = record.durations_us.iter().map(|&us| u64::from(us) * 1000).sum();
        let begun_ns = at_ns.saturating_sub(all_ns);
        // A pause, as for a validation, lies before the mark that ends the record: every later one would have sent it.
        let mut clock_ns = before_ns.filter(|before| lost == 0 && *before <= begun_ns).unwrap_or(begun_ns);
        if let (Some(before_ns), 1..) = (before_ns, lost) {
            self.spread(before_ns, begun_ns, f64::NAN, looks);
        }
        self.first_ns = self.first_ns.min(clock_ns);
        for (at, &duration_us) in record.durations_us.iter().enumerate() {
            let duration_ns = u64::from(duration_us) * 1000;
            if at + 1 == count {
                clock_ns = at_ns.saturating_sub(duration_ns);
            }
            self.spread(clock_ns, clock_ns.saturating_add(duration_ns), steps, looks);
            clock_ns = clock_ns.saturating_add(duration_ns);
            self.newest.push_back(Mark { duration_us, steps });
        }
        while self.newest.len() > MOST {
            self.newest.pop_front();
        }
        self.count(record);
        self.steps = self.steps.saturating_add(record.steps);
        self.lost = self.lost.saturating_add(lost);
        self.last_ns = self.last_ns.max(at_ns);
        // Several functions that are called by turns all take the whole turn: what counts is the time within the calls.
        let spent_ns = record.inside_us.map_or(all_ns, |us| us.saturating_mul(1000).min(all_ns));
        self.spent_s += spent_ns as f64 / 1e9;
    }

    /// The steps of a record, each in the bin of its time: all of them, however they divide among its marks.
    fn count(&mut self, record: &StepMarks) {
        let marks = record.durations_us.len() as u64;
        let mut counted = 0;
        for (at, &us) in (1_u64..).zip(&record.durations_us) {
            let until = (u128::from(record.steps) * u128::from(at) / u128::from(marks)) as u64;
            let steps = until.saturating_sub(counted);
            counted = until;
            let step_s = f64::from(us) / 1e6 / steps.max(1) as f64;
            let bin = STEP_BOUNDS_S.partition_point(|&bound_s| bound_s < step_s);
            if let Some(bin) = self.bins.get_mut(bin) {
                *bin = bin.saturating_add(steps);
            }
            self.all_us = self.all_us.saturating_add(u64::from(us));
        }
    }

    /// All its steps so far.
    pub fn all(&self) -> LoopSteps {
        let LoopKey { pid, source, at, name } = self.key.clone();
        LoopSteps { source, pid, at, name, bins: self.bins, seconds: self.all_us as f64 / 1e6, lost: self.lost }
    }

    /// Steps that took from one instant to another belong to every tick between, each its part.
    fn spread(&mut self, from_ns: u64, to_ns: u64, steps: f64, looks: &LookTimes) {
        // What took no time at all counts as a nanosecond.
        let from_ns = from_ns.min(to_ns.saturating_sub(1));
        let whole_ns = to_ns.saturating_sub(from_ns).max(1);
        let first = looks.at_ns.partition_point(|&at_ns| at_ns <= from_ns).saturating_sub(1);
        for (at, sum) in self.ticks.iter_mut().enumerate().skip(first) {
            let (Some(&begin), Some(&end)) = (looks.at_ns.get(at), looks.at_ns.get(at + 1)) else { break };
            if begin >= to_ns {
                break;
            }
            let part_ns = to_ns.min(end).saturating_sub(from_ns.max(begin));
            if part_ns > 0 {
                *sum += steps * (part_ns as f64 / whole_ns as f64);
            }
        }
    }

    /// Steps a second in each tick; of the one that has marks for a part only, in that part.
    pub fn history(&self, looks: &LookTimes) -> Vec<Option<f32>> {
        let tick = |((begin, end), steps): ((u64, u64), &f64)| {
            let known_ns = end.min(self.last_ns).saturating_sub(begin.max(self.first_ns));
            let enough = known_ns > 0 && known_ns >= (end - begin) / 2;
            let per_s = steps * 1e9 / known_ns as f64;
            (enough && per_s.is_finite()).then_some(per_s as f32)
        };
        looks.ticks().zip(&self.ticks).map(tick).collect()
    }

    /// The newest steps.
    pub fn times(&self) -> StepDurations {
        let (mut all_us, mut steps, mut times_us) = (0, 0.0, Vec::new());
        for mark in self.newest.iter().rev() {
            if times_us.len() >= FEWEST && all_us >= WINDOW_US {
                break;
            }
            all_us += u64::from(mark.duration_us);
            steps += mark.steps;
            // A record with marks and no steps counts its marks.
            times_us.push(f64::from(mark.duration_us) / if mark.steps > 0.0 { mark.steps } else { 1.0 });
        }
        times_us.sort_unstable_by(f64::total_cmp);
        let covers_s = all_us as f64 / 1e6;
        StepDurations {
            per_s: (all_us > 0).then(|| steps / covers_s),
            p50_ms: rank(&times_us, 0.5).unwrap_or(0.0) / 1e3,
            p95_ms: rank(&times_us, 0.95).filter(|_| times_us.len() >= FEWEST).map(|us| us / 1e3),
            slowest_ms: times_us.last().copied().unwrap_or(0.0) / 1e3,
            marks: times_us.len(),
            covers_s,
        }
    }
}

/// The smallest value that at least this share of all does not exceed (nearest rank).
fn rank(sorted: &[f64], share: f64) -> Option<f64> {
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied()
}
