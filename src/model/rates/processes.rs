//! The processes of a target, followed from sample to sample: what each used, its dead threads included, and how much of
//! that no thread seen accounts for.

use crate::data::sample::{CounterSource, ProcessFact, ProcessSample};
use crate::data::scene::{Demand, ProcessState};
use crate::data::{CpuSet, Gap, ProcessKey};
use crate::model::rates::groups::LEAST_ENDED;
use crate::model::rates::load::{Load, TickLength};
use crate::model::rates::threads::{EndedThreads, ThreadRates, Tick};
use crate::model::rates::window::{Remembered, Window};

/// utime and stime are cut to whole ticks, at both ends of the window.
const CUT_TICKS: u64 = 4;
/// A thread that runs is counted anew at each of the scheduler's ticks (100 a second at least), its process's clock when it is read.
const STALE_NS: u64 = 10_000_000;

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
    /// What the clock said when it was first read, and what its threads had run by then; none before.
    first_clock_ns: u64,
    first_met_ns: Option<u64>,
    /// Time on it that went to threads that are gone.
    ended_ns: Remembered<u64>,
    recorded: UnseenRecords,
}

/// Exit records of threads that no look saw: those of all, less the threads that were watched and ended.
#[derive(Clone, Debug, Default)]
struct UnseenRecords {
    /// What of that was counted: threads, and nanoseconds that they ran and were runnable. None before the first look.
    counted: Option<[i128; 3]>,
    /// What they ran that was not on the process's clock yet when that was read.
    ahead_ns: u64,
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
        before.iter().for_each(|gone| gone.threads.leave(tick.groups));
        sum
    }

    /// In the order of the sample.
    pub fn watched(&self) -> &[ProcessRate] {
        &self.watched
    }

    /// The same, to tell their threads where their rows stand.
    pub fn watched_mut(&mut self) -> &mut [ProcessRate] {
        &mut self.watched
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
            first_clock_ns: if born { 0 } else { clock_ns },
            first_met_ns: None,
            ended_ns: Remembered::new(0),
            recorded: UnseenRecords { counted: born.then_some([0; 3]), ahead_ns: 0 },
        }
    }

    fn update(&mut self, sample: &ProcessSample, lives: bool, tick: &mut Tick) -> Load {
        let mut used = self.threads.update(sample, lives, tick);
        self.load.now.add(used);
        let met_ns = self.threads.met_late_ns();
        self.first_met_ns.get_or_insert(met_ns);
        // The clock of one that is gone can't be read any more: what it said last stands.
        if !(self.exact && sample.ended) {
            self.exact &= sample.clock.is_some();
            self.clock_ns.now = self.clock_ns.now.max(clock_ns(sample, tick.ticks));
        }
        self.clock_ns.mark(tick.window);
        used.add(self.count_ended(sample, tick));
        self.ended_ns.mark(tick.window);
        self.load.mark(tick.window);
        used
    }

    /// Counts threads that ended between two looks: what their records say, and what is on the clock beyond that.
    fn count_ended(&mut self, sample: &ProcessSample, tick: &mut Tick) -> Load {
        let watched = self.threads.ended();
        let (threads, recorded) = self.recorded.newly(sample, watched, tick);
        let on_clock_ns = if self.exact { self.ran_ns().saturating_sub(self.known_ns()) } else { u64::MAX };
        let run_ns = self.recorded.on_clock(recorded.run_ns, on_clock_ns);
        let waited_ns = recorded.runnable_ns.saturating_sub(recorded.run_ns);
        let mut ended = Load { run_ns, runnable_ns: run_ns.saturating_add(waited_ns), slices: 0 };
        self.load.now.add(ended);
        let beyond_ns = self.newly_ended_ns(sample, tick);
        let beyond = Load { run_ns: beyond_ns, runnable_ns: beyond_ns, slices: 0 };
        self.load.now.add(beyond);
        ended.add(beyond);
        self.ended_ns.now = self.ended_ns.now.saturating_add(ended.run_ns);
        if ended != Load::default() || threads > 0 {
            let uncounted_ns = (!tick.has_records).then_some(tick.window.now_ns());
            tick.groups.count_ended(threads, ended, uncounted_ns, tick.families);
        }
        ended
    }

    /// What the process ran on its own clock since that was first read.
    fn ran_ns(&self) -> u64 {
        self.clock_ns.now.saturating_sub(self.first_clock_ns)
    }

    /// What of that is counted already.
    fn known_ns(&self) -> u64 {
        let met_late_ns = self.threads.met_late_ns().saturating_sub(self.first_met_ns.unwrap_or(0));
        self.load.now.run_ns.saturating_add(met_late_ns)
    }

    /// Time on the process's own clock that neither threads seen account for nor what was counted before; what may be inaccuracy
    /// left out: threads that were not read, those met late, and the time it took to read one after the other. What is left out
    /// of one look is in the next.
    fn newly_ended_ns(&self, sample: &ProcessSample, tick: &Tick) -> u64 {
        let Some(clock) = sample.clock.filter(|_| self.exact && tick.source == CounterSource::Schedstat) else {
            return 0;
        };
        let at_once = self.clock_ns.over(tick.window).div_ceil(tick.window.span_ns().max(1)).saturating_add(1);
        let each_ns = tick.reading_ns.saturating_add(STALE_NS);
        let doubt_ns = clock.unread_ns.saturating_add(each_ns.saturating_mul(at_once));
        self.ran_ns().saturating_sub(self.known_ns().saturating_add(doubt_ns))
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
            cpus_allowed: sample.fact.cpus_allowed.as_ref().map(CpuSet::count),
        }
    }

    fn demand(&self, window: &Window) -> Option<Demand> {
        self.load.over(window).demand(window.span_ns())
    }

    /// Time that no thread seen accounts for: to the nanosecond where the clock says it; from clock ticks, where it is clearly more
    /// than they may be off by.
    fn unattributed_ns(&self, window: &Window, ticks: TickLength) -> u64 {
        if self.exact {
            return self.ended_ns.over(window);
        }
        let seen_ns = self.load.over(window).run_ns;
        let doubt_ns = ticks.ns(CUT_TICKS).saturating_add(seen_ns / 20);
        let missing_ns = self.clock_ns.over(window).saturating_sub(seen_ns);
        if missing_ns > doubt_ns { missing_ns } else { 0 }
    }
}

