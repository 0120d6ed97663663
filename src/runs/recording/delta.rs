//! One sample as what is different from the sample before: what did not change is not written again, so facts stand in a recording
//! once. The reader makes the same sample of it, or says why it can't.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::sample::{
    ClockReading, Cost, CounterSource, Counters, CpuTime, ExitRecords, GpuSample, HostFact, LaunchFact, LaunchSample,
    ProcessFact, ProcessSample, ReplacedRun, Sample, ShimReport, StepMarks, ThreadAccounting, ThreadDetail, ThreadFact,
    Throttle,
};
use crate::data::secrets::without_secrets;
use crate::data::{Gap, ProcessKey, SharedList, ThreadKey};
use crate::runs::recording::size;
use crate::runs::recording::size::SizeBudget;
use crate::runs::recording::stacks::StacksEntry;
use crate::runs::recording::thread_delta::{ThreadDelta, changed, is_default};
use crate::runs::recording::trace::TraceEntry;

/// A CPU's number, busy, idle and steal ticks.
type CpuEntry = (u32, u64, u64, u64);
/// Busy, idle and steal ticks since the sample before.
type TickEntry = (u64, u64, u64);

/// A sample; a missing field is as it was in the sample before.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SampleDelta {
    at_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interval_ns: Option<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    late_ns: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<Arc<HostFact>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cpus: Vec<CpuEntry>,
    /// Busy, idle and steal ticks of the same CPUs since the sample before, instead of `cpus`; wrap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ticks: Vec<TickEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gpus: Option<Vec<GpuSample>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    processes: Vec<ProcessDelta>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(ThreadKey, ThreadDetail)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<CounterSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accounting: Option<ThreadAccounting>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gaps: Option<Vec<Gap>>,
    /// Missing: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    launch: Option<LaunchDelta>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<TraceEntry>,
    #[serde(default)]
    cost: Cost,
    /// Stacks that were taken since the look before. Whoever wants them reads them by themselves: no other look rests on them.
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    stacks: Vec<StacksEntry>,
    /// In the first look of a member: the last look before it that has stacks.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    stacks_before_ns: Option<u64>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct LaunchDelta {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fact: Option<Arc<LaunchFact>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heard: Option<Arc<ShimReport>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    marks: Vec<StepMarks>,
    /// Once there is one, there always is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaced: Option<Arc<ReplacedRun>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct ProcessDelta {
    key: ProcessKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fact: Option<Arc<ProcessFact>>,
    #[serde(default, skip_serializing_if = "is_default")]
    ended: bool,
    #[serde(default)]
    cpu_ticks: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clock: Option<ClockReading>,
    /// Every thread stands here; nothing of the sample before counts.
    #[serde(default, skip_serializing_if = "is_default")]
    whole: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gone: Vec<ThreadKey>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    threads: Vec<ThreadDelta>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exits: Option<ExitRecords>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ended_threads: Vec<(ThreadKey, Counters)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    throttle: Vec<Option<Throttle>>,
}

impl SampleDelta {
    /// What is different. Before the first sample stands the empty sample.
    pub(crate) fn between(before: &Sample, now: &Sample) -> Self {
        let mut bases: HashMap<ProcessKey, &ProcessSample> = HashMap::new();
        for process in before.processes.iter().rev() {
            bases.insert(process.fact.key, process);
        }
        let process = |process: &ProcessSample| ProcessDelta::between(bases.remove(&process.fact.key), process);
        let (cpus, ticks) = cpus_between(&before.cpus, &now.cpus);
        Self {
            at_ns: now.at_ns,
            interval_ns: (now.interval_ns != before.interval_ns).then_some(now.interval_ns),
            late_ns: now.late_ns,
            host: changed(&now.host, &before.host),
            cpus,
            ticks,
            gpus: (now.gpus != before.gpus).then(|| now.gpus.clone()),
            processes: now.processes.iter().map(process).collect(),
            details: now.details.clone(),
            source: (now.source != before.source).then_some(now.source),
            accounting: (now.accounting != before.accounting).then(|| now.accounting.clone()),
            gaps: (now.gaps != before.gaps).then(|| now.gaps.clone()),
            launch: now.launch.as_ref().map(|launch| LaunchDelta::between(before.launch.as_ref(), launch)),
            trace: now.trace.as_ref().map(TraceEntry::of),
            cost: now.cost,
            stacks: Vec::new(),
            stacks_before_ns: None,
        }
    }

