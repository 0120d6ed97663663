//! Do many threads merely exist? A sleeping thread costs no CPU.

use crate::data::limits::Grade;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, clear};
use crate::model::verdict::levels::UNDER_SHARE;

pub const RULE: Rule = Rule { code: "asleep-is-fine", question: "Do many threads exist but sleep?", check };

/// Threads a CPU from which on people count them and worry.
const MANY: f64 = 4.0;

fn check(input: &RuleInput) -> RuleResult {
    let threads = input.threads.len();
    let judged = input.judged()?;
    let (cpus, wanted) = (input.effective_cpus(), judged.demand.wanted);
    if (threads as f64) < MANY * cpus {
        return clear(format!("{threads} threads for {cpus:.1} CPUs: not many"));
    }
    if wanted > cpus || wanted > UNDER_SHARE * threads as f64 {
        return clear(format!("{wanted:.1} of {threads} threads want to run: they do not sleep"));
    }
    let awake = 0.0 + input.groups.iter().filter_map(|group| group.awake).sum::<f64>();
    Ok(Finding {
        level: Level::Healthy,
        grade: Grade::Measured,
        message: format!(
            "{threads} threads exist, but only {wanted:.1} of {cpus:.1} CPUs are wanted: their number is no problem"
        ),
        evidence: vec![
            Evidence::new("threads", threads.to_string()),
            Evidence::new("awake in a tick", format!("{awake:.1}")),
            Evidence::new("wanted", format!("{wanted:.2} of {cpus:.2} CPUs")),
        ],
        remedy: Remedy { text: "nothing to do: a sleeping thread costs no CPU".to_owned(), ..Remedy::default() },
    })
}
