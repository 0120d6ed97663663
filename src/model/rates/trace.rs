//! What a trace of the scheduler says of concurrency: how many threads of each group could run at once, and which groups could
//! at the same time. Says nothing of who woke whom: the events don't tell.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::data::sample::{
    SWITCH_COST_NS, Sample, SchedulerChange, SchedulerEvent, ThreadState, TraceSample, TraceState,
};
use crate::data::scene::{
    Concurrency, GroupConcurrency, GroupKey, LaneState, Lanes, Scene, ShortLived, Thread, Together, Trace,
};
use crate::data::{Pid, Tid, origin};
use crate::model::rates::lanes::LaneRates;

/// Seconds of trace that numbers cover, and how long one part of them is at least.
const KEPT_NS: u64 = 60_000_000_000;
const PART_NS: u64 = 1_000_000_000;
/// Groups of which pairs are told apart: as many as one number has bits.
const MOST_PAIRED: usize = 64;
/// Different sets of groups at work at once that one part remembers.
const MOST_SETS: usize = 1_024;
/// Share of the time between two samples from which on a thread ran all of it: counters are a little older than the sample.
const ALL_THE_TIME: f64 = 0.9;
/// Threads that are followed at once.
const MOST_THREADS: usize = 65_536;

/// Follows a trace from sample to sample.
#[derive(Clone, Debug, Default)]
pub(crate) struct TraceRates {
    began_ns: u64,
    /// Everything before it has been counted.
    counted_ns: u64,
    threads: HashMap<Tid, TracedThread>,
    groups: Vec<TracedGroup>,
    parts: VecDeque<Part>,
    running: u32,
    at_once: u32,
    births: u64,
    exits: u64,
    lost: u64,
    lanes: LaneRates,
    sampled: SampledTimes,
    newest: Option<Trace>,
}

/// What threads in state R had run at the last sample.
#[derive(Clone, Debug, Default)]
struct SampledTimes {
    at_ns: u64,
    run_ns: HashMap<Tid, u64>,
}

#[derive(Clone, Debug)]
struct TracedThread {
    state: LaneState,
    since_ns: u64,
    group: usize,
    /// The group of the thread that made it; none where that was before the trace.
    made_by: Option<usize>,
    ran_ns: u64,
}

#[derive(Clone, Debug)]
struct TracedGroup {
    key: GroupKey,
    label: String,
    running: u32,
    at_once: u32,
    /// Threads that no look saw and that this group made, and what they ran.
    short_lived: (u64, u64),
}

/// Time by what was true in it.
#[derive(Clone, Debug, Default)]
struct Part {
    span_ns: u64,
    switches: u64,
    cpu_ns: u64,
    all: Levels,
    groups: Vec<Levels>,
    /// By the groups with threads that could run, one bit each: how long, and how long of it there were more than CPUs.
    sets: HashMap<u64, (u64, u64)>,
}

/// Nanoseconds for which so many threads could run.
#[derive(Clone, Debug, Default)]
struct Levels {
    at_ns: Vec<u64>,
    running_ns: u64,
    preempted_ns: u64,
}

impl Levels {
    fn add(&mut self, at_once: u32, running: u32, span_ns: u64) {
        let level = at_once as usize;
        if self.at_ns.len() <= level {
            self.at_ns.resize(level + 1, 0);
        }
        self.at_ns[level] += span_ns;
        self.running_ns += span_ns * u64::from(running);
        self.preempted_ns += span_ns * u64::from(at_once.saturating_sub(running));
    }

    fn merge(&mut self, other: &Self) {
        if self.at_ns.len() < other.at_ns.len() {
            self.at_ns.resize(other.at_ns.len(), 0);
        }
        self.at_ns.iter_mut().zip(&other.at_ns).for_each(|(sum, at)| *sum += at);
        self.running_ns += other.running_ns;
        self.preempted_ns += other.preempted_ns;
    }

