//! Causes: why more CPUs are wanted than a setting allows, or why a setting does nothing. One file a cause; each answers
//! clear, found, too soon or can't tell, and never anything it has no evidence for.

pub(crate) mod asleep_is_fine;
pub(crate) mod blas_other_variable;
pub(crate) mod env_overridden;
pub(crate) mod env_too_late;
pub(crate) mod gpu_bound;
pub(crate) mod input;
pub(crate) mod input_bound;
pub(crate) mod late_setting;
pub(crate) mod many_processes;
pub(crate) mod nested_pools;
pub(crate) mod omp_does_the_work;
pub(crate) mod omp_not_used;
pub(crate) mod other_pool;
pub(crate) mod piled_affinity;
pub(crate) mod quota_not_seen;
pub(crate) mod spinning;
pub(crate) mod starved;
pub(crate) mod tf_data_uncapped;
pub(crate) mod thread_leak;
pub(crate) mod throttled;
pub(crate) mod xla_own_pool;
pub(crate) mod zero_means_all;

use crate::data::limits::Grade;
use crate::data::sample::{CounterSource, ProcessFact};
use crate::data::scene::{Answer, Evidence, Finding, RuleAnswer};
use crate::model::limits::knobs::DefaultCpus;
use crate::model::rules::input::RuleInput;

/// A rule: one cause it looks for.
#[derive(Debug)]
pub struct Rule {
    code: &'static str,
    asks: &'static str,
    check: fn(&RuleInput) -> RuleResult,
}

impl Rule {
    fn judge(&self, case: &RuleInput) -> RuleAnswer {
        let estimated = case.source == CounterSource::StatTicks;
        let found = |finding: Finding| {
            // Without schedstat every demand is an estimate, and so is what follows from it.
            let grade = if estimated { Grade::Inferred } else { finding.grade };
            Answer::Found(Box::new(Finding { grade, ..finding }))
        };
        let verdict = (self.check)(case).map_or_else(|silent| silent, found);
        RuleAnswer { code: self.code, question: self.asks, answer: verdict }
    }
}

/// A finding, or why there is none.
type RuleResult = Result<Finding, Answer>;

/// Every rule; what explains another stands before it.
const RULES: &[Rule] = &[
    throttled::RULE,
    quota_not_seen::RULE,
    late_setting::RULE,
    env_overridden::RULE,
    env_too_late::RULE,
    zero_means_all::RULE,
    omp_does_the_work::RULE,
    omp_not_used::RULE,
    blas_other_variable::RULE,
    many_processes::RULE,
    nested_pools::RULE,
    tf_data_uncapped::RULE,
    xla_own_pool::RULE,
    other_pool::RULE,
    piled_affinity::RULE,
    spinning::RULE,
    thread_leak::RULE,
    starved::RULE,
    input_bound::RULE,
    gpu_bound::RULE,
    asleep_is_fine::RULE,
];

/// Every rule's answer, in the order of [`RULES`].
pub fn judge(case: &RuleInput) -> Vec<RuleAnswer> {
    RULES.iter().map(|rule| rule.judge(case)).collect()
}

/// What a rule about one process's settings says of the first process in which it finds something, else of the first.
fn of_each<'a>(
    case: &RuleInput<'a>,
    processes: impl Iterator<Item = (&'a ProcessFact, DefaultCpus)>,
    check: fn(&RuleInput<'a>, &'a ProcessFact, DefaultCpus) -> RuleResult,
) -> Option<RuleResult> {
    let mut first = None;
    for (process, cpus) in processes {
        match check(case, process, cpus) {
            Ok(mut finding) => {
                if case.processes.len() > 1 {
                    finding.evidence.push(Evidence::new("process", process.key.pid.to_string()));
                }
                return Some(Ok(finding));
            }
            silent => first = first.or(Some(silent)),
        }
    }
    first
}

/// The same for processes that run TensorFlow.
fn of_each_tensorflow<'a>(
    case: &RuleInput<'a>,
    check: fn(&RuleInput<'a>, &'a ProcessFact, DefaultCpus) -> RuleResult,
) -> RuleResult {
    of_each(case, case.tensorflows(), check).unwrap_or_else(|| clear("no TensorFlow in this process"))
}

/// The answer where a rule would have to count threads that nobody can tell apart.
fn origins_unread(threads: usize) -> RuleResult {
    cant_tell(format!(
        "the origin of {threads} threads is not known: their names can't be read from the process's memory"
    ))
}

/// "1 thread", "2 threads".
fn counted(threads: u32) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

fn clear(because: impl Into<String>) -> RuleResult {
    Err(Answer::Clear { because: because.into() })
}

fn cant_tell(because: impl Into<String>) -> RuleResult {
    Err(Answer::CantTell { because: because.into() })
}

fn too_soon(needs: impl Into<String>) -> RuleResult {
    Err(Answer::TooSoon { needs: needs.into() })
}