impl UnseenRecords {
    /// What is new among them: threads, and what they ran and waited. Nothing where one of their records may be missing: the clock
    /// has what they ran.
    fn newly(&mut self, sample: &ProcessSample, watched: EndedThreads, tick: &Tick) -> (u64, Load) {
        let all = EndedThreads { threads: sample.exits.threads, counters: Load::of(sample.exits.counters) };
        let numbers = |it: EndedThreads| [it.threads, it.counters.run_ns, it.counters.runnable_ns].map(i128::from);
        let (all, watched) = (numbers(all), numbers(watched));
        let unseen: [i128; 3] = std::array::from_fn(|at| all[at] - watched[at]);
        let known = tick.has_records && tick.source == CounterSource::Schedstat;
        let counted = self.counted.filter(|_| known).unwrap_or(unseen);
        self.counted = Some(std::array::from_fn(|at| counted[at].max(unseen[at])));
        let [threads, run_ns, runnable_ns] =
            std::array::from_fn(|at| u64::try_from(unseen[at] - counted[at]).unwrap_or(0));
        (threads, Load { run_ns, runnable_ns, slices: 0 })
    }

    /// What of the time that they ran is on the clock, which was read a moment before the records: the rest is at the next look.
    fn on_clock(&mut self, newly_ns: u64, on_clock_ns: u64) -> u64 {
        let due_ns = newly_ns.saturating_add(self.ahead_ns);
        let run_ns = due_ns.min(on_clock_ns);
        self.ahead_ns = (due_ns - run_ns).min(newly_ns);
        run_ns
    }
}

/// The CPU time of a process, as exact as it is known.
fn clock_ns(sample: &ProcessSample, ticks: TickLength) -> u64 {
    sample.clock.map_or_else(|| ticks.ns(sample.cpu_ticks), |clock| clock.cpu_ns)
}

/// What went to threads that lived and died between two samples; none where nothing clearly did. `unrecorded` is why there is no
/// exit record of each, within the window.
pub(crate) fn short_lived(
    processes: &ProcessRates,
    window: &Window,
    ticks: TickLength,
    unrecorded: Option<&str>,
) -> Option<Gap> {
    let missing = |process: &ProcessRate| process.unattributed_ns(window, ticks);
    let missing_ns = processes.watched.iter().map(missing).fold(0, u64::saturating_add);
    let cpus = missing_ns as f64 / window.span_ns().max(1) as f64;
    let exact = processes.watched.iter().all(|process| process.exact);
    (cpus >= LEAST_ENDED).then(|| match (unrecorded, exact) {
        (None, true) => Gap::new(
            format!("origins of threads that used {cpus:.2} CPUs"),
            "they ended between two looks: their exit records say what they ran and waited, and not where they came from",
        ),
        (Some(why), true) => Gap::new(
            format!("origins and waiting of threads that used {cpus:.2} CPUs"),
            format!("they ended between two looks: only the process's own clock counted them; {why}"),
        ),
        (_, false) => Gap::new(
            format!("short-lived threads: about {cpus:.2} CPUs not attributed"),
            "estimated: the process's own clock ran on, but they lived and died between two samples",
        ),
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
