//! Scenarios: samples in a compact notation in, scenes out (`tests/scenarios/*.toml`). Every scenario is run again with its
//! threads in other orders, which must not matter.
//!
//! A thread's `run_ms` and `wait_ms` are its counters at each tick, in milliseconds; -1 where it does not exist; the last
//! value stays. What is expected is written as [`lines`] writes a scene; a list that is absent is not compared.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::Arc;

use serde::Deserialize;
use tftop::fact::{
    CgroupFact, CgroupVersion, CounterSource, Counters, CpuTime, Entry, HostFact, Identity, NameSource, Owner, Pid,
    ProcessFact, ProcessKey, ProcessSample, PythonFact, Quota, Sample, State, TargetName, TensorFlowFact, Text,
    ThreadFact, ThreadKey, Throttle, Tid,
};
use tftop::model::{Families, Model, Scene};

const FIRST_NS: u64 = 100_000_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[allow(dead_code)]
    about: String,
    ticks: usize,
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
    process: Vec<Process>,
    thread: Vec<Thread>,
    expect: Vec<Expect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cpu {
    busy: Vec<i64>,
    idle: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Process {
    pid: u32,
    #[serde(default = "python")]
    comm: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default = "ten")]
    start_s: f64,
    tensorflow: Option<String>,
    python: Option<String>,
    #[serde(default)]
    cpuset: Option<String>,
    #[serde(default)]
    cpus_allowed: Option<String>,
    /// CPU time of the whole process at each tick, in milliseconds; -1 where it does not exist.
    #[serde(default)]
    clock_ms: Vec<i64>,
    /// The tick at which it is found to be gone.
    ended: Option<usize>,
    /// Its name from this tick on: exec.
    exec: Option<(usize, String)>,
    #[serde(default)]
    quota: Vec<QuotaOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuotaOf {
    path: String,
    version: u32,
    cpus: f64,
    #[serde(default)]
    periods: Vec<i64>,
    #[serde(default)]
    throttled: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Thread {
    tid: u32,
    #[serde(default = "ten")]
    start_s: f64,
    /// Its process; the first where absent.
    pid: Option<u32>,
    #[serde(default = "python")]
    comm: String,
    tf: Option<String>,
    tf_by_shape: Option<String>,
    python: Option<String>,
    symbol: Option<String>,
    library: Option<String>,
    owner: Option<String>,
    missing: Option<String>,
    #[serde(default)]
    run_ms: Vec<i64>,
    #[serde(default)]
    wait_ms: Vec<i64>,
    #[serde(default)]
    state: String,
    on_cpu: Option<u32>,
    affinity: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    /// After how many ticks; at the end where absent.
    after: Option<usize>,
    target: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    threads: Option<Vec<String>>,
    rates: Option<Vec<String>>,
    capacity: Option<Vec<String>>,
    cpus: Option<Vec<String>>,
    gaps: Option<Vec<String>>,
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

impl Scenario {
    fn sample(&self, tick: usize, order: Order) -> Sample {
        let interval_ns = (self.interval_s * 1e9) as u64;
        let cpu = |(index, cpu): (usize, &Cpu)| CpuTime {
            cpu: index as u32,
            busy_ticks: at(&cpu.busy, tick).unwrap(),
            idle_ticks: at(&cpu.idle, tick).unwrap(),
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
            processes: self.process.iter().filter_map(|process| self.process(process, tick, order)).collect(),
            source: if self.stat_only { CounterSource::StatTicks } else { CounterSource::Schedstat },
            ..Sample::default()
        }
    }

    fn process(&self, process: &Process, tick: usize, order: Order) -> Option<ProcessSample> {
        let clock_ms = at(&process.clock_ms, tick)?;
        let mine = |thread: &&Thread| thread.pid.unwrap_or(self.process[0].pid) == process.pid;
        let mut threads: Vec<ThreadFact> =
            self.thread.iter().filter(mine).filter_map(|thread| thread.fact(process.pid, tick)).collect();
        match order {
            Order::ByTid => threads.sort_by_key(|thread| thread.key),
            Order::Reversed => threads.sort_by_key(|thread| std::cmp::Reverse(thread.key)),
            Order::Mixed => threads.sort_by_key(|thread| thread.key.tid.0.wrapping_mul(2_654_435_761)),
        }
        Some(ProcessSample {
            fact: Arc::new(process.fact(tick)),
            ended: process.ended.is_some_and(|ended| tick >= ended),
            cpu_ticks: clock_ms / 10,
            threads,
            throttle: process.quota.iter().map(|quota| quota.throttle(tick)).collect(),
        })
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
            python: self.python.as_deref().map(|version| PythonFact { version: Some(version.into()) }),
            cpuset: self.cpuset.as_deref().map(|list| list.parse().unwrap()),
            cpus_allowed: self.cpus_allowed.as_deref().map(|list| list.parse().unwrap()),
            cgroups: self.quota.iter().map(cgroup).collect(),
            ..ProcessFact::default()
        }
    }
}

impl QuotaOf {
    fn throttle(&self, tick: usize) -> Option<Throttle> {
        let periods = at(&self.periods, tick).filter(|_| !self.periods.is_empty())?;
        Some(Throttle { periods, throttled_periods: at(&self.throttled, tick)?, throttled_ns: 0 })
    }
}

impl Thread {
    fn fact(&self, pid: u32, tick: usize) -> Option<ThreadFact> {
        let run_ms = at(&self.run_ms, tick)?;
        let letter = self.state.as_bytes().get(tick).or(self.state.as_bytes().last()).copied();
        Some(ThreadFact {
            key: ThreadKey { tid: Tid(self.tid), start_ticks: ticks(self.start_s) },
            counters: Counters {
                run_ns: run_ms * 1_000_000,
                wait_ns: at(&self.wait_ms, tick)? * 1_000_000,
                slices: run_ms / 10,
            },
            cpu_ticks: run_ms / 10,
            state: letter.map_or(State::Sleeping, State::from_letter),
            last_cpu: self.on_cpu,
            affinity: self.affinity.as_deref().map(|list| Arc::new(list.parse().unwrap())),
            identity: Arc::new(self.identity(pid)),
        })
    }

    fn identity(&self, pid: u32) -> Identity {
        let entry = Entry {
            library: self.library.as_deref().map(|path| Arc::new(path.into())),
            symbol: self.symbol.as_deref().map(Text::from),
            owner: self.owner.as_deref().map(|path| Owner { library: Arc::new(path.into()), symbol: None }),
            ..Entry::default()
        };
        let name = |name: &Option<String>, source| name.as_deref().map(|name| TargetName { name: name.into(), source });
        Identity {
            comm: self.comm.as_str().into(),
            main: self.tid == pid,
            entry: Some(entry).filter(|entry| *entry != Entry::default()),
            target_name: name(&self.tf, NameSource::TensorFlow)
                .or_else(|| name(&self.tf_by_shape, NameSource::TensorFlowByShape))
                .or_else(|| name(&self.python, NameSource::Python)),
            missing: self.missing.clone(),
        }
    }
}

#[derive(Clone, Copy)]
enum Order {
    ByTid,
    Reversed,
    Mixed,
}

/// A scene in lines, one list for each field of [`Expect`].
struct Lines {
    target: Vec<String>,
    groups: Vec<String>,
    threads: Vec<String>,
    rates: Vec<String>,
    capacity: Vec<String>,
    cpus: Vec<String>,
    gaps: Vec<String>,
}

fn lines(scene: &Scene) -> Lines {
    let demand = |demand: Option<tftop::model::scene::Demand>| {
        demand.map_or("unrated".to_owned(), |demand| format!("got {:.2} waiting {:.2}", demand.got, demand.waiting))
    };
    let origin = |key: &tftop::model::scene::GroupKey| match &key.library {
        Some(library) => format!("{} {library}", key.origin),
        None => key.origin.to_string(),
    };
    let capacity = &scene.capacity;
    let term = |(index, term): (usize, &tftop::model::scene::Term)| {
        let place = term.place.as_ref().map(|place| format!(" {place}")).unwrap_or_default();
        let throttled = term.throttled_share.map(|share| format!(" throttled {share:.2}")).unwrap_or_default();
        let binds = if capacity.binding == Some(index) { " binds" } else { "" };
        format!("{} {:.1}{place}{throttled}{binds}", term.kind.word(), term.cpus)
    };
    let version = |text: &Option<Text>| text.as_ref().map_or("-".to_owned(), ToString::to_string);
    let target = &scene.target;
    let tensorflow = target.tensorflow.as_ref().map_or("-".to_owned(), |found| version(&found.version));
    let header = format!(
        "{} {} TF {tensorflow} Python {} started {} up {:.0} ended {}",
        target.pid,
        target.command,
        version(&target.python),
        target.started_unix_s,
        target.uptime_s,
        target.ended
    );
    let process = |process: &tftop::model::scene::Process| {
        format!("{} {} threads {}", process.pid, demand(process.demand), process.threads)
    };
    Lines {
        target: [header, format!("{} in {:.1} s", demand(scene.demand), scene.window_s)]
            .into_iter()
            .chain(target.processes.iter().map(process))
            .collect(),
        groups: scene
            .groups
            .iter()
            .map(|group| {
                let awake = group.awake.map_or("-".to_owned(), |awake| format!("{awake:.2}"));
                let (key, used) = (origin(&group.key), demand(group.demand));
                format!("{key}: {} threads, awake {awake}, {used}, total {:.2}", group.threads, group.total_run_s)
            })
            .collect(),
        threads: scene
            .threads
            .iter()
            .map(|thread| {
                let attribution = &thread.attribution;
                let (key, confidence) = (origin(&attribution.group), attribution.confidence.word());
                format!("{} {key}, {confidence}: {}", thread.key.tid, attribution.because)
            })
            .collect(),
        rates: scene.threads.iter().map(|thread| format!("{} {}", thread.key.tid, demand(thread.demand))).collect(),
        capacity: [format!("{:.1} CPUs", capacity.effective_cpus)]
            .into_iter()
            .chain(capacity.terms.iter().enumerate().map(term))
            .collect(),
        cpus: scene
            .cpus
            .iter()
            .map(|cpu| format!("{} ours {:.2} others {:.2} allowed {}", cpu.cpu, cpu.ours, cpu.others, cpu.allowed))
            .collect(),
        gaps: scene.gaps.iter().map(|gap| gap.what.clone()).collect(),
    }
}

fn scenes(scenario: &Scenario, order: Order) -> Vec<Scene> {
    let families = match scenario.families.as_str() {
        "" => Families::builtin(),
        text => Families::with_user_file(text).unwrap(),
    };
    let mut model = Model::new(families);
    (0..scenario.ticks).map(|tick| model.next(Arc::new(scenario.sample(tick, order)))).collect()
}

fn check(name: &str, scenario: &Scenario) {
    let scenes = scenes(scenario, Order::ByTid);
    for order in [Order::Reversed, Order::Mixed] {
        assert!(scenes == self::scenes(scenario, order), "{name}: the order of threads matters");
    }
    for expect in &scenario.expect {
        let after = expect.after.unwrap_or(scenario.ticks);
        let seen = lines(&scenes[after - 1]);
        let same = |what: &str, expected: &Option<Vec<String>>, seen: &[String]| {
            if let Some(expected) = expected {
                assert_eq!(expected, seen, "{name}, after {after} samples: {what}\n{}", seen.join("\n"));
            }
        };
        same("target", &expect.target, &seen.target);
        same("groups", &expect.groups, &seen.groups);
        same("threads", &expect.threads, &seen.threads);
        same("rates", &expect.rates, &seen.rates);
        same("capacity", &expect.capacity, &seen.capacity);
        same("cpus", &expect.cpus, &seen.cpus);
        same("gaps", &expect.gaps, &seen.gaps);
    }
}

#[test]
fn every_scenario_ends_as_it_says() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(!scenario.expect.is_empty(), "{name} expects nothing");
        check(&name, &scenario);
        seen += 1;
    }
    assert!(seen >= 12, "only {seen} scenarios were found");
}
