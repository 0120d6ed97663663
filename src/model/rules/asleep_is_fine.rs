//! Do many threads merely exist? A sleeping thread costs no CPU.

use crate::data::limits::Grade;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, clear, counted};
use crate::model::verdict::levels::UNDER_SHARE;
use crate::model::verdict::stopped::stopped;

pub const RULE: Rule = Rule { code: "asleep-is-fine", question: "Do many threads exist but sleep?", check };

/// CPUs wanted under which nothing runs.
const RUNS: f64 = 0.05;
/// Threads more than a minute ago, or since watching began, that are no longer the same ones asleep.
const GROWTH: u32 = 10;
/// Threads a CPU from which on people count them and worry.
const MANY: f64 = 4.0;

fn check(input: &RuleInput) -> RuleResult {
    let threads = input.threads.len();
    let judged = input.judged()?;
    if stopped(input).is_some() {
        return clear("a signal or a debugger stopped it");
    }
    let (cpus, wanted) = (input.effective_cpus(), judged.demand.wanted);
    if (threads as f64) < MANY * cpus {
        return clear(format!("{threads} threads for {cpus:.1} CPUs: not many"));
    }
    if wanted > cpus || wanted > UNDER_SHARE * threads as f64 {
        return clear(format!("{wanted:.1} of {threads} threads are runnable: they do not sleep"));
    }
    if wanted < RUNS {
        return clear(format!("{wanted:.2} CPUs are wanted: only stacks tell whether it is idle or hangs"));
    }
    let grown = judged.growth.iter().flatten().map(|growth| growth.now.saturating_sub(growth.before)).sum::<u32>();
    if grown >= GROWTH {
        return clear(format!("{} more than a minute ago: they keep coming", counted(grown)));
    }
    if input.processes.iter().filter(|process| !process.ended).count() > 1 {
        return clear("several processes: which of them should run, their number does not tell");
    }
    let awake = 0.0 + input.groups.iter().filter_map(|group| group.awake).sum::<f64>();
    Ok(Finding {
        level: Level::Healthy,
        grade: Grade::Measured,
        message: format!(
            "{threads} threads exist, but demand is only {wanted:.1} of {cpus:.1} CPUs: their number is no problem"
        ),
        evidence: vec![
            Evidence::new("threads", threads.to_string()),
            Evidence::new("awake in a tick", format!("{awake:.1}")),
            Evidence::new("wanted", format!("{wanted:.2} of {cpus:.2} CPUs")),
        ],
        remedy: Remedy { text: "nothing to do: a sleeping thread costs no CPU".to_owned(), ..Remedy::default() },
    })
}
