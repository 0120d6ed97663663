//! What a rule may look at: the facts, the groups with their limits, and what the judged window says.

use crate::data::limits::{CapKind, Limit, LimitSource, Limits};
use crate::data::sample::{CounterSource, Environment, ProcessFact, ProcessSample, ScriptKnob, ThreadDetail};
use crate::data::scene::{Answer, Capacity, Confidence, Group, Level, Thread, Trace};
use crate::data::{Pid, SharedList, ThreadKey, origin};
use crate::model::activity::spin_samples::SpinSamples;
use crate::model::advice::caps_fit::CapsFit;
use crate::model::judged_window::JudgedWindow;
use crate::model::limits::group_limits::DefaultSizes;
use crate::model::limits::knobs::DefaultCpus;
use crate::model::limits::private_pools::{PrivatePool, private_pools};
use crate::model::verdict::levels::{JUDGED_S, NOTICE_SATURATION};

/// Processes that rules about settings look into, at most: workers are mostly alike.
const MOST_PROCESSES: usize = 64;
/// Of what is wanted, the share from which on a group is a cause of it.
const CAUSE_SHARE: f64 = 0.25;

/// Parts of the names of XLA's threads that run what it compiled.
const XLA_WORKERS: [&str; 3] = ["XLAEigen", "host_executor", "host-executor"];

/// One moment, laid out for the rules.
#[derive(Clone, Copy, Debug)]
pub struct RuleInput<'a> {
    /// The target's processes, the one asked for first.
    pub processes: &'a [ProcessSample],
    /// Its groups with their limits.
    pub groups: &'a [Group],
    /// Its threads.
    pub threads: &'a SharedList<Thread>,
    /// What was read of single threads, for those that were looked at.
    pub details: &'a [(ThreadKey, ThreadDetail)],
    /// Effective CPUs and what they follow from.
    pub capacity: &'a Capacity,
    /// CPUs that pool sizes follow from where nothing is set.
    pub(crate) sizes: &'a DefaultSizes,
    /// What counters are made of.
    pub source: CounterSource,
    /// Seconds the target has been watched.
    pub watched_s: f64,
    /// The judged window; none until it is full.
    pub judged: Option<&'a JudgedWindow>,
    /// What is advised, the same for headline and findings; nothing while there is no judged window.
    pub advised: CapsFit,
    /// What a trace of the scheduler shows; none without one.
    pub trace: Option<&'a Trace>,
    /// What stacks that were taken lately show.
    pub sampled: &'a SpinSamples,
}

/// The origins that run a model's operations.
pub const COMPUTE: [&str; 5] =
    [origin::TF_INTRA_OP, origin::TF_INTER_OP, origin::XLA, origin::OPENMP, origin::OPENBLAS];

impl<'a> RuleInput<'a> {
    /// What is advised for one cap; where the advice leaves it alone, what a finding itself would say.
    pub fn advised_or(&self, kind: CapKind, otherwise: u32) -> u32 {
        self.advised.caps.get(kind).unwrap_or(otherwise)
    }

