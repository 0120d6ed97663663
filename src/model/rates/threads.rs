//! The threads of one process, followed from sample to sample by their keys: what each used since it was first seen, and
//! where it comes from. A thread that ended is simply no longer there; what it used stays with its group and process.

use std::sync::Arc;

use crate::data::sample::{
    CounterSource, Counters, Identity, NameSource, ProcessFact, ProcessSample, TargetName, ThreadFact, ThreadState,
};
use crate::data::scene::{Attribution, Thread};
use crate::data::{CpuSet, Pid, SharedList, Text, ThreadKey};
use crate::model::origin::attribute::{Surroundings, attribute};
use crate::model::origin::families::Families;
use crate::model::origin::library_copy::mapped_path;
use crate::model::rates::cpus::CpuRates;
use crate::model::rates::groups::GroupRates;
use crate::model::rates::load::{Load, TickLength, first_reading};
use crate::model::rates::window::{Remembered, Window};

/// Identities attributed lately are remembered: pools make many threads of the same kind.
const MOST_REMEMBERED: usize = 64;
/// Names remembered because they change what is thought of other threads.
const MOST_COMPANIONS: usize = 8;

/// Threads of one process, by rising key. Of those that neither ran within the window nor were read, nothing is computed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThreadRates {
    watched: Vec<ThreadRate>,
    /// As of the last sample: a piece that is the same in the next one holds nothing new.
    facts: SharedList<ThreadFact>,
    /// Whether those stand in the order of `watched`.
    in_order: bool,
    /// Places of the threads that are not settled.
    unsettled: Vec<usize>,
    /// Places of the threads that are shown otherwise than at the tick before.
    changed: Vec<usize>,
    origins: Origins,
    /// What threads had run that were older than the look before when they were first seen: nobody knows when.
    met_late_ns: u64,
    /// Threads that ended of those that were watched, all together: how many, and their last counters.
    ended: EndedThreads,
}

/// One thread.
#[derive(Clone, Debug)]
pub(crate) struct ThreadRate {
    pub key: ThreadKey,
    pub group: usize,
    /// Where it stands among its group's rows.
    pub row: usize,
    attribution: Arc<Attribution>,
    identity: Arc<Identity>,
    latest: LatestReading,
    /// Its counters as last read.
    read: Load,
    load: Remembered<Load>,
    /// Whether the newest reading could be compared with an earlier one, or with birth.
    rated: bool,
    /// Whether it would be shown as it was at the next tick, too, unless something new is read of it: it did not run within the
    /// window.
    settled: bool,
    /// Its exit record came: it is among those that ended, and may be in /proc a little longer.
    ended: bool,
}

/// Threads that ended while they were watched, all together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EndedThreads {
    /// How many.
    pub threads: u64,
    /// Their counters as last known.
    pub counters: Load,
}

/// What is shown as it was read.
#[derive(Clone, Debug)]
struct LatestReading {
    state: ThreadState,
    last_cpu: Option<u32>,
    affinity: Option<Arc<CpuSet>>,
}

/// What all threads of one tick have in common.
#[derive(Debug)]
pub(crate) struct Tick<'a> {
    pub families: &'a Families,
    pub groups: &'a mut GroupRates,
    pub cpus: &'a mut CpuRates,
    pub window: &'a Window,
    pub source: CounterSource,
    pub ticks: TickLength,
    /// The instant of the sample before; none at the first.
    pub before_ns: Option<u64>,
    /// How long it took to read all counters, one after the other.
    pub reading_ns: u64,
    /// Whether there is a record of every thread that ended since the sample before.
    pub has_records: bool,
}

impl ThreadRates {
    /// Follows the process's threads to the next sample. Returns what they used in between.
    pub fn update(&mut self, sample: &ProcessSample, lives: bool, tick: &mut Tick) -> Load {
        let none = SharedList::default();
        let facts = if lives { &sample.threads } else { &none };
        self.origins.begin_tick(&sample.fact);
        let mut sum = match self.to_look_at(facts, tick.source) {
            Some(places) => self.look_at(&places, facts, tick),
            None => self.follow(facts, tick, &sample.ended_threads),
        };
        self.facts = facts.clone();
        // Their records came before they left /proc.
        for (key, counters) in &sample.ended_threads {
            if let Ok(at) = self.watched.binary_search_by_key(key, |thread| thread.key) {
                sum.add(self.ended.add(&mut self.watched[at], Some(*counters), tick));
                insert(&mut self.changed, at);
                insert(&mut self.unsettled, at);
            }
        }
        sum
    }

