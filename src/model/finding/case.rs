//! What a rule may look at: the facts, the groups with their limits, and what the judged window says.

use super::super::headline::{Condition, Pressure};
use super::super::knobs::Cpus;
use super::super::levels::JUDGED_S;
use super::super::limit::Limits;
use super::super::scene::{Capacity, Cpu, Demand, Group, Thread};
use super::{Level, Verdict};
use crate::fact::{Environment, Pid, ProcessFact, ProcessSample};

/// One moment, laid out for the rules.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The target's processes, the one asked for first.
    pub processes: &'a [ProcessSample],
    /// Its groups with their limits.
    pub groups: &'a [Group],
    /// Its threads.
    pub threads: &'a [Thread],
    /// Effective CPUs and what they follow from.
    pub capacity: &'a Capacity,
    /// Each CPU's load.
    pub cpus: &'a [Cpu],
    /// CPUs that pool sizes follow from where nothing is set.
    pub sizes: Cpus,
    /// Seconds the target has been watched.
    pub watched_s: f64,
    /// The judged window; none until it is full.
    pub judged: Option<&'a Judged>,
}

/// The last [`JUDGED_S`] seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// Demand against capacity.
    pub pressure: Pressure,
    /// The condition it amounts to.
    pub condition: Condition,
    /// Demand of the whole target.
    pub demand: Demand,
    /// Demand of each group, in the order of the groups.
    pub groups: Vec<Demand>,
    /// Births and deaths of each group since it was first watched, in the order of the groups.
    pub growth: Vec<Growth>,
    /// Demand of each process, in the order of the processes.
    pub processes: Vec<Demand>,
}

/// How a group's number of threads went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Growth {
    /// Threads at the start of the last 60 s (or of watching).
    pub before: u32,
    /// Threads now.
    pub now: u32,
    /// Steps in that time in which the number rose.
    pub rises: u32,
    /// Steps in which it fell.
    pub falls: u32,
}

/// The origins that run a model's operations.
pub const COMPUTE: [&str; 5] = ["tf-intra-op", "tf-inter-op", "xla", "openmp", "openblas"];

impl<'a> Case<'a> {
    /// The judged window, or the answer to give while there is none.
    pub fn judged(&self) -> Result<&'a Judged, Verdict> {
        let needs = || format!("{JUDGED_S:.0} s of watching, has {:.0}", self.watched_s);
        self.judged.ok_or_else(|| Verdict::TooSoon { needs: needs() })
    }

    /// The process that runs TensorFlow: the first that maps it.
    pub fn tensorflow(&self) -> Option<&'a ProcessFact> {
        self.processes.iter().filter(|p| !p.ended).map(|p| p.fact.as_ref()).find(|fact| fact.tensorflow.is_some())
    }

    /// The process whose settings a rule is about: TensorFlow's, else the one asked for.
    pub fn main_process(&self) -> Option<&'a ProcessFact> {
        self.tensorflow().or_else(|| self.processes.first().map(|p| p.fact.as_ref()))
    }

    /// Threads of an origin in one process.
    pub fn threads_in(&self, pid: Pid, origin: &str) -> u32 {
        let of_origin: Vec<bool> = self.groups.iter().map(|group| group.key.origin.as_ref() == origin).collect();
        let here = |thread: &&Thread| thread.pid == pid && of_origin.get(thread.group) == Some(&true);
        self.threads.iter().filter(here).count() as u32
    }

    /// Groups of an origin with their judged demand.
    pub fn of(&self, judged: &'a Judged, origin: &'a str) -> impl Iterator<Item = (&'a Group, Demand)> {
        let demand = |i: usize| judged.groups.get(i).copied().unwrap_or_default();
        let groups = self.groups.iter().enumerate();
        groups.filter(move |(_, g)| g.key.origin.as_ref() == origin).map(move |(i, g)| (g, demand(i)))
    }

    /// CPUs wanted by all groups of these origins over the judged window.
    pub fn wanted(&self, judged: &'a Judged, origins: &[&'a str]) -> f64 {
        origins.iter().flat_map(|origin| self.of(judged, origin)).map(|(_, demand)| demand.wanted).sum()
    }

    /// Limits of the first group of an origin.
    pub fn limits(&self, origin: &str) -> Option<&'a Limits> {
        self.groups.iter().find(|group| group.key.origin.as_ref() == origin).map(|group| &group.limits)
    }

    /// The limit somebody set for an origin (a default is nobody's wish), and who.
    pub fn wish(&self, origin: &str) -> Option<(u32, &'a str)> {
        let limit = self.limits(origin)?.effective()?;
        (!limit.source.starts_with("default")).then_some((limit.value, limit.source.as_str()))
    }

    /// Effective CPUs.
    pub fn effective_cpus(&self) -> f64 {
        self.capacity.effective_cpus
    }

    /// How bad a cause of the present condition is: as bad as the condition, a notice at least.
    pub fn blame(&self, judged: &Judged) -> Level {
        judged.condition.level().max(Level::Notice)
    }
}

/// A variable as the process has it now, else as it was at start.
pub fn variable<'a>(process: &'a ProcessFact, name: &str) -> Option<&'a str> {
    let get = |environment: Option<&'a Environment>| environment.and_then(|e| e.get(name));
    match &process.settings.live_environment {
        Some(live) => live.get(name),
        None => get(process.environment.as_ref()),
    }
}

/// TensorFlow's two pools: their origin, name, variable, setter and value in tf.config.
pub struct TfPool {
    /// Origin id of its threads.
    pub origin: &'static str,
    /// "intra" or "inter".
    pub name: &'static str,
    /// The variable that sizes it.
    pub variable: &'static str,
}

/// Both.
pub const TF_POOLS: [TfPool; 2] = [
    TfPool { origin: "tf-intra-op", name: "intra", variable: "TF_NUM_INTRAOP_THREADS" },
    TfPool { origin: "tf-inter-op", name: "inter", variable: "TF_NUM_INTEROP_THREADS" },
];

impl TfPool {
    /// Its value in tf.config; none when not set or not readable. 0 is kept: somebody wrote it.
    pub fn in_tf_config(&self, process: &ProcessFact) -> Option<i64> {
        let config = process.settings.tf_config?;
        if self.name == "intra" { config.intra } else { config.inter }
    }

    /// The Python call that sizes it.
    pub fn setter(&self, value: u32) -> String {
        format!("tf.config.threading.set_{}_op_parallelism_threads({value})", self.name)
    }

    /// The shell line that sizes it.
    pub fn export(&self, value: u32) -> String {
        format!("export {}={value}", self.variable)
    }

    /// The caps that size it.
    pub fn caps(&self, value: u32) -> crate::fact::Caps {
        let mut caps = crate::fact::Caps::default();
        if self.name == "intra" {
            caps.intra = Some(value)
        } else {
            caps.inter = Some(value)
        }
        caps
    }
}
