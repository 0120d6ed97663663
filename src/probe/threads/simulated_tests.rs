//! A process that exists only as files and a clock: its threads are born, sleep, run in bursts, end and are reused, their counters
//! jump, and it calls exec. What the sampler reads of it and what the model makes of that is compared with what is true, and with
//! sums made of every counter at every tick.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::tests::{look, means};
use super::*;
use crate::data::ProcessKey;
use crate::data::origin;
use crate::data::sample::{HostFact, ProcessFact, ProcessSample, Sample};
use crate::data::scene::{Group, GroupKey, Scene};
use crate::model::build_scene::Model;
use crate::model::origin::families::Families;
use crate::model::rates::window::{Remembered, Window};
use crate::probe::fake::{FakeProc, StatLine};

/// Between two looks.
const TICK_NS: u64 = 250_000_000;
/// One of 100 a second.
const CLOCK_TICK_NS: u64 = 10_000_000;
/// The first look.
const BEGIN_NS: u64 = 1_000 * TICK_NS;
/// What the model takes for doubt of what threads that it never saw ran: two threads at once, each counted one clock tick late.
const DOUBT_NS: u64 = 2 * CLOCK_TICK_NS;
/// The main thread: it runs whenever the clock is read.
const MAIN: u32 = 10;

/// The process. Copies are the same one.
#[derive(Clone)]
struct Simulated {
    fake: Arc<FakeProc>,
    living: Arc<Mutex<BTreeMap<u32, Living>>>,
    /// What ran and is in no counter of a thread that lives.
    elsewhere_ns: Arc<AtomicU64>,
}

#[derive(Clone, Copy)]
struct Living {
    start_ticks: u64,
    counter_ns: u64,
}

impl Simulated {
    fn new(threads: u32) -> Self {
        let fake = FakeProc::new();
        fake.process(MAIN, StatLine::default());
        let process = Self { fake: fake.into(), living: Arc::default(), elsewhere_ns: Arc::default() };
        (MAIN..MAIN + threads).for_each(|tid| process.born(tid, 100));
        process
    }

    fn born(&self, tid: u32, start_ticks: u64) {
        self.living.lock().unwrap().insert(tid, Living { start_ticks, counter_ns: 0 });
        self.runs(tid, 1);
    }

    fn runs(&self, tid: u32, ns: u64) {
        let mut living = self.living.lock().unwrap();
        let thread = living.get_mut(&tid).unwrap();
        thread.counter_ns += ns;
        let line = StatLine { start_ticks: thread.start_ticks, ..StatLine::default() };
        self.fake.thread(MAIN, tid, line, Some(&format!("{} 0 1\n", thread.counter_ns)));
    }

    /// Its counter goes back; the process's clock does not.
    fn jumps(&self, tid: u32) {
        let mut living = self.living.lock().unwrap();
        let lost_ns = living.get_mut(&tid).map(|thread| std::mem::take(&mut thread.counter_ns)).unwrap();
        self.elsewhere_ns.fetch_add(lost_ns, Ordering::Relaxed);
        drop(living);
        self.runs(tid, 1);
    }

    fn ends(&self, tid: u32) {
        let ended = self.living.lock().unwrap().remove(&tid).unwrap();
        self.elsewhere_ns.fetch_add(ended.counter_ns, Ordering::Relaxed);
        self.fake.remove(&format!("{MAIN}/task/{tid}"));
    }

    /// Another program: only the main thread is left.
    fn executes(&self) {
        self.tids().into_iter().filter(|&tid| tid != MAIN).for_each(|tid| self.ends(tid));
    }

    fn tids(&self) -> Vec<u32> {
        self.living.lock().unwrap().keys().copied().collect()
    }

    fn cpu_ns(&self) -> u64 {
        let living: u64 = self.living.lock().unwrap().values().map(|thread| thread.counter_ns).sum();
        living + self.elsewhere_ns.load(Ordering::Relaxed)
    }

    /// A reader of it; `busy` runs for a microsecond whenever the clock is read.
    fn watched(&self, busy: u32) -> ThreadReader {
        let process = self.clone();
        let clock = ProcessClock::fake(move || {
            process.runs(busy, 1000);
            Some(process.cpu_ns())
        });
        ThreadReader::new(Pid(MAIN), ProcDir::open(&self.fake.root().join("10/task")).unwrap(), Some(clock))
    }
}

