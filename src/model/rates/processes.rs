//! The processes of a target, followed from sample to sample: what each used, its dead threads included, and how much of
//! that no thread seen accounts for.

use crate::data::sample::{ProcessFact, ProcessSample};
use crate::data::scene::{Demand, ProcessState};
use crate::data::{Gap, ProcessKey};
use crate::model::rates::load::{Load, TickLength};
use crate::model::rates::threads::{ThreadRates, Tick};
use crate::model::rates::window::{Remembered, Window};

/// utime and stime are cut to whole ticks, at both ends of the window.
const CUT_TICKS: u64 = 4;

/// Every process of the newest sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessRates {
    watched: Vec<ProcessRate>,
}

/// One process.
#[derive(Clone, Debug)]
pub(crate) struct ProcessRate {
    pub key: ProcessKey,
    pub threads: ThreadRates,
    load: Remembered<Load>,
    /// The process's own clock, dead threads included.
    clock_ns: Remembered<u64>,
    /// Whether that has been read to the nanosecond since the process was first seen, and not in clock ticks.
    exact: bool,
    /// What threads may have run that were not read for the newest sample, at most.
    unread_ns: u64,
}

impl ProcessRates {
    /// Follows the processes to the next sample. One that ended beside others that live has no threads any more. Returns
    /// what all of them used.
    pub fn update(&mut self, samples: &[ProcessSample], all_ended: bool, tick: &mut Tick) -> Load {
        let mut before = std::mem::take(&mut self.watched);
        let mut sum = Load::default();
        for sample in samples {
            let known = before.iter().position(|process| process.key == sample.fact.key);
            let mut process = match known {
                Some(index) => before.swap_remove(index),
                None => ProcessRate::new(sample, tick),
            };
            sum.add(process.update(sample, all_ended || !sample.ended, tick));
            self.watched.push(process);
        }
        sum
    }

    /// In the order of the sample.
    pub fn watched(&self) -> &[ProcessRate] {
        &self.watched
    }
}

impl ProcessRate {
    fn new(sample: &ProcessSample, tick: &Tick) -> Self {
        let clock_ns = clock_ns(sample, tick.ticks);
        let born = tick.before_ns.is_some_and(|before| tick.ticks.started_after(sample.fact.key.start_ticks, before));
        Self {
            key: sample.fact.key,
            threads: ThreadRates::default(),
            load: Remembered::new(Load::default()),
            clock_ns: Remembered::new(if born { 0 } else { clock_ns }),
            exact: true,
            unread_ns: 0,
        }
    }

    fn update(&mut self, sample: &ProcessSample, lives: bool, tick: &mut Tick) -> Load {
        let threads = if lives { sample.threads.as_slice() } else { &[] };
        let used = self.threads.update(threads, &sample.fact, tick);
        self.load.now.add(used);
        self.load.mark(tick.window);
        // The clock of one that is gone can't be read any more: what it said last stands.
        if !(self.exact && sample.ended) {
            self.exact &= sample.clock.is_some();
            self.clock_ns.now = self.clock_ns.now.max(clock_ns(sample, tick.ticks));
        }
        self.unread_ns = sample.clock.map_or(0, |clock| clock.unread_ns);
        self.clock_ns.mark(tick.window);
        used
    }

    /// What it used since it was first watched.
    pub fn total(&self) -> Load {
        self.load.now
    }

    /// The process as it is shown.
    pub fn scene(&self, sample: &ProcessSample, window: &Window) -> ProcessState {
        ProcessState {
            pid: self.key.pid,
            parent: sample.fact.parent,
            command: command_line(&sample.fact),
            ended: sample.ended,
            threads: u32::try_from(self.threads.watched().len()).unwrap_or(u32::MAX),
            demand: self.demand(window),
            rank: sample.fact.rank.clone(),
        }
    }

    fn demand(&self, window: &Window) -> Option<Demand> {
        self.load.over(window).demand(window.span_ns())
    }

    /// Time on the process's own clock that no thread seen accounts for; none where it may be inaccuracy: cut ticks, threads that
    /// were not read, and the time it took to read one after the other.
    fn unattributed_ns(&self, window: &Window, ticks: TickLength, reading_ns: u64) -> Option<u64> {
        let clock_ns = self.clock_ns.over(window);
        let seen_ns = self.load.over(window).run_ns;
        let skew_ns = reading_ns.saturating_mul(seen_ns.checked_div(window.span_ns()).unwrap_or(0).saturating_add(1));
        let cut_ns = if self.exact { self.unread_ns } else { ticks.ns(CUT_TICKS).saturating_add(seen_ns / 20) };
        let doubt_ns = cut_ns.saturating_add(skew_ns);
        clock_ns.checked_sub(seen_ns).filter(|&missing_ns| missing_ns > doubt_ns)
    }
}

/// The CPU time of a process, as exact as it is known.
fn clock_ns(sample: &ProcessSample, ticks: TickLength) -> u64 {
    sample.clock.map_or_else(|| ticks.ns(sample.cpu_ticks), |clock| clock.cpu_ns)
}

/// What went to threads that lived and died between two samples; none where nothing clearly did.
pub(crate) fn short_lived(
    processes: &ProcessRates,
    window: &Window,
    ticks: TickLength,
    reading_ns: u64,
) -> Option<Gap> {
    let missing = |process: &ProcessRate| process.unattributed_ns(window, ticks, reading_ns);
    let missing_ns: u64 = processes.watched.iter().filter_map(missing).fold(0, u64::saturating_add);
    let cpus = missing_ns as f64 / window.span_ns().max(1) as f64;
    (cpus >= 0.02).then(|| {
        let exact = processes.watched.iter().all(|process| process.exact);
        let (about, estimated) = if exact { ("", "") } else { ("about ", "estimated: ") };
        let why = format!("{estimated}the process's own clock ran on, but they lived and died between two samples");
        Gap::new(format!("short-lived threads: {about}{cpus:.2} CPUs not attributed"), why)
    })
}

/// The command in one line, without the blanks that a process leaves behind that wrote its own title over it; the kernel's name in
/// brackets where there is none, as ps(1) has it.
pub(crate) fn command_line(fact: &ProcessFact) -> String {
    if fact.command.is_empty() {
        return format!("[{}]", fact.comm);
    }
    let line = fact.command.iter().map(|argument| argument.as_str()).collect::<Vec<_>>().join(" ");
    line.trim_end().to_owned()
}