    /// Places of the threads of which something new was read, or that are not settled; none where the threads are not those of
    /// the sample before.
    fn to_look_at(&self, facts: &SharedList<ThreadFact>, source: CounterSource) -> Option<Vec<usize>> {
        if facts.len() != self.watched.len() {
            return None;
        }
        // A thread in state R counts at every tick where only clock ticks are read.
        let all = !self.in_order || self.origins.seeking_anew || source == CounterSource::StatTicks;
        let (mut places, mut unsettled) = (Vec::new(), self.unsettled.iter().copied().peekable());
        let (mut begin, mut begun_before) = (0, 0);
        let mut before = self.facts.pieces().iter();
        for piece in facts.pieces() {
            let (end, known) = (begin + piece.len(), before.next());
            let same = !all && begin == begun_before && known.is_some_and(|known| Arc::ptr_eq(known, piece));
            while let Some(place) = unsettled.next_if(|&place| place < end) {
                places.extend(same.then_some(place));
            }
            if !same {
                let watched = self.watched.get(begin..end)?;
                if !watched.iter().zip(piece.iter()).all(|(thread, fact)| thread.key == fact.key) {
                    return None;
                }
                places.extend(begin..end);
            }
            begun_before += known.map_or(0, |known| known.len());
            begin = end;
        }
        Some(places)
    }

    /// Follows the threads at these places, which rise; the others did nothing and are shown as they were.
    fn look_at(&mut self, places: &[usize], facts: &SharedList<ThreadFact>, tick: &mut Tick) -> Load {
        self.unsettled.clear();
        self.changed.clear();
        let mut sum = Load::default();
        for &place in places {
            let (thread, fact) = (&mut self.watched[place], &facts[place]);
            thread.rated = true;
            let was_settled = thread.settled;
            let (used, news) = thread.update(fact, &mut self.origins, tick);
            sum.add(used);
            if news || !was_settled || !thread.settled {
                self.changed.push(place);
            }
            if !thread.settled {
                self.unsettled.push(place);
            }
        }
        sum
    }

    /// Follows the threads where some came or ended. Returns what they used in between.
    fn follow(&mut self, list: &SharedList<ThreadFact>, tick: &mut Tick, records: &[(ThreadKey, Counters)]) -> Load {
        let mut sum = Load::default();
        let mut facts: Vec<&ThreadFact> = list.iter().collect();
        facts.sort_by_key(|fact| fact.key);
        facts.dedup_by_key(|fact| fact.key);
        self.in_order = facts.len() == list.len() && facts.iter().zip(list).all(|(a, b)| a.key == b.key);
        self.unsettled.clear();
        self.changed.clear();
        let mut before = std::mem::take(&mut self.watched).into_iter().peekable();
        self.watched.reserve_exact(facts.len());
        let mut gone = Vec::new();
        for fact in facts {
            while let Some(ended) = before.next_if(|thread| thread.key < fact.key) {
                gone.push(ended);
            }
            let known = before.next_if(|thread| thread.key == fact.key);
            let is_new = known.is_none();
            let mut thread = match known {
                Some(thread) => ThreadRate { rated: true, ..thread },
                None => ThreadRate::new(fact, &mut self.origins, tick),
            };
            // One that was older when it was first seen is rated from the next reading on, and was not born while watched.
            let born = is_new && thread.rated;
            if is_new && !born {
                self.met_late_ns = self.met_late_ns.saturating_add(thread.read.run_ns);
            }
            let was_settled = thread.settled;
            let (used, news) = thread.update(fact, &mut self.origins, tick);
            sum.add(used);
            if born {
                tick.groups.count_birth(thread.group);
            }
            if news || !was_settled || !thread.settled {
                self.changed.push(self.watched.len());
            }
            if !thread.settled {
                self.unsettled.push(self.watched.len());
            }
            self.watched.push(thread);
        }
        gone.extend(before);
        for mut thread in gone {
            tick.groups.count_death(thread.group);
            let record = records.binary_search_by_key(&thread.key, |(key, _)| *key).ok();
            sum.add(self.ended.add(&mut thread, record.map(|at| records[at].1), tick));
        }
        sum
    }

    /// Threads that were watched and ended, all together since the first look.
    pub fn ended(&self) -> EndedThreads {
        self.ended
    }

    /// The process is gone without a word: its threads are in no group any more.
    pub fn leave(&self, groups: &mut GroupRates) {
        self.watched.iter().for_each(|thread| groups.leave(thread.group));
    }