    fn concurrency(&self, span_ns: u64) -> Concurrency {
        let share = |ns: u64| if span_ns == 0 { 0.0 } else { ns as f64 / span_ns as f64 };
        let mut shares: Vec<f64> = self.at_ns.iter().map(|&ns| share(ns)).collect();
        // A group that was not known before could run nothing then.
        if let (Some(none), true) = (shares.first().copied(), span_ns > 0) {
            shares[0] = none + (1.0 - shares.iter().sum::<f64>()).max(0.0);
        }
        Concurrency { shares, running: share(self.running_ns), preempted: share(self.preempted_ns) }
    }
}

impl TraceRates {
    /// What the trace shows with one more sample; none while there is no trace. `scene` has its groups and threads already.
    pub fn next(&mut self, sample: &Sample, scene: &Scene) -> Option<Trace> {
        let Some(trace) = &sample.trace else {
            *self = Self::default();
            return None;
        };
        if let TraceState::Refused(_) = trace.state {
            return Some(Trace { state: trace.state.clone(), ..Trace::default() });
        }
        if trace.began_ns != self.began_ns {
            *self = Self { began_ns: trace.began_ns, counted_ns: trace.from_ns.max(trace.began_ns), ..Self::default() };
        }
        if trace.until_ns > self.counted_ns {
            self.take(trace, sample, scene);
            self.newest = Some(self.trace(scene));
        }
        // What a trace that stopped has shown stays.
        self.newest.clone().map(|newest| Trace { state: trace.state.clone(), ..newest })
    }

    fn take(&mut self, trace: &TraceSample, sample: &Sample, scene: &Scene) {
        let seen: HashMap<Tid, usize> = scene.threads.iter().map(|thread| (thread.key.tid, thread.group)).collect();
        self.place(&seen, scene);
        self.lost = self.lost.saturating_add(trace.lost);
        if trace.from_ns > self.counted_ns {
            // A thinned recording: what happened between is not in it.
            self.forget_states(self.counted_ns);
            self.counted_ns = trace.from_ns;
        }
        if trace.lost > 0 {
            self.forget_states(trace.until_ns);
        } else {
            self.resolve_unknown(trace, sample, &seen, scene);
        }
        let cpus = cpus(scene);
        let mut part = match self.parts.pop_back() {
            Some(part) if part.span_ns < PART_NS => part,
            Some(full) => {
                self.parts.push_back(full);
                Part::default()
            }
            None => Part::default(),
        };
        part.cpu_ns += trace.cpu_ns;
        for event in trace.events.iter() {
            if trace.lost == 0 {
                self.count_until(event.at_ns, cpus, &mut part);
            }
            self.apply(event, &seen, scene, &mut part);
        }
        if trace.lost == 0 {
            self.count_until(trace.until_ns, cpus, &mut part);
        }
        self.counted_ns = trace.until_ns;
        self.parts.push_back(part);
        while self.parts.iter().map(|part| part.span_ns).sum::<u64>() > KEPT_NS {
            self.parts.pop_front();
        }
        self.lanes.end_tick(self.began_ns, trace.until_ns);
    }

    /// Threads stand in the groups they are in now: more may be known of them than at the sample before.
    fn place(&mut self, seen: &HashMap<Tid, usize>, scene: &Scene) {
        let tids: Vec<Tid> = self.threads.keys().copied().collect();
        for tid in tids {
            let Some(&at) = seen.get(&tid) else { continue };
            let group = self.group_of(Some(at), scene);
            let Some(thread) = self.threads.get_mut(&tid) else { continue };
            let before = std::mem::replace(&mut thread.group, group);
            let (running, at_once) = weight(thread.state);
            self.groups[before].running -= running;
            self.groups[before].at_once -= at_once;
            self.groups[group].running += running;
            self.groups[group].at_once += at_once;
        }
    }

