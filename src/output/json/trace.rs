//! What a trace of the scheduler shows, as the report's JSON has it.

use serde::Serialize;

use crate::data::sample::TraceState;
use crate::data::scene::{Concurrency, GroupKey, Scene, Trace};
use crate::present::format::rounded;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TraceJson<'a> {
    /// on, stopped (by itself, it cost too much) or refused (by the kernel).
    state: &'static str,
    /// Why it stopped or was refused; null while it is on.
    why: Option<&'a str>,
    seconds: f64,
    /// Seconds that the shares cover: those without lost records, the last 60 at most.
    window_s: f64,
    switches_per_s: f64,
    /// Share of one CPU that reading took.
    own_cpu: f64,
    /// What the records cost the target, as a share of one CPU: an estimate, by the number of switches.
    target_cpu_estimated: f64,
    births: u64,
    exits: u64,
    lost_records: u64,
    #[serde(flatten)]
    all: ConcurrencyJson,
    groups: Vec<GroupConcurrencyJson<'a>>,
    /// Pairs of groups that had threads running or preempted at the same time.
    together: Vec<TogetherJson<'a>>,
    /// Threads that no look saw, by the group of the thread that made them.
    short_lived: Vec<ShortLivedJson<'a>>,
}

/// Threads that ran or had been preempted. One that was just woken and has not run yet is not among them.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ConcurrencyJson {
    /// Share of the time in which no, one, two … threads were running or preempted.
    concurrency_shares: Vec<f64>,
    /// Mean number of threads that ran.
    running: f64,
    /// Mean number of threads that had been preempted and waited for a CPU.
    preempted: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct GroupConcurrencyJson<'a> {
    key: &'a GroupKey,
    #[serde(flatten)]
    concurrency: ConcurrencyJson,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TogetherJson<'a> {
    groups: [&'a GroupKey; 2],
    /// Share of the time in which both had threads running or preempted.
    share: f64,
    /// Share of the time in which both had, and all together were more than the CPUs.
    crowded: f64,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ShortLivedJson<'a> {
    /// Label of the group.
    made_by: &'a str,
    threads: u64,
    run_s: f64,
}

impl<'a> TraceJson<'a> {
    pub(crate) fn new(trace: &'a Trace, scene: &'a Scene) -> Self {
        let (state, why) = match &trace.state {
            TraceState::On => ("on", None),
            TraceState::Stopped(why) => ("stopped", Some(why.as_str())),
            TraceState::Refused(why) => ("refused", Some(why.as_str())),
        };
        let key = |at: usize| scene.groups.get(at).map(|group| &group.key);
        let groups = trace.groups.iter().filter_map(|group| {
            Some(GroupConcurrencyJson { key: key(group.group)?, concurrency: ConcurrencyJson::new(&group.concurrency) })
        });
        let together = trace.together.iter().filter_map(|pair| {
            let groups = [key(pair.groups.0)?, key(pair.groups.1)?];
            Some(TogetherJson { groups, share: rounded(pair.share), crowded: rounded(pair.crowded) })
        });
        let short_lived = trace.short_lived.iter().map(|made| ShortLivedJson {
            made_by: &made.made_by,
            threads: made.threads,
            run_s: rounded(made.run_s),
        });
        Self {
            state,
            why,
            seconds: rounded(trace.seconds),
            window_s: rounded(trace.window_s),
            switches_per_s: rounded(trace.switches_per_s),
            own_cpu: rounded(trace.own_cpu),
            target_cpu_estimated: rounded(trace.target_cpu),
            births: trace.births,
            exits: trace.exits,
            lost_records: trace.lost,
            all: ConcurrencyJson::new(&trace.all),
            groups: groups.collect(),
            together: together.collect(),
            short_lived: short_lived.collect(),
        }
    }
}

impl ConcurrencyJson {
    fn new(concurrency: &Concurrency) -> Self {
        Self {
            concurrency_shares: concurrency.shares.iter().copied().map(rounded).collect(),
            running: rounded(concurrency.running),
            preempted: rounded(concurrency.preempted),
        }
    }
}
