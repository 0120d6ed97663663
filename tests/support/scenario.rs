//! Samples in a compact notation, for scenarios of the model.
//!
//! A thread's `run_ms` and `wait_ms` are its counters at each tick, in milliseconds; -1 where it does not exist; the last
//! value stays. `per_s` says the same of one that goes on evenly: milliseconds run and waited every second. `count` makes
//! several of them. What else goes on evenly has a `_per_s` of its own.

#![allow(dead_code)] // each test binary uses its part

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use tftop::data::sample::{
    AccountingSource, CgroupFact, CgroupVersion, ClockReading, CounterSource, Counters, CpuTime, Environment,
    ExitRecords, Frame, FrameworkFact, GpuProcess, GpuSample, HostFact, Identity, LibraryFact, LibraryPool, NameSource,
    PidsLimit, ProcessFact, ProcessSample, PythonFact, Quota, Sample, SchedulerChange, SchedulerEvent, Script,
    ScriptKnob, ScriptSetting, ShimFact, Stack, StackEnd, StackMethod, Stacks, StartRoutine, StdThreadOwner, Syscall,
    SyscallState, TargetName, TensorFlowFact, TfConfigFact, TfContextState, ThreadAccounting, ThreadDetail, ThreadFact,
    ThreadSettings, ThreadState, Throttle, TraceSample,
};
use tftop::data::scene::Scene;
use tftop::data::{Framework, Pid, ProcessKey, Text, ThreadKey, Tid};
use tftop::model::activity::meaning::MeaningCache;
use tftop::model::activity::profile::{Profile, ProfiledGroup};
use tftop::model::build_scene::Model;
use tftop::model::origin::families::Families;

#[path = "scenario_thread.rs"]
mod thread;

use thread::Thread;