/// The sums of every counter at every tick, as they follow from what was read: what the model has to say, however little of it
/// it looks at.
#[derive(Default)]
struct Expected {
    window: Window,
    threads: HashMap<ThreadKey, Sum>,
    total_ns: u64,
    /// What threads had run that were found only at a later look than the first after their birth.
    met_late_ns: u64,
}

struct Sum {
    read_ns: u64,
    ran_ns: Remembered<u64>,
    rated: bool,
}

impl Expected {
    fn add(&mut self, at_ns: u64, facts: &SharedList<ThreadFact>) {
        let before_ns = self.window.begun().then_some(self.window.now_ns());
        self.window.advance(at_ns);
        self.threads.retain(|key, _| facts.iter().any(|fact| fact.key == *key));
        for fact in facts {
            let read_ns = fact.counters.run_ns;
            let born = before_ns.is_some_and(|before_ns| (fact.key.start_ticks + 1) * CLOCK_TICK_NS > before_ns);
            let known = self.threads.contains_key(&fact.key);
            let sum = self.threads.entry(fact.key).or_insert_with(|| Sum {
                read_ns: if born { 0 } else { read_ns },
                ran_ns: Remembered::new(0),
                rated: born,
            });
            if !known && !born && before_ns.is_some() {
                self.met_late_ns += read_ns;
            }
            let used_ns = read_ns.checked_sub(sum.read_ns);
            (sum.read_ns, sum.rated) = (read_ns, used_ns.is_some() && (known || born));
            sum.ran_ns.now += used_ns.unwrap_or(0);
            self.total_ns += used_ns.unwrap_or(0);
            sum.ran_ns.mark(&self.window);
        }
    }

    /// CPUs each thread got over the window; none where it was read only once.
    fn got(&self, key: ThreadKey) -> Option<f64> {
        let sum = &self.threads[&key];
        let span_ns = self.window.span_ns();
        (sum.rated && span_ns > 0).then(|| sum.ran_ns.over(&self.window) as f64 / span_ns as f64)
    }
}

/// What each group used, as it was shown last: one without threads is shown no more.
#[derive(Default)]
struct Shown(HashMap<GroupKey, u64>);

impl Shown {
    fn add(&mut self, scene: &Scene) {
        let used_ns = |group: &Group| (group.total_run_s * 1e9).round() as u64;
        self.0.extend(scene.groups.iter().map(|group| (group.key.clone(), used_ns(group))));
    }

    /// In nanoseconds: of all threads that were seen, and with it what only the clock counted.
    fn totals_ns(&self) -> (u64, u64) {
        let seen = self.0.iter().filter(|(key, _)| *key.origin != *origin::ENDED);
        (seen.map(|(_, ns)| ns).sum(), self.0.values().sum())
    }
}

#[test]
fn threads_that_sleep_are_not_read_and_one_that_wakes_is_seen_at_once() {
    let process = Simulated::new(40);
    let (mut threads, mut means) = (process.watched(12), means(99));
    for _ in 0..12 {
        look(&mut threads, 40, &mut means);
    }
    assert_eq!(threads.clock().unwrap().unread_threads, 39);
    process.runs(30, 40_000_000);
    look(&mut threads, 40, &mut means);
    assert_eq!(threads.clock().unwrap().unread_threads, 0);
    assert!(threads.facts().iter().any(|fact| fact.counters.run_ns == 40_000_001));
    look(&mut threads, 40, &mut means);
    assert_eq!(threads.clock().unwrap().unread_threads, 38);
    let read = means.reader.bytes;
    look(&mut threads, 40, &mut means);
    assert!(means.reader.bytes - read < 1000, "two of forty were read");
}