    /// The judged window, or the answer to give while there is none.
    pub fn judged(&self) -> Result<&'a JudgedWindow, Answer> {
        self.judged.ok_or_else(|| match self.watched_s >= 2.0 * JUDGED_S && self.effective_cpus() <= 0.0 {
            true => Answer::CantTell { because: "how many CPUs the target may use can't be read".to_owned() },
            false => Answer::TooSoon { needs: format!("{JUDGED_S:.0} s of watching, has {:.0}", self.watched_s) },
        })
    }

    /// Processes that live and run TensorFlow, with the CPUs their pools follow from.
    pub fn tensorflows(&self) -> impl Iterator<Item = (&'a ProcessFact, DefaultCpus)> {
        let living = self.living().filter(|(fact, _)| fact.tensorflow.is_some());
        living.take(MOST_PROCESSES)
    }

    /// Processes that live, with the CPUs their pools follow from.
    pub fn living(&self) -> impl Iterator<Item = (&'a ProcessFact, DefaultCpus)> {
        let living = self.processes.iter().zip(&self.sizes.each).filter(|(process, _)| !process.ended);
        living.map(|(process, &cpus)| (process.fact.as_ref(), cpus)).take(MOST_PROCESSES)
    }

    /// tf.data's private pools: as large as there are CPUs unless a cap or the script's own line sizes them.
    pub(crate) fn private_pools(&self) -> Vec<PrivatePool> {
        private_pools(self.threads.iter(), |pid| {
            let (fact, cpus) = self.living().find(|(fact, _)| fact.key.pid == pid)?;
            let sized = fact.settings.script.as_ref().is_some_and(|script| script.sizes_private_pools);
            fact.shim.and_then(|shim| shim.cap(origin::TF_DATA)).or((!sized).then_some(cpus.allowed))
        })
    }

    /// Threads of an origin in one process, all copies of a library together.
    pub fn threads_in(&self, pid: Pid, origin: &str) -> u32 {
        self.of_origin(origin).map(|group| threads_of(group, pid)).sum()
    }

    /// Threads of one process whose origin is not known for certain enough to count pools by.
    pub fn doubtful_in(&self, pid: Pid) -> usize {
        let doubtful = |thread: &&Thread| {
            let of = &thread.attribution;
            thread.pid == pid && (of.group.origin.as_ref() == origin::UNKNOWN || of.confidence == Confidence::Guess)
        };
        self.threads.iter().filter(doubtful).count()
    }

    /// Groups of an origin.
    pub fn of_origin(&self, origin: &str) -> impl Iterator<Item = &'a Group> {
        self.groups.iter().filter(move |group| group.key.origin.as_ref() == origin)
    }

    /// CPUs wanted by all groups of these origins over the judged window.
    pub fn wanted(&self, judged: &JudgedWindow, origins: &[&str]) -> f64 {
        let of = |group: &Group| origins.contains(&group.key.origin.as_ref());
        let wanted =
            self.groups.iter().zip(&judged.groups).filter(|(group, _)| of(group)).map(|(_, demand)| demand.wanted);
        // An empty sum is -0.0, which would be shown.
        0.0 + wanted.sum::<f64>()
    }

    /// The limit somebody set for an origin; a default is nobody's wish.
    pub fn explicit_limit(&self, origin: &str) -> Option<&'a Limit> {
        let mut limits = self.of_origin(origin).filter_map(|group| group.limits.effective());
        limits.find(|limit| limit.was_set())
    }

    /// Effective CPUs.
    pub fn effective_cpus(&self) -> f64 {
        self.capacity.effective_cpus
    }

    /// Whether more is wanted than the CPUs there are.
    pub fn crowded(&self, judged: &JudgedWindow) -> bool {
        judged.demand.wanted > self.effective_cpus() * NOTICE_SATURATION
    }

    /// The CPUs that somebody meant who limited TensorFlow's pools: the larger of its limits, for one and the same work runs
    /// on both pools. None where nobody did.
    pub fn meant_cpus(&self) -> Option<u32> {
        let limits = [origin::TF_INTRA_OP, origin::TF_INTER_OP].into_iter().filter_map(|o| self.explicit_limit(o));
        limits.map(|limit| limit.value).max()
    }

    /// Whether a TensorFlow pool was limited and more is wanted than was meant by that.
    pub fn exceeds_explicit_limits(&self, judged: &JudgedWindow) -> bool {
        self.meant_cpus().is_some_and(|meant| judged.demand.wanted > f64::from(meant) * NOTICE_SATURATION)
    }

    /// The same for one process: its share of what each group wants, as its threads want it now.
    pub fn wanted_in(&self, judged: &JudgedWindow, pid: Pid, origins: &[&str]) -> f64 {
        let mut sum = 0.0;
        for (at, (group, demand)) in self.groups.iter().zip(&judged.groups).enumerate() {
            if origins.contains(&group.key.origin.as_ref()) {
                let now = |of_process: bool| -> f64 {
                    let threads = self.threads.iter().filter(|t| t.group == at && (!of_process || t.pid == pid));
                    threads.filter_map(|thread| thread.demand).map(|demand| demand.wanted).sum()
                };
                let all = now(false);
                sum += if all > 0.0 { demand.wanted * now(true) / all } else { 0.0 };
            }
        }
        sum
    }

    /// How bad a cause is that accounts for so much of what is wanted: as bad as the condition if that is much, else a
    /// notice.
    pub fn level_of(&self, judged: &JudgedWindow, wanted: f64) -> Level {
        let much = wanted >= CAUSE_SHARE * judged.demand.wanted;
        if much && self.crowded(judged) { judged.condition.level().max(Level::Notice) } else { Level::Notice }
    }
}

