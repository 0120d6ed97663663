//! Speed of a training, from the marks that the shim sends from inside the script: steps a second, time of a step, epoch.
//! Marks come late and in batches: rates are made of the durations in them, never of when they arrived. Where marks are
//! missing nothing is put in their place.

pub(crate) mod fit;
pub(crate) mod marked_loop;

use std::collections::BTreeSet;

use crate::data::sample::{LaunchSample, ShimReport, ShimUse, StepMarks, StepSource};
use crate::data::scene::{MarkCount, NoMarks, Speed, Steps};
use crate::model::steps::fit::KerasFit;
use crate::model::steps::marked_loop::{LookTimes, Loop, LoopKey};

/// Loops that are remembered; a script has a few lines with one.
const MOST_LOOPS: usize = 64;
/// Streams whose marks are counted: each epoch of a Python loop is a stream of its own.
const MOST_STREAMS: usize = 256;
/// A loop is one of those that run now when it marked this shortly before the newest mark of all; a Python loop that waits
/// for its validation, for longer.
const TOGETHER_NS: u64 = 10_000_000_000;
const PAUSED_NS: u64 = 30_000_000_000;
/// How long the time spent in a loop counts for the choice of the one that is shown.
const REMEMBERED_S: f64 = 60.0;
/// How much more of it another loop must have to be shown instead: two processes of one training take turns.
const CLEARLY_MORE: f64 = 1.25;
/// Silence is said after this time, and after this many times the slowest step of the last ones: marks come in batches.
const SILENT_S: f64 = 3.0;
const SILENT_STEPS: f64 = 3.0;

/// Remembers marks from look to look.
#[derive(Clone, Debug, Default)]
pub(crate) struct MarkedLoops {
    looks: LookTimes,
    loops: Vec<Loop>,
    streams: Vec<Stream>,
    shown: Option<LoopKey>,
    fit: KerasFit,
    /// The shim dropped marks, or nobody took them: which ones can't be told.
    dropped: bool,
}

/// One stream of marks, as far as it has come.
#[derive(Clone, Debug)]
struct Stream {
    id: (u32, StepSource, u64),
    marks: u64,
    at_ns: u64,
}

impl MarkedLoops {
    /// One more look.
    pub fn update(&mut self, at_ns: u64, launch: &LaunchSample) {
        let passed_s = self.looks.advance(at_ns) as f64 / 1e9;
        for it in &mut self.loops {
            it.age(&self.looks, (-passed_s / REMEMBERED_S).exp());
        }
        self.dropped = launch.report.marks_dropped > 0;
        for record in launch.marks.iter().filter(|record| !record.durations_us.is_empty()) {
            self.take_record(record, at_ns);
        }
        self.fit.use_epoch(launch.report.epoch.as_ref());
        self.shown = self.choose();
    }

    /// What is known now.
    pub fn scene(&self, fact: ShimUse, report: &ShimReport) -> Steps {
        let none = || match fact {
            ShimUse::Off => NoMarks::WithoutShim,
            _ if report.processes.is_empty() => NoMarks::NotAttached,
            _ if report.started.is_empty() => NoMarks::NotStarted,
            _ => NoMarks::NoLoop,
        };
        let loops = self.loops.iter().map(Loop::all).collect();
        let Some(shown) = self.shown.as_ref().and_then(|key| self.loops.iter().find(|it| it.key == *key)) else {
            return Steps { none: Some(none()), loops, ..Steps::default() };
        };
        Steps { speed: Some(self.speed(shown)), none: None, history: shown.history(&self.looks), loops }
    }

    fn take_record(&mut self, record: &StepMarks, now_ns: u64) {
        let id = (record.pid, record.source, record.stream);
        let found = self.streams.iter().position(|stream| stream.id == id);
        let before = found.map(|at| self.streams.swap_remove(at)).filter(|stream| stream.marks <= record.first);
        // The look began a little before the newest marks came.
        let at_ns = record.at_ns.min(now_ns);
        let marks = record.first.saturating_add(record.durations_us.len() as u64);
        let key = LoopKey { pid: record.pid, source: record.source, at: record.at.clone(), name: record.name.clone() };
        let place = self.place_of(key);
        if let Some(it) = self.loops.get_mut(place) {
            let lost = record.first - before.as_ref().map_or(0, |stream| stream.marks);
            it.update(record, lost, before.map(|stream| stream.at_ns), at_ns, &self.looks);
        }
        if record.source == StepSource::Keras {
            self.fit.update(record);
        }
        if self.streams.len() >= MOST_STREAMS {
            let oldest = self.streams.iter().enumerate().min_by_key(|(_, stream)| stream.at_ns);
            oldest.map(|(at, _)| at).map(|at| self.streams.swap_remove(at));
        }
        self.streams.push(Stream { id, marks, at_ns });
    }