    /// This trace's number of a group of the scene; of the one for threads that no look saw where that is none.
    fn group_of(&mut self, at: Option<usize>, scene: &Scene) -> usize {
        let shown = at.and_then(|at| scene.groups.get(at));
        let (key, label) = match shown {
            Some(group) => (group.key.clone(), group.label.as_str()),
            None => (GroupKey { origin: origin::ENDED.into(), library: None }, "ended between looks"),
        };
        self.groups.iter().position(|group| group.key == key).unwrap_or_else(|| {
            let label = label.to_owned();
            self.groups.push(TracedGroup { key, label, running: 0, at_once: 0, short_lived: (0, 0) });
            self.groups.len() - 1
        })
    }

    /// What is not known of a thread is concluded from its first event: one that stops had run until then. One without any that
    /// ran all the time since the sample before, by its counters, still does.
    fn resolve_unknown(&mut self, trace: &TraceSample, sample: &Sample, seen: &HashMap<Tid, usize>, scene: &Scene) {
        let mut first: HashMap<Tid, &SchedulerEvent> = HashMap::new();
        for event in trace.events.iter() {
            first.entry(event.tid).or_insert(event);
        }
        let from_ns = self.counted_ns;
        for event in first.values() {
            let known = self.threads.get(&event.tid).is_some_and(|thread| thread.state != LaneState::Unknown);
            let state = match event.change {
                _ if known => continue,
                SchedulerChange::Blocks | SchedulerChange::Preempted | SchedulerChange::Exits => LaneState::Running,
                SchedulerChange::Runs { .. } => LaneState::Blocked,
                SchedulerChange::Born { .. } => continue,
            };
            self.set((event.pid, event.tid), state, from_ns, seen, scene);
        }
        let span_ns = sample.at_ns.saturating_sub(self.sampled.at_ns);
        let before = std::mem::take(&mut self.sampled.run_ns);
        self.sampled.at_ns = sample.at_ns;
        for process in &sample.processes {
            for thread in process.threads.iter().filter(|thread| thread.state == ThreadState::Running) {
                let (tid, run_ns) = (thread.key.tid, thread.counters.run_ns);
                self.sampled.run_ns.insert(tid, run_ns);
                let ran_ns = before.get(&tid).map_or(0, |before| run_ns.saturating_sub(*before));
                let known = self.threads.get(&tid).is_some_and(|thread| thread.state != LaneState::Unknown);
                if !known && !first.contains_key(&tid) && span_ns > 0 && ran_ns as f64 >= span_ns as f64 * ALL_THE_TIME
                {
                    self.set((process.fact.key.pid, tid), LaneState::Running, from_ns, seen, scene);
                }
            }
        }
    }

    /// Records were lost: nobody knows any more who runs.
    fn forget_states(&mut self, at_ns: u64) {
        self.threads.values_mut().for_each(|thread| thread.state = LaneState::Unknown);
        self.lanes.forget(at_ns);
        (self.running, self.at_once) = (0, 0);
        self.groups.iter_mut().for_each(|group| (group.running, group.at_once) = (0, 0));
    }

    fn apply(&mut self, event: &SchedulerEvent, seen: &HashMap<Tid, usize>, scene: &Scene, part: &mut Part) {
        let state = match event.change {
            SchedulerChange::Runs { .. } => LaneState::Running,
            SchedulerChange::Preempted => LaneState::Preempted,
            SchedulerChange::Blocks => LaneState::Blocked,
            SchedulerChange::Born { by } => {
                self.births += 1;
                let made_by = self.threads.get(&by).map(|parent| parent.group);
                let made_by = made_by.or_else(|| seen.get(&by).copied().map(|at| self.group_of(Some(at), scene)));
                self.set((event.pid, event.tid), LaneState::Blocked, event.at_ns, seen, scene);
                if let Some(thread) = self.threads.get_mut(&event.tid) {
                    (thread.made_by, thread.ran_ns) = (made_by, 0);
                }
                let by = made_by.and_then(|group| self.groups.get(group)).map(|group| group.label.clone());
                self.lanes.born(event.tid, by);
                return;
            }
            SchedulerChange::Exits => LaneState::Gone,
        };
        part.switches += u64::from(matches!(event.change, SchedulerChange::Blocks | SchedulerChange::Preempted));
        self.set((event.pid, event.tid), state, event.at_ns, seen, scene);
        if state == LaneState::Gone {
            self.exits += 1;
            let Some(thread) = self.threads.remove(&event.tid) else { return };
            let unseen = *self.groups[thread.group].key.origin == *origin::ENDED;
            if let Some(group) = thread.made_by.filter(|_| unseen).and_then(|group| self.groups.get_mut(group)) {
                let (threads, ran_ns) = &mut group.short_lived;
                (*threads, *ran_ns) = (*threads + 1, ran_ns.saturating_add(thread.ran_ns));
            }
        }
    }