    /// The threads that are shown otherwise than at the tick before.
    pub fn changed(&self) -> impl Iterator<Item = &ThreadRate> {
        self.changed.iter().filter_map(|&place| self.watched.get(place))
    }

    /// The threads, by rising key, to be told where their rows stand.
    pub fn watched_mut(&mut self) -> &mut [ThreadRate] {
        &mut self.watched
    }

    /// The threads, by rising key.
    pub fn watched(&self) -> &[ThreadRate] {
        &self.watched
    }

    /// What threads had run, all together, when they were first seen and not born since the look before; in nanoseconds.
    pub fn met_late_ns(&self) -> u64 {
        self.met_late_ns
    }
}

impl EndedThreads {
    /// One more, once: with the counters of its exit record, or as it was last read. Returns what it used since then.
    fn add(&mut self, thread: &mut ThreadRate, record: Option<Counters>, tick: &mut Tick) -> Load {
        if std::mem::replace(&mut thread.ended, true) {
            return Load::default();
        }
        let used = record.map_or_else(Load::default, |last| thread.use_last(last, tick));
        self.threads = self.threads.saturating_add(1);
        self.counters.add(thread.read);
        used
    }
}

impl ThreadRate {
    fn new(fact: &ThreadFact, origins: &mut Origins, tick: &mut Tick) -> Self {
        let (attribution, group) = origins.find(&fact.identity, tick);
        let read = Load::read(fact, tick.source, tick.ticks);
        let first = first_reading(fact.key, read, tick.before_ns, tick.ticks);
        tick.groups.enter(group);
        Self {
            key: fact.key,
            group,
            row: 0,
            attribution,
            identity: Arc::clone(&fact.identity),
            latest: LatestReading { state: fact.state, last_cpu: fact.last_cpu, affinity: fact.affinity.clone() },
            read: first,
            load: Remembered::new(Load::default()),
            // Birth is as good as an earlier reading; a first look at an older thread compares with nothing.
            ended: false,
            rated: tick.before_ns.is_some_and(|before_ns| tick.ticks.started_after(fact.key.start_ticks, before_ns)),
            settled: false,
        }
    }

    /// Follows it to the next sample. Returns what it used in between, and whether it is another otherwise than by that.
    fn update(&mut self, fact: &ThreadFact, origins: &mut Origins, tick: &mut Tick) -> (Load, bool) {
        let mut news = self.latest.update(fact);
        if origins.seeking_anew || !Arc::ptr_eq(&self.identity, &fact.identity) {
            let (attribution, group) = origins.find(&fact.identity, tick);
            tick.groups.leave(self.group);
            tick.groups.enter(group);
            (self.attribution, self.group) = (attribution, group);
            self.identity = Arc::clone(&fact.identity);
            news = true;
        }
        let used = self.used(fact, tick);
        self.load.catch_up(tick.window);
        self.load.now.add(used);
        self.load.mark(tick.window);
        let ran = used.run_ns > 0 || used.slices > 0 || used.runnable_ns > 0;
        if ran {
            tick.groups.count(self.group, used, tick.window.tick_ns());
            tick.cpus.count(fact.last_cpu, used.run_ns);
        }
        self.settled = self.rated && self.load.over(tick.window) == Load::default();
        (used, news)
    }

    /// What it used between its last reading and its end; nothing where the record is not of the same counters.
    fn use_last(&mut self, last: Counters, tick: &mut Tick) -> Load {
        let last = Load::of(last);
        let Some(used) = last.checked_since(self.read).filter(|_| tick.source == CounterSource::Schedstat) else {
            return Load::default();
        };
        self.read = last;
        self.load.catch_up(tick.window);
        self.load.mark(tick.window);
        self.load.now.add(used);
        self.settled = false;
        tick.groups.count_last(self.group, used);
        tick.cpus.count(self.latest.last_cpu, used.run_ns);
        used
    }

    /// What the counters say it used since they were last read. Counters that went back are new counters.
    fn used(&mut self, fact: &ThreadFact, tick: &Tick) -> Load {
        let read = Load::read(fact, tick.source, tick.ticks);
        let used = read.checked_since(self.read).filter(|_| self.rated);
        self.read = read;
        self.rated = used.is_some();
        used.map_or_else(Load::default, |used| used.with_state_seen(tick.source, fact.state, tick.window.tick_ns()))
    }