const FIRST_NS: u64 = 100_000_000_000;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub ticks: usize,
    #[serde(default = "one")]
    interval_s: f64,
    #[serde(default)]
    stat_only: bool,
    #[serde(default)]
    families: String,
    #[serde(default)]
    online: String,
    #[serde(default)]
    cpu: Vec<Cpu>,
    /// GPUs as their driver describes them at every tick.
    #[serde(default)]
    gpu: Vec<Gpu>,
    /// A trace in which these threads run, all of a list at once, list after list, each for its part of every interval.
    #[serde(default)]
    turns: Vec<Vec<u32>>,
    /// The tick from which on exit records are had, and how many are lost at each tick, all together so far.
    records_from: Option<usize>,
    #[serde(default)]
    lost: Vec<i64>,
    process: Vec<Process>,
    #[serde(default)]
    thread: Vec<Thread>,
    /// What is judged: the last 10 seconds, or with this everything.
    #[serde(default)]
    whole: bool,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cpu {
    #[serde(default)]
    busy: Vec<i64>,
    #[serde(default)]
    idle: Vec<i64>,
    /// Clock ticks busy and idle.
    #[serde(default)]
    per_s: [f64; 2],
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gpu {
    /// Percent; none where the driver does not tell.
    busy: Option<u8>,
    /// Percent for the first process; -1 where it does not use this GPU, more than 100 where it does and its share is not told,
    /// none where the driver tells of no process.
    own: Option<i64>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    pid: u32,
    #[serde(default = "python")]
    comm: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default = "ten")]
    start_s: f64,
    tensorflow: Option<String>,
    /// Other frameworks with their versions: `frameworks = { JAX = "0.10.2" }`.
    #[serde(default)]
    frameworks: BTreeMap<String, String>,
    exe: Option<String>,
    /// Mapped files with code.
    #[serde(default)]
    libraries: Vec<String>,
    python: Option<String>,
    #[serde(default)]
    cpuset: Option<String>,
    #[serde(default)]
    cpus_allowed: Option<String>,
    /// The largest private pool of tf.data that tftop's shim holds it to.
    shim_data: Option<u32>,
    /// CPU time of the whole process at each tick, in milliseconds; -1 where it does not exist.
    #[serde(default)]
    clock_ms: Vec<i64>,
    /// Whether that is the clock that is exact; clock ticks else.
    #[serde(default)]
    exact: bool,
    /// What threads that were not read may have run at each tick, in milliseconds.
    #[serde(default)]
    unread_ms: Vec<u64>,
    /// What its exit records say at each tick, all together so far: threads, milliseconds that they ran and waited.
    #[serde(default)]
    exited: Vec<[u64; 3]>,
    /// The last counters of threads that looks had seen: tick, tid, milliseconds run and waited.
    #[serde(default)]
    last: Vec<[u64; 4]>,
    /// The tick at which it is found to be gone.
    ended: Option<usize>,
    /// Its name from this tick on: exec.
    exec: Option<(usize, String)>,
    #[serde(default)]
    quota: Vec<QuotaOf>,
    /// Variables at start, as a shell would write them; none where they can't be read.
    env: Option<String>,
    /// Variables now, where they can be read.
    live_env: Option<String>,
    tf_config: Option<TfConfig>,
    /// Lines of the script: "12 intra 3", with "proto" of a ConfigProto, with "maybe" where a condition holds it back; with "?" where it sets what is no
    /// literal.
    #[serde(default)]
    script: Vec<String>,
    /// What OpenBLAS keeps in memory, by the library's path.
    #[serde(default)]
    blas: Vec<(String, i64)>,
    /// The user's limit on threads, and the cgroup's with what is used of it.
    user_threads: Option<u64>,
    pids: Option<(u64, u64)>,
    #[serde(default)]
    uid: u32,
    #[serde(default)]
    parent: u32,
    /// The tick from which on it is there.
    #[serde(default)]
    from: usize,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TfConfig {
    state: Option<String>,
    intra: Option<i64>,
    inter: Option<i64>,
    #[serde(default)]
    from_proto: bool,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaOf {
    path: String,
    version: u32,
    cpus: f64,
    #[serde(default)]
    periods: Vec<i64>,
    #[serde(default)]
    throttled: Vec<i64>,
    /// Periods and throttled periods.
    #[serde(default)]
    per_s: Option<[f64; 2]>,
}

fn one() -> f64 {
    1.0
}

fn ten() -> f64 {
    10.0
}

fn python() -> String {
    "python".to_owned()
}

/// The value at a tick: the last one stays; nothing at all is 0; a negative one is absent.
fn at(values: &[i64], tick: usize) -> Option<u64> {
    values.get(tick).or(values.last()).map_or(Some(0), |&value| u64::try_from(value).ok())
}

fn ticks(seconds: f64) -> u64 {
    (seconds * 100.0).round() as u64
}

fn counters([run_ms, wait_ms]: [u64; 2]) -> Counters {
    Counters { run_ns: run_ms * 1_000_000, wait_ns: wait_ms * 1_000_000, slices: run_ms }
}

impl Process {
    fn exits(&self, tick: usize) -> ExitRecords {
        let [threads, run_ms, wait_ms] = self.exited.get(tick).or(self.exited.last()).copied().unwrap_or_default();
        ExitRecords { threads, counters: counters([run_ms, wait_ms]) }
    }

    fn ended_threads(&self, tick: usize) -> Vec<(ThreadKey, Counters)> {
        let now = self.last.iter().filter(|[at, ..]| *at == tick as u64);
        now.map(|&[_, tid, run_ms, wait_ms]| {
            (ThreadKey { tid: Tid(tid as u32), start_ticks: ticks(ten()) }, counters([run_ms, wait_ms]))
        })
        .collect()
    }
}

impl Scenario {
    /// What goes on evenly, since the first tick.
    fn grown(&self, per_s: f64, tick: usize) -> u64 {
        (per_s * self.interval_s * tick as f64).round() as u64
    }

    /// The scenes of all samples.
    pub fn scenes(&self, order: Order) -> Vec<Scene> {
        let families = match self.families.as_str() {
            "" => Families::builtin(),
            text => Families::with_user_file(text).unwrap(),
        };
        let mut model = if self.whole { Model::of_whole_watch(families) } else { Model::new(families) };
        let first = Model::new(Families::builtin()).next(Arc::new(self.sample(0, order)));
        let group = |tid: Tid| first.threads.iter().find(|thread| thread.key.tid == tid).unwrap().group;
        let whose =
            |tid| ProfiledGroup { label: &first.groups[group(tid)].label, key: Some(&first.groups[group(tid)].key) };
        let (mut profile, mut meanings) = (Profile::default(), MeaningCache::builtin());
        let mut scene = |tick| {
            if let Some(stacks) = self.stacks(tick) {
                profile.add(&stacks, &mut meanings, whose);
                model.use_profile(Arc::new(profile.clone()));
            }
            model.next(Arc::new(self.sample(tick, order)))
        };
        (0..self.ticks).map(&mut scene).collect()
    }

    pub fn sample(&self, tick: usize, order: Order) -> Sample {
        let interval_ns = (self.interval_s * 1e9) as u64;
        let cpu = |(index, cpu): (usize, &Cpu)| CpuTime {
            cpu: index as u32,
            busy_ticks: at(&cpu.busy, tick).unwrap() + self.grown(cpu.per_s[0], tick),
            idle_ticks: at(&cpu.idle, tick).unwrap() + self.grown(cpu.per_s[1], tick),
            steal_ticks: 0,
        };
        Sample {
            at_ns: FIRST_NS + tick as u64 * interval_ns,
            interval_ns,
            host: Arc::new(HostFact {
                online: self.online.parse().unwrap(),
                boot_unix_s: 1_000_000,
                ticks_per_second: 100,
                ..HostFact::default()
            }),
            cpus: self.cpu.iter().enumerate().map(cpu).collect(),
            gpus: (0..).zip(&self.gpu).map(|(index, gpu)| gpu.sample(index, self.process[0].pid)).collect(),
            processes: self.process.iter().filter_map(|process| self.process(process, tick, order)).collect(),
            details: self.thread.iter().filter_map(Thread::detail).collect(),
            source: if self.stat_only { CounterSource::StatTicks } else { CounterSource::Schedstat },
            accounting: ThreadAccounting {
                source: match self.records_from.is_some_and(|from| tick >= from) {
                    true => AccountingSource::ExitRecords,
                    false => AccountingSource::ProcessClock,
                },
                lost_records: at(&self.lost, tick).unwrap(),
                ..ThreadAccounting::default()
            },
            trace: self.trace(tick),
            ..Sample::default()
        }
    }

    /// What a trace saw since the tick before.
    fn trace(&self, tick: usize) -> Option<TraceSample> {
        let before = tick.checked_sub(1).filter(|_| !self.turns.is_empty())?;
        let at_ns = |tick: usize| FIRST_NS + tick as u64 * (self.interval_s * 1e9) as u64;
        let (from_ns, until_ns) = (at_ns(before), at_ns(tick));
        let mut events = Vec::new();
        for (turn, threads) in (0..).zip(&self.turns) {
            let edge = |turn: u64| from_ns + (until_ns - from_ns) * turn / self.turns.len() as u64;
            for (at_ns, change) in
                [(edge(turn), SchedulerChange::Runs { cpu: 0 }), (edge(turn + 1), SchedulerChange::Blocks)]
            {
                let event = |&tid: &u32| SchedulerEvent { at_ns, pid: Pid(self.process[0].pid), tid: Tid(tid), change };
                events.extend(threads.iter().map(event));
            }
        }
        let events = events.into();
        Some(TraceSample { began_ns: FIRST_NS, from_ns, until_ns, events, ..TraceSample::default() })
    }

    /// One round of stacks of the threads that have one here.
    fn stacks(&self, tick: usize) -> Option<Stacks> {
        let pid = Pid(self.process[0].pid);
        let each = |thread: &Thread| (0..thread.count).map(|index| thread.taken(index)).collect::<Vec<_>>();
        let stacks: Vec<Stack> = self.thread.iter().filter(|thread| thread.has_stack(tick)).flat_map(each).collect();
        (!stacks.is_empty()).then(|| Stacks { pid, stacks, ..Stacks::default() })
    }

    fn process(&self, process: &Process, tick: usize, order: Order) -> Option<ProcessSample> {
        let clock_ms = at(&process.clock_ms, tick).filter(|_| tick >= process.from)?;
        let mine = |thread: &&Thread| thread.pid.unwrap_or(self.process[0].pid) == process.pid;
        let mut threads: Vec<ThreadFact> =
            self.thread.iter().filter(mine).flat_map(|thread| self.threads(thread, process.pid, tick)).collect();
        match order {
            Order::ByTid => threads.sort_by_key(|thread| thread.key),
            Order::Reversed => threads.sort_by_key(|thread| std::cmp::Reverse(thread.key)),
            Order::Mixed => threads.sort_by_key(|thread| thread.key.tid.0.wrapping_mul(2_654_435_761)),
        }
        Some(ProcessSample {
            fact: Arc::new(process.fact(tick)),
            ended: process.ended.is_some_and(|ended| tick >= ended),
            cpu_ticks: clock_ms / 10,
            clock: process.exact.then(|| ClockReading {
                cpu_ns: clock_ms * 1_000_000,
                unread_threads: 0,
                unread_ns: process.unread_ms.get(tick).map_or(0, |ms| ms * 1_000_000),
            }),
            threads: threads.into(),
            exits: process.exits(tick),
            ended_threads: process.ended_threads(tick),
            throttle: process.quota.iter().map(|quota| quota.throttle(tick, self.interval_s)).collect(),
        })
    }

    /// All threads of one entry that exist.
    fn threads(&self, thread: &Thread, pid: u32, tick: usize) -> Vec<ThreadFact> {
        let fact = |index: u32| {
            let since = tick.checked_sub(thread.from + index as usize * thread.every)?;
            let mut fact = thread.fact(pid, tick, index)?;
            let more = |per_s| self.grown(per_s, since);
            fact.counters.run_ns += more(thread.per_s[0] * 1e6);
            fact.counters.wait_ns += more(thread.per_s[1] * 1e6);
            fact.counters.slices += more(thread.per_s[0] * 1e3 / thread.slice_us);
            fact.cpu_ticks += more(thread.per_s[0] / 10.0);
            Some(fact)
        };
        (0..thread.count).filter_map(fact).collect()
    }
}

impl Gpu {
    fn sample(&self, index: u32, pid: u32) -> GpuSample {
        let process = |percent: i64| GpuProcess {
            pid: Pid(pid),
            busy_percent: u8::try_from(percent).ok().filter(|percent| *percent <= 100),
            used_bytes: Some(1 << 30),
        };
        let own = self.own.map(|own| (own >= 0).then(|| process(own)).into_iter().collect());
        GpuSample { index, busy_percent: self.busy, own, ..GpuSample::default() }
    }
}

impl Process {
    fn fact(&self, tick: usize) -> ProcessFact {
        let renamed = self.exec.as_ref().filter(|(from, _)| tick >= *from).map(|(_, comm)| comm);
        let cgroup = |quota: &QuotaOf| CgroupFact {
            path: quota.path.as_str().into(),
            version: if quota.version == 1 { CgroupVersion::V1 } else { CgroupVersion::V2 },
            quota: Quota { quota_us: (quota.cpus * 100_000.0) as u64, period_us: 100_000 },
        };
        ProcessFact {
            key: ProcessKey { pid: Pid(self.pid), start_ticks: ticks(self.start_s) },
            comm: renamed.unwrap_or(&self.comm).as_str().into(),
            command: self.command.iter().map(|argument| argument.as_str().into()).collect(),
            tensorflow: self
                .tensorflow
                .as_deref()
                .map(|version| TensorFlowFact { version: Some(version.into()), ..TensorFlowFact::default() }),
            frameworks: self.frameworks.iter().map(|(name, version)| framework(name, version)).collect(),
            exe: self.exe.as_deref().map(Text::from),
            libraries: self.libraries.iter().map(|path| library(path)).collect(),
            python: self.python.as_deref().map(|version| PythonFact { version: Some(version.into()) }),
            cpuset: self.cpuset.as_deref().map(|list| list.parse().unwrap()),
            cpus_allowed: self.cpus_allowed.as_deref().map(|list| list.parse().unwrap()),
            cgroups: self.quota.iter().map(cgroup).collect(),
            environment: self.env.as_deref().map(environment),
            settings: self.settings(),
            uid: self.uid,
            parent: Pid(self.parent),
            shim: self.shim_data.map(|data| ShimFact { enforces: true, data: Some(data), ..ShimFact::default() }),
            ..ProcessFact::default()
        }
    }
}

impl Process {
    fn settings(&self) -> ThreadSettings {
        let config = |config: &TfConfig| TfConfigFact {
            state: match config.state.as_deref() {
                None => TfContextState::Started,
                Some("not started") => TfContextState::NotStarted,
                Some("not made") => TfContextState::NotMade,
                Some(other) => panic!("no such state: {other}"),
            },
            intra: config.intra,
            inter: config.inter,
            from_proto: config.from_proto,
        };
        let script = || Script {
            path: "/home/ana/train.py".into(),
            settings: self.script.iter().filter(|line| !line.ends_with('?')).map(|line| wish(line)).collect(),
            imports_tensorflow_at: None,
            sizes_private_pools: self.script.iter().any(|line| line.contains("private_threadpool_size")),
        };
        let pool = |(library, value): &(String, i64)| LibraryPool {
            library: library.as_str().into(),
            symbol: "blas_cpu_number".into(),
            value: *value,
        };
        ThreadSettings {
            live_environment: self.live_env.as_deref().map(environment),
            tf_config: self.tf_config.as_ref().map(config),
            library_pools: self.blas.iter().map(pool).collect(),
            script: (!self.script.is_empty()).then(script),
            user_threads_max: self.user_threads,
            pids: self.pids.map(|(current, max)| PidsLimit { path: "/job".into(), current, max }),
        }
    }
}

fn framework(name: &str, version: &str) -> FrameworkFact {
    let framework = Framework::all().find(|framework| framework.name() == name);
    FrameworkFact { framework: framework.unwrap(), version: Some(version.into()) }
}

fn library(path: &str) -> LibraryFact {
    LibraryFact { path: path.into(), build_id: None }
}

fn environment(words: &str) -> Environment {
    Environment::from_block(words.replace(' ', "\0").as_bytes())
}

fn wish(line: &str) -> ScriptSetting {
    let (line, certain) = line.strip_suffix(" maybe").map_or((line, true), |line| (line, false));
    let (line, proto) = line.strip_suffix(" proto").map_or((line, false), |line| (line, true));
    let [line, knob, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
    let knob = match knob {
        "intra" => ScriptKnob::Intra,
        "inter" => ScriptKnob::Inter,
        "private_threadpool_size" => ScriptKnob::PrivateThreadpool,
        variable => ScriptKnob::Variable(variable.into()),
    };
    ScriptSetting { line: line.parse().unwrap(), knob, value: value.parse().unwrap(), certain, proto }
}

impl QuotaOf {
    fn throttle(&self, tick: usize, interval_s: f64) -> Option<Throttle> {
        if let Some(per_s) = self.per_s {
            let grown = |per_s: f64| (per_s * interval_s * tick as f64).round() as u64;
            return Some(Throttle { periods: grown(per_s[0]), throttled_periods: grown(per_s[1]), throttled_ns: 0 });
        }
        let periods = at(&self.periods, tick).filter(|_| !self.periods.is_empty())?;
        Some(Throttle { periods, throttled_periods: at(&self.throttled, tick)?, throttled_ns: 0 })
    }
}

/// How threads are listed: must not matter.
#[derive(Clone, Copy)]
pub enum Order {
    ByTid,
    Reversed,
    Mixed,
}