/// The largest compute pool that nobody limited and its threads: what could run at once if there were work. XLA's helpers
/// that compile could not. None where a limit that somebody set below the CPUs explains that less runs.
pub fn largest_pool<'a>(groups: &'a [Group], threads: &SharedList<Thread>, cpus: f64) -> Option<(&'a Group, u32)> {
    let compute = || groups.iter().enumerate().filter(|(_, group)| COMPUTE.contains(&group.key.origin.as_ref()));
    let limited =
        |group: &Group| group.limits.effective().is_some_and(|limit| limit.was_set() && f64::from(limit.value) < cpus);
    if compute().any(|(_, group)| limited(group)) {
        return None;
    }
    let works = |thread: &&Thread| {
        *thread.attribution.group.origin != *origin::XLA
            || XLA_WORKERS.iter().any(|worker| thread.name().contains(worker))
    };
    let size = |at: usize| threads.iter().filter(|thread| thread.group == at).filter(works).count() as u32;
    compute().map(|(at, group)| (group, size(at))).max_by_key(|(_, size)| *size)
}

/// Threads of a group in one process.
pub fn threads_of(group: &Group, pid: Pid) -> u32 {
    group.limits.processes.iter().find(|process| process.pid == pid).map_or(0, |process| process.threads)
}

/// The name of a limit and who set it, for sentences: "limit 3 (tf.config)".
pub fn limit_of(limits: &Limits) -> String {
    let each = if limits.processes.len() > 1 { " per process" } else { "" };
    match limits.effective() {
        Some(limit) if limit.was_set() => format!("limit {}{each} ({})", limit.value, who_set(limit)),
        Some(_) => "no limit set".to_owned(),
        None => limits.absence().to_owned(),
    }
}

fn who_set(limit: &Limit) -> &str {
    if limit.source == LimitSource::Script { &limit.place } else { limit.source.text() }
}

/// A variable as the process has it now, else as it was at start.
pub fn variable<'a>(process: &'a ProcessFact, name: &str) -> Option<&'a str> {
    let environment = process.settings.live_environment.as_ref().or(process.environment.as_ref());
    environment.and_then(|environment: &'a Environment| environment.get(name))
}

/// A variable that holds a number.
pub fn number(process: &ProcessFact, name: &str) -> Option<u32> {
    variable(process, name)?.trim().parse().ok()
}

/// One of TensorFlow's two pools, by the cap that sizes it.
#[derive(Debug)]
pub struct TfPool(CapKind);

/// TensorFlow's two pools.
pub const TF_POOLS: [TfPool; 2] = [TfPool(CapKind::Intra), TfPool(CapKind::Inter)];

impl TfPool {
    /// Origin id of its threads.
    pub fn origin(&self) -> &'static str {
        self.0.row().origin
    }

    /// "intra" or "inter".
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// The variable that sizes it.
    pub fn variable(&self) -> &'static str {
        self.0.row().advised_as
    }

    /// Its setter in a script's lines.
    pub fn script_knob(&self) -> Option<&'static ScriptKnob> {
        self.0.row().setting.script.as_ref()
    }

    /// Its value in tf.config; none when not set or not readable. 0 is kept: somebody wrote it.
    pub fn in_tf_config(&self, process: &ProcessFact) -> Option<i64> {
        self.0.row().setting.tf_config?(&process.settings.tf_config?)
    }

    /// Threads of the largest pool of its kind in a process: sessions and NUMA nodes may have pools of their own, which
    /// TensorFlow names differently.
    pub fn size_in(&self, input: &RuleInput, pid: Pid) -> u32 {
        let of = |thread: &&Thread| thread.pid == pid && thread.attribution.group.origin.as_ref() == self.origin();
        let mut sizes: Vec<(&str, u32)> = Vec::new();
        for thread in input.threads.iter().filter(of) {
            match sizes.iter_mut().find(|(name, _)| *name == thread.name()) {
                Some((_, size)) => *size += 1,
                None => sizes.push((thread.name(), 1)),
            }
        }
        sizes.into_iter().map(|(_, size)| size).max().unwrap_or(0)
    }

    /// The Python call that sizes it.
    pub fn setter(&self, value: u32) -> String {
        format!("tf.config.threading.set_{}_op_parallelism_threads({value})", self.name())
    }

    /// The shell line that sizes it.
    pub fn export(&self, value: u32) -> String {
        format!("export {}={value}", self.variable())
    }

    /// The caps that size it.
    pub fn caps(&self, value: u32) -> crate::data::limits::Caps {
        crate::data::limits::Caps::of([(self.0, value)])
    }
}
