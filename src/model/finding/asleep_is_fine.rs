//! Do many threads merely exist? A sleeping thread costs no CPU.

use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, clear};

pub const RULE: Rule = Rule { code: "asleep-is-fine", asks: "Do many threads exist but sleep?", check };

fn check(case: &Case) -> Answer {
    let threads = case.threads.len();
    let judged = case.judged()?;
    let cpus = case.effective_cpus();
    if (threads as f64) < 4.0 * cpus {
        return clear(format!("{threads} threads for {cpus:.1} CPUs: not many"));
    }
    if judged.condition.level() > Level::Healthy {
        return clear("not all is well: see the other causes");
    }
    let awake: f64 = case.groups.iter().filter_map(|group| group.awake).sum();
    Ok(Finding {
        level: Level::Healthy,
        grade: Grade::Measured,
        says: format!(
            "{threads} threads exist, {:.1} CPUs are wanted of {cpus:.1}: nothing is wrong",
            judged.demand.wanted
        ),
        evidence: vec![
            Evidence::new("threads", threads.to_string()),
            Evidence::new("awake in a tick", format!("{awake:.1}")),
            Evidence::new("wanted", format!("{:.2} CPUs", judged.demand.wanted)),
        ],
        remedy: Remedy { text: "nothing to do: a sleeping thread costs no CPU".to_owned(), ..Remedy::default() },
    })
}