    /// A thread is in another state from an instant on.
    fn set(&mut self, (pid, tid): (Pid, Tid), state: LaneState, at_ns: u64, seen: &HashMap<Tid, usize>, scene: &Scene) {
        if !self.threads.contains_key(&tid) {
            if self.threads.len() >= MOST_THREADS {
                return;
            }
            let group = self.group_of(seen.get(&tid).copied(), scene);
            let thread = TracedThread { state: LaneState::Unknown, since_ns: at_ns, group, made_by: None, ran_ns: 0 };
            self.threads.insert(tid, thread);
        }
        let Some(thread) = self.threads.get_mut(&tid) else { return };
        if thread.state == LaneState::Running {
            thread.ran_ns += at_ns.saturating_sub(thread.since_ns);
        }
        let before = weight(std::mem::replace(&mut thread.state, state));
        thread.since_ns = at_ns;
        let now = weight(state);
        let group = &mut self.groups[thread.group];
        for (running, at_once) in [(&mut group.running, &mut group.at_once), (&mut self.running, &mut self.at_once)] {
            *running = *running + now.0 - before.0;
            *at_once = *at_once + now.1 - before.1;
        }
        self.lanes.change((pid, tid), at_ns, state);
    }

    /// The time until an instant goes to what is true now.
    fn count_until(&mut self, at_ns: u64, cpus: u32, part: &mut Part) {
        let span_ns = at_ns.saturating_sub(self.counted_ns);
        if span_ns == 0 {
            return;
        }
        self.counted_ns = at_ns;
        part.span_ns += span_ns;
        part.all.add(self.at_once, self.running, span_ns);
        if part.groups.len() < self.groups.len() {
            part.groups.resize_with(self.groups.len(), Levels::default);
        }
        let mut set = 0_u64;
        for (index, (group, levels)) in self.groups.iter().zip(&mut part.groups).enumerate() {
            levels.add(group.at_once, group.running, span_ns);
            if group.at_once > 0 && index < MOST_PAIRED {
                set |= 1 << index;
            }
        }
        if part.sets.len() < MOST_SETS || part.sets.contains_key(&set) {
            let (time, crowded) = part.sets.entry(set).or_default();
            *time += span_ns;
            *crowded += if self.at_once > cpus { span_ns } else { 0 };
        }
    }