    /// Where a loop stands; a new one takes the place of the one in which least time was spent, when there are too many.
    fn place_of(&mut self, key: LoopKey) -> usize {
        if let Some(at) = self.loops.iter().position(|it| it.key == key) {
            return at;
        }
        let made = Loop::new(key, &self.looks);
        if self.loops.len() < MOST_LOOPS {
            self.loops.push(made);
            return self.loops.len() - 1;
        }
        let least = self.loops.iter().enumerate().min_by(|(_, a), (_, b)| a.spent_s.total_cmp(&b.spent_s));
        let at = least.map_or(0, |(at, _)| at);
        self.loops[at] = made;
        at
    }

    /// A fit that runs comes first; else the loop in which most time was spent lately.
    fn choose(&self) -> Option<LoopKey> {
        let rank = |it: &Loop| {
            let class = match it.key.source {
                StepSource::Keras if self.runs_now(it, TOGETHER_NS) => 3,
                StepSource::Iterator | StepSource::Session if self.runs_now(it, PAUSED_NS) => 2,
                StepSource::Function if self.runs_now(it, PAUSED_NS) => 1,
                _ => 0,
            };
            let shown = self.shown.as_ref() == Some(&it.key);
            (class, if shown { it.spent_s * CLEARLY_MORE } else { it.spent_s })
        };
        let mut best: Option<&Loop> = None;
        for it in self.loops.iter().filter(|it| !self.is_inside_fit(it)) {
            let better = |best: &Loop| {
                let (a, b) = (rank(it), rank(best));
                a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).is_gt()
            };
            if best.is_none_or(better) {
                best = Some(it);
            }
        }
        best.map(|it| it.key.clone())
    }

    /// Keras's own loop over an iterator, which an eager fit shows too.
    fn is_inside_fit(&self, it: &Loop) -> bool {
        let same_place = |fit: &Loop| fit.key.pid == it.key.pid && fit.key.at == it.key.at;
        it.key.source != StepSource::Keras
            && it.key.at.is_some()
            && self.loops.iter().any(|fit| fit.key.source == StepSource::Keras && same_place(fit))
    }

    fn runs_now(&self, it: &Loop, within_ns: u64) -> bool {
        let newest_ns = self.loops.iter().map(|it| it.last_ns).max().unwrap_or(0);
        newest_ns.saturating_sub(it.last_ns) <= within_ns
    }

    fn speed(&self, shown: &Loop) -> Speed {
        let alike = self.loops.iter().filter(|it| it.key.source == shown.key.source && self.runs_now(it, TOGETHER_NS));
        let times = shown.times();
        let silent_s = self.looks.now_ns().saturating_sub(shown.last_ns) as f64 / 1e9;
        let usual_s = SILENT_S.max(SILENT_STEPS * times.slowest_ms / 1e3);
        Speed {
            source: shown.key.source,
            pid: shown.key.pid,
            at: shown.key.at.clone(),
            name: shown.key.name.clone(),
            per_s: times.per_s,
            p50_ms: times.p50_ms,
            p95_ms: times.p95_ms,
            marks: times.marks,
            covers_s: times.covers_s,
            total: shown.steps,
            count: if self.dropped || shown.lost > 0 { MarkCount::AtLeast } else { MarkCount::Exact },
            silent_s: (silent_s > usual_s).then_some(silent_s),
            epoch: (shown.key.source == StepSource::Keras).then(|| self.fit.now()).flatten(),
            processes: alike.map(|it| it.key.pid).chain([shown.key.pid]).collect::<BTreeSet<_>>().len(),
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