    /// The thread as it is shown; `group` is its group's place in the scene.
    pub fn scene(&self, pid: Pid, group: usize, window: &Window, source: CounterSource) -> Thread {
        let load = self.load.over(window);
        let span_ns = window.span_ns();
        let slices_known = self.rated && span_ns > 0 && source == CounterSource::Schedstat;
        Thread {
            key: self.key,
            pid,
            group,
            identity: Arc::clone(&self.identity),
            attribution: Arc::clone(&self.attribution),
            state: self.latest.state,
            last_cpu: self.latest.last_cpu,
            affinity: self.latest.affinity.clone(),
            demand: if self.rated { load.demand(span_ns) } else { None },
            slices_per_s: slices_known.then(|| load.slices as f64 * 1e9 / span_ns as f64),
        }
    }
}

impl LatestReading {
    /// Says whether anything is new.
    fn update(&mut self, fact: &ThreadFact) -> bool {
        let mut news = self.state != fact.state || self.last_cpu != fact.last_cpu;
        (self.state, self.last_cpu) = (fact.state, fact.last_cpu);
        let same = match (&self.affinity, &fact.affinity) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        if !same {
            self.affinity = fact.affinity.clone();
            news = true;
        }
        news
    }
}

/// Puts a place among others, which rise, unless it is there.
fn insert(places: &mut Vec<usize>, place: usize) {
    if let Err(at) = places.binary_search(&place) {
        places.insert(at, place);
    }
}

/// Origins found lately in one process, so that a thread of a kind just seen costs no search.
#[derive(Clone, Debug, Default)]
struct Origins {
    process: Arc<ProcessFact>,
    /// Whether no code but the executable's is mapped.
    is_static: bool,
    companions: Vec<Text>,
    known: Vec<(Arc<Identity>, Arc<Attribution>, usize)>,
    /// Which one is forgotten next.
    oldest: usize,
    /// Something was learnt that may change origins already found: they are sought anew in the next tick.
    learnt: bool,
    seeking_anew: bool,
}

impl Origins {
    /// A tick begins. What was found holds for one program of the process: exec changes it.
    fn begin_tick(&mut self, process: &Arc<ProcessFact>) {
        self.seeking_anew = std::mem::take(&mut self.learnt);
        if !Arc::ptr_eq(&self.process, process) {
            let same = self.process.comm == process.comm && self.process.exe == process.exe;
            if !same {
                self.companions.clear();
            }
            let is_static = is_static(process);
            self.seeking_anew |= !same || self.is_static != is_static;
            (self.process, self.is_static) = (Arc::clone(process), is_static);
        }
        if self.seeking_anew {
            self.known.clear();
        }
    }

    fn find(&mut self, identity: &Arc<Identity>, tick: &mut Tick) -> (Arc<Attribution>, usize) {
        if let Some((_, attribution, group)) = self.known.iter().find(|(known, ..)| known == identity) {
            return (Arc::clone(attribution), *group);
        }
        self.learn(identity, tick.families);
        let around = Surroundings {
            process_comm: &self.process.comm,
            executable: self.process.exe.as_deref(),
            is_static: self.is_static,
            companions: &self.companions,
        };
        let mut attribution = attribute(tick.families, identity, around);
        let group = tick.groups.place(&mut attribution, tick.families);
        let attribution = Arc::new(attribution);
        self.remember((Arc::clone(identity), Arc::clone(&attribution), group));
        (attribution, group)
    }

    fn learn(&mut self, identity: &Identity, families: &Families) {
        let of_tensorflow = identity.target_name.as_ref().filter(|name| name.source != NameSource::Python);
        let Some(TargetName { name, .. }) = of_tensorflow else { return };
        let room = self.companions.len() < MOST_COMPANIONS;
        if room && families.is_companion(name) && !self.companions.contains(name) {
            self.companions.push(name.clone());
            self.learnt = true;
        }
    }

    fn remember(&mut self, found: (Arc<Identity>, Arc<Attribution>, usize)) {
        if self.known.len() < MOST_REMEMBERED {
            self.known.push(found);
        } else {
            self.known[self.oldest] = found;
            self.oldest = (self.oldest + 1) % MOST_REMEMBERED;
        }
    }
}

/// Whether a process maps its executable and no other file with code.
fn is_static(process: &ProcessFact) -> bool {
    let Some(executable) = &process.exe else { return false };
    let own = |path: &str| mapped_path(path) == mapped_path(executable);
    !process.libraries.is_empty() && process.libraries.iter().all(|library| own(&library.path))
}