#[test]
fn what_was_not_read_is_the_same_piece_of_the_next_sample() {
    let process = Simulated::new(100);
    let (mut threads, mut means) = (process.watched(MAIN), means(200));
    for _ in 0..12 {
        look(&mut threads, 100, &mut means);
    }
    let before = threads.facts().clone();
    process.runs(MAIN + 70, 40_000_000);
    look(&mut threads, 100, &mut means);
    let same: Vec<bool> =
        before.pieces().iter().zip(threads.facts().pieces()).map(|(a, b)| Arc::ptr_eq(a, b)).collect();
    assert_eq!(same, [false, true, false, true], "the main thread ran, and the one that woke");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever runs, is born and ends: no more than the bound stays unread, nobody stays unread for longer than it takes until
    /// everybody is read, and the totals are those of the counters and of the clock.
    #[test]
    fn what_is_shown_is_what_ran(
        ticks in proptest::collection::vec(proptest::collection::vec((0..40_u8, 0..70_u32, 0..900_000_u64), 0..4), 1..70),
    ) {
        let process = Simulated::new(60);
        let (mut threads, mut means) = (process.watched(MAIN), means(200));
        let (mut next, mut waited) = (1_000, HashMap::new());
        let (mut model, mut expected) = (Model::new(Families::builtin()), Expected::default());
        let key = ProcessKey { pid: Pid(MAIN), start_ticks: 100 };
        let mut fact = Arc::new(ProcessFact { key, comm: "python".into(), ..ProcessFact::default() });
        let (mut shown, mut first_clock_ns) = (Shown::default(), None);
        for (tick, happens) in (0..).zip(ticks) {
            let at_ns = BEGIN_NS + tick * TICK_NS;
            for (what, which, ns) in happens {
                let tids = process.tids();
                let chosen = tids[which as usize % tids.len()];
                match what {
                    0..8 => {
                        // Numbers are used again.
                        let tid = if process.tids().contains(&(MAIN + which)) { next } else { MAIN + which };
                        process.born(tid, (at_ns - TICK_NS / 2) / CLOCK_TICK_NS);
                        next += 1;
                    }
                    8..15 if chosen != MAIN => {
                        process.ends(chosen);
                        // The kernel fails the next read of one that ended; a file that was removed can be read on.
                        threads.incomplete = true;
                    }
                    15..18 => process.jumps(chosen),
                    18 => {
                        process.executes();
                        threads.close(&mut means);
                        threads = process.watched(MAIN);
                        threads.refresh(&mut means);
                        fact = Arc::new(ProcessFact { comm: format!("program {tick}").as_str().into(), ..(*fact).clone() });
                    }
                    _ => process.runs(chosen, ns),
                }
            }
            look(&mut threads, process.tids().len() as u64, &mut means);

            let clock = threads.clock().unwrap();
            prop_assert!(clock.unread_ns <= means.most_unread_ns);
            let mut missing_ns = 0;
            for fact in threads.facts() {
                let (tid, said_ns) = (fact.key.tid.0, fact.counters.run_ns);
                let Some(truth) = process.living.lock().unwrap().get(&tid).copied() else { continue };
                // The main thread has run on since. A counter that jumped says less than before until it is read.
                if tid != MAIN && truth.start_ticks == fact.key.start_ticks {
                    missing_ns += truth.counter_ns.saturating_sub(said_ns);
                    let waits = waited.entry(fact.key).or_insert(0_u8);
                    *waits = if truth.counter_ns == said_ns { 0 } else { *waits + 1 };
                    prop_assert!(*waits <= ALL_READ, "{tid} is read at least every so many ticks");
                }
            }
            prop_assert!(missing_ns <= clock.unread_ns, "{missing_ns} ns are unread, {} are said", clock.unread_ns);

            let sample = ProcessSample {
                fact: Arc::clone(&fact),
                clock: Some(clock),
                threads: threads.facts().clone(),
                ..ProcessSample::default()
            };
            let host = Arc::new(HostFact { ticks_per_second: 100, ..HostFact::default() });
            let sample = Sample { at_ns, host, interval_ns: TICK_NS, processes: vec![sample], ..Sample::default() };
            let scene = model.next(Arc::new(sample));

            expected.add(at_ns, threads.facts());
            prop_assert_eq!(scene.threads.len(), threads.facts().len());
            for thread in &scene.threads {
                prop_assert_eq!(thread.demand.map(|demand| demand.got), expected.got(thread.key), "{}", thread.key.tid);
            }
            let counted: u32 = scene.groups.iter().map(|group| group.threads).sum();
            prop_assert_eq!(counted as usize, threads.facts().len());
            shown.add(&scene);
            let (seen_ns, shown_ns) = shown.totals_ns();
            prop_assert_eq!(seen_ns, expected.total_ns);
            let ran_ns = clock.cpu_ns - *first_clock_ns.get_or_insert(clock.cpu_ns);
            prop_assert!(shown_ns <= ran_ns, "{shown_ns} ns are shown, {ran_ns} ran");
            let known_ns = shown_ns + expected.met_late_ns + clock.unread_ns + DOUBT_NS;
            prop_assert!(ran_ns <= known_ns, "of {ran_ns} ns only {known_ns} are known");
        }
    }
}