    /// The same, but for what nobody should find in a file: the words of a command may hold it.
    pub(crate) fn without_secrets(mut self) -> Self {
        for fact in self.processes.iter_mut().filter_map(|process| process.fact.as_mut()) {
            let command = without_secrets(&fact.command);
            if command != fact.command {
                *fact = Arc::new(ProcessFact { command, ..ProcessFact::clone(fact) });
            }
        }
        self
    }

    /// The same, with these step marks; they go nowhere where the target was not started by tftop.
    pub(crate) fn with_marks(mut self, marks: Vec<StepMarks>) -> Self {
        if let Some(launch) = &mut self.launch {
            launch.marks = marks;
        }
        self
    }

    /// The same, with stacks that were taken, and the last look before its member that has some.
    pub(crate) fn with_stacks(mut self, stacks: Vec<StacksEntry>, before_ns: Option<u64>) -> Self {
        (self.stacks, self.stacks_before_ns) = (stacks, before_ns);
        self
    }

    /// The sample it was made of, on top of the one before.
    pub(crate) fn upon(self, before: &Sample) -> Result<Sample, String> {
        let mut bases: HashMap<ProcessKey, &ProcessSample> = HashMap::new();
        for process in before.processes.iter().rev() {
            bases.insert(process.fact.key, process);
        }
        let mut room = SizeBudget::default();
        let gpus = self.gpus.unwrap_or_else(|| before.gpus.clone());
        gpus.iter().try_for_each(|gpu| room.take(size::gpu_bytes(gpu)))?;
        let mut processes = Vec::with_capacity(self.processes.len());
        for process in self.processes {
            let base = bases.remove(&process.key);
            processes.push(process.upon(base, &mut room)?);
        }
        Ok(Sample {
            at_ns: self.at_ns,
            interval_ns: self.interval_ns.unwrap_or(before.interval_ns),
            late_ns: self.late_ns,
            host: self.host.unwrap_or_else(|| before.host.clone()),
            cpus: cpus_upon(&before.cpus, self.cpus, &self.ticks)?,
            gpus,
            processes,
            details: self.details,
            source: self.source.unwrap_or(before.source),
            accounting: self.accounting.unwrap_or_else(|| before.accounting.clone()),
            gaps: self.gaps.unwrap_or_else(|| before.gaps.clone()),
            launch: self.launch.map(|launch| launch.upon(before.launch.as_ref())),
            trace: self.trace.map(|trace| trace.whole(&mut room)).transpose()?,
            cost: self.cost,
        })
    }
}

/// What is different of each CPU, where they are the same ones; else each as it is.
fn cpus_between(before: &[CpuTime], now: &[CpuTime]) -> (Vec<CpuEntry>, Vec<TickEntry>) {
    if !before.iter().map(|cpu| cpu.cpu).eq(now.iter().map(|cpu| cpu.cpu)) {
        return (
            now.iter().map(|cpu| (cpu.cpu, cpu.busy_ticks, cpu.idle_ticks, cpu.steal_ticks)).collect(),
            Vec::new(),
        );
    }
    let since = |(before, now): (&CpuTime, &CpuTime)| {
        let [busy, idle, steal] = [
            (now.busy_ticks, before.busy_ticks),
            (now.idle_ticks, before.idle_ticks),
            (now.steal_ticks, before.steal_ticks),
        ]
        .map(|(now, before)| now.wrapping_sub(before));
        (busy, idle, steal)
    };
    (Vec::new(), before.iter().zip(now).map(since).collect())
}

fn cpus_upon(before: &[CpuTime], cpus: Vec<CpuEntry>, ticks: &[TickEntry]) -> Result<Vec<CpuTime>, String> {
    if ticks.is_empty() {
        let cpu = |(cpu, busy_ticks, idle_ticks, steal_ticks)| CpuTime { cpu, busy_ticks, idle_ticks, steal_ticks };
        return Ok(cpus.into_iter().map(cpu).collect());
    }
    if ticks.len() != before.len() {
        return Err("it counts other CPUs than before".to_owned());
    }
    let upon = |(before, &(busy, idle, steal)): (&CpuTime, &TickEntry)| CpuTime {
        cpu: before.cpu,
        busy_ticks: before.busy_ticks.wrapping_add(busy),
        idle_ticks: before.idle_ticks.wrapping_add(idle),
        steal_ticks: before.steal_ticks.wrapping_add(steal),
    };
    Ok(before.iter().zip(ticks).map(upon).collect())
}

impl LaunchDelta {
    fn between(before: Option<&LaunchSample>, now: &LaunchSample) -> Self {
        let none = LaunchSample::default();
        let before = before.unwrap_or(&none);
        Self {
            fact: changed(&now.fact, &before.fact),
            heard: changed(&now.report, &before.report),
            marks: now.marks.clone(),
            replaced: now.replaced.clone().filter(|_| now.replaced != before.replaced),
        }
    }