    fn trace(&mut self, scene: &Scene) -> Trace {
        let mut sum = Part::default();
        for part in &self.parts {
            sum.merge(part);
        }
        let span_ns = sum.span_ns;
        let span_s = span_ns as f64 / 1e9;
        let per_second = |count: f64| if span_s > 0.0 { count / span_s } else { 0.0 };
        let places: Vec<Option<usize>> =
            self.groups.iter().map(|group| scene.groups.iter().position(|shown| shown.key == group.key)).collect();
        let group = |(index, levels): (usize, &Levels)| {
            let group = *places.get(index)?;
            let concurrency = levels.concurrency(span_ns);
            (concurrency.beyond(0) > 0.0).then_some(GroupConcurrency { group: group?, concurrency })
        };
        let mut groups: Vec<GroupConcurrency> = sum.groups.iter().enumerate().filter_map(group).collect();
        groups.sort_by_key(|group| group.group);
        Trace {
            state: TraceState::On,
            seconds: self.counted_ns.saturating_sub(self.began_ns) as f64 / 1e9,
            window_s: span_s,
            switches_per_s: per_second(sum.switches as f64),
            own_cpu: per_second(sum.cpu_ns as f64 / 1e9),
            target_cpu: per_second(sum.switches as f64) * SWITCH_COST_NS as f64 / 1e9,
            births: self.births,
            exits: self.exits,
            lost: self.lost,
            all: sum.all.concurrency(span_ns),
            together: together(&sum, &places),
            groups,
            short_lived: self.short_lived(),
            lanes: Arc::new(self.lanes(scene)),
        }
    }

    fn lanes(&self, scene: &Scene) -> Lanes {
        let threads: HashMap<Tid, &Thread> = scene.threads.iter().map(|thread| (thread.key.tid, thread)).collect();
        self.lanes
            .scene(self.counted_ns, |tid| threads.get(&tid).map(|thread| (thread.group, thread.name().to_owned())))
    }

    fn short_lived(&self) -> Vec<ShortLived> {
        let made = self.groups.iter().filter(|group| group.short_lived.0 > 0);
        let mut made: Vec<ShortLived> = made
            .map(|group| ShortLived {
                made_by: group.label.clone(),
                threads: group.short_lived.0,
                run_s: group.short_lived.1 as f64 / 1e9,
            })
            .collect();
        made.sort_by_key(|made| std::cmp::Reverse(made.threads));
        made
    }
}

impl Part {
    fn merge(&mut self, other: &Self) {
        self.span_ns += other.span_ns;
        self.switches += other.switches;
        self.cpu_ns += other.cpu_ns;
        self.all.merge(&other.all);
        if self.groups.len() < other.groups.len() {
            self.groups.resize_with(other.groups.len(), Levels::default);
        }
        self.groups.iter_mut().zip(&other.groups).for_each(|(sum, levels)| sum.merge(levels));
        for (set, (time, crowded)) in &other.sets {
            let sum = self.sets.entry(*set).or_default();
            *sum = (sum.0 + time, sum.1 + crowded);
        }
    }
}

fn together(sum: &Part, places: &[Option<usize>]) -> Vec<Together> {
    let shown: Vec<(usize, usize)> =
        places.iter().take(MOST_PAIRED).enumerate().filter_map(|(bit, place)| Some((bit, (*place)?))).collect();
    let mut pairs = Vec::new();
    for (at, &(a, first)) in shown.iter().enumerate() {
        for &(b, second) in &shown[at + 1..] {
            let both = 1_u64 << a | 1_u64 << b;
            let of = |part: fn(&(u64, u64)) -> u64| -> u64 {
                sum.sets.iter().filter(|(set, _)| **set & both == both).map(|(_, times)| part(times)).sum()
            };
            let time = of(|times| times.0);
            if time > 0 {
                let share = |ns: u64| ns as f64 / sum.span_ns.max(1) as f64;
                let groups = (first.min(second), first.max(second));
                pairs.push(Together { groups, share: share(time), crowded: share(of(|times| times.1)) });
            }
        }
    }
    pairs.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.groups.cmp(&b.groups)));
    pairs
}

/// Whether it counts as running, and as one that could run.
fn weight(state: LaneState) -> (u32, u32) {
    match state {
        LaneState::Running => (1, 1),
        LaneState::Preempted => (0, 1),
        LaneState::Unknown | LaneState::Blocked | LaneState::Gone => (0, 0),
    }
}

/// CPUs that the target may use, the last one counted whole; as many as can be where that is not known.
fn cpus(scene: &Scene) -> u32 {
    let cpus = scene.capacity.effective_cpus;
    if cpus > 0.0 { cpus.ceil() as u32 } else { u32::MAX }
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