    fn upon(self, before: Option<&LaunchSample>) -> LaunchSample {
        let before = before.cloned().unwrap_or_default();
        LaunchSample {
            fact: self.fact.unwrap_or(before.fact),
            report: self.heard.unwrap_or(before.report),
            marks: self.marks,
            replaced: self.replaced.or(before.replaced),
        }
    }
}

impl ProcessDelta {
    fn between(before: Option<&ProcessSample>, now: &ProcessSample) -> Self {
        let base = base(before);
        let mut look = Self {
            key: now.fact.key,
            fact: before.map_or_else(|| Some(now.fact.clone()), |before| changed(&now.fact, &before.fact)),
            ended: now.ended,
            cpu_ticks: now.cpu_ticks,
            clock: now.clock,
            whole: !rising(&now.threads),
            exits: (before.map_or(ExitRecords::default(), |before| before.exits) != now.exits).then_some(now.exits),
            ended_threads: now.ended_threads.clone(),
            throttle: now.throttle.clone(),
            ..Self::default()
        };
        if look.whole {
            look.threads.extend(now.threads.iter().filter_map(|thread| ThreadDelta::between(None, thread)));
            return look;
        }
        let none = SharedList::default();
        let (old, new) = (base.unwrap_or(&none).pieces(), now.threads.pieces());
        // What both samples share is the same in both.
        let mut base = unshared(old, new).peekable();
        for thread in unshared(new, old) {
            while let Some(gone) = base.next_if(|old| old.key < thread.key) {
                look.gone.push(gone.key);
            }
            let old = base.next_if(|old| old.key == thread.key);
            look.threads.extend(ThreadDelta::between(old, thread));
        }
        look.gone.extend(base.map(|gone| gone.key));
        look
    }

    fn upon(self, before: Option<&ProcessSample>, room: &mut SizeBudget) -> Result<ProcessSample, String> {
        let fact = self.fact.or_else(|| before.map(|before| before.fact.clone()));
        let fact = fact.ok_or_else(|| format!("process {} was never described", self.key.pid))?;
        room.take(size::process_bytes(&fact))?;
        let base = if self.whole { None } else { base(before) };
        let mut threads = Vec::with_capacity(base.map_or(0, SharedList::len));
        let mut gone = self.gone.into_iter().peekable();
        let mut looks = self.threads.into_iter().peekable();
        for old in base.into_iter().flatten() {
            while let Some(look) = looks.next_if(|look| look.key() < old.key) {
                threads.push(look.upon(None)?);
            }
            if gone.next_if_eq(&old.key).is_some() {
                continue;
            }
            match looks.next_if(|look| look.key() == old.key) {
                Some(look) => threads.push(look.upon(Some(old))?),
                None => threads.push(old.clone()),
            }
        }
        for look in looks {
            threads.push(look.upon(None)?);
        }
        if let Some(key) = gone.next() {
            return Err(format!("thread {} ends and was not there", key.tid));
        }
        let threads = SharedList::from(threads);
        if !self.whole && !rising(&threads) {
            return Err(format!("the threads of process {} are in disorder", self.key.pid));
        }
        for thread in &threads {
            room.take_thread(size::thread_bytes(&thread.identity))?;
        }
        Ok(ProcessSample {
            fact,
            ended: self.ended,
            cpu_ticks: self.cpu_ticks,
            clock: self.clock,
            threads,
            exits: self.exits.unwrap_or_else(|| before.map_or(ExitRecords::default(), |before| before.exits)),
            ended_threads: self.ended_threads,
            throttle: self.throttle,
        })
    }
}

/// Threads that a difference can be made from: those in order.
fn base(before: Option<&ProcessSample>) -> Option<&SharedList<ThreadFact>> {
    before.map(|before| &before.threads).filter(|threads| rising(threads))
}

/// Threads of pieces that stand elsewhere in the other list, or not at all.
fn unshared<'a>(pieces: &'a [Arc<[ThreadFact]>], other: &[Arc<[ThreadFact]>]) -> impl Iterator<Item = &'a ThreadFact> {
    let is_shared =
        move |at: usize, piece: &Arc<[ThreadFact]>| other.get(at).is_some_and(|other| Arc::ptr_eq(other, piece));
    pieces.iter().enumerate().filter(move |(at, piece)| !is_shared(*at, piece)).flat_map(|(_, piece)| piece.iter())
}

fn rising(threads: &SharedList<ThreadFact>) -> bool {
    threads.iter().is_sorted_by(|a, b| a.key < b.key)
}
