//! Causes: why more CPUs are wanted than a setting allows, or why a setting does nothing. One file a cause; each answers
//! clear, found, too soon or can't tell, and never anything it has no evidence for.

mod asleep_is_fine;
mod blas_other_variable;
mod case;
mod env_overridden;
mod env_too_late;
mod gpu_bound;
mod input_bound;
mod late_setting;
mod many_processes;
mod nested_pools;
mod omp_does_the_work;
mod omp_not_used;
mod other_pool;
mod piled_affinity;
mod quota_not_seen;
mod spinning;
mod starved;
mod tf_data_uncapped;
mod thread_leak;
mod throttled;
mod xla_own_pool;
mod zero_means_all;

use serde::Serialize;

use super::knobs::Cpus;
use super::limit::Grade;
use crate::fact::{Caps, CounterSource, ProcessFact};

pub use case::{COMPUTE, Case, Growth, Judged, Throttling, limit_of};
pub use piled_affinity::{Crowd, crowd};

/// A rule: one cause it looks for.
#[derive(Debug)]
pub struct Rule {
    code: &'static str,
    asks: &'static str,
    check: fn(&Case) -> Answer,
}

impl Rule {
    fn judge(&self, case: &Case) -> Judgement {
        let estimated = case.source == CounterSource::StatTicks;
        let found = |finding: Finding| {
            // Without schedstat every demand is an estimate, and so is what follows from it.
            let grade = if estimated { Grade::Inferred } else { finding.grade };
            Verdict::Found(Box::new(Finding { grade, ..finding }))
        };
        let verdict = (self.check)(case).map_or_else(|silent| silent, found);
        Judgement { code: self.code, asks: self.asks, verdict }
    }
}

/// A finding, or why there is none.
type Answer = Result<Finding, Verdict>;

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
pub fn judge(case: &Case) -> Vec<Judgement> {
    RULES.iter().map(|rule| rule.judge(case)).collect()
}

/// What a rule about one process's settings says of the first process in which it finds something, else of the first.
fn of_each<'a>(
    case: &Case<'a>,
    processes: impl Iterator<Item = (&'a ProcessFact, Cpus)>,
    check: fn(&Case<'a>, &'a ProcessFact, Cpus) -> Answer,
) -> Option<Answer> {
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
fn of_each_tensorflow<'a>(case: &Case<'a>, check: fn(&Case<'a>, &'a ProcessFact, Cpus) -> Answer) -> Answer {
    of_each(case, case.tensorflows(), check).unwrap_or_else(|| clear("no TensorFlow in this process"))
}

/// The answer where a rule would have to count threads that nobody can tell apart.
fn origins_unread(threads: usize) -> Answer {
    cant_tell(format!(
        "the origin of {threads} threads is not known: their names can't be read from the process's memory"
    ))
}

/// "1 thread", "2 threads".
fn counted(threads: u32) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

fn clear(because: impl Into<String>) -> Answer {
    Err(Verdict::Clear { because: because.into() })
}

fn cant_tell(because: impl Into<String>) -> Answer {
    Err(Verdict::CantTell { because: because.into() })
}

fn too_soon(needs: impl Into<String>) -> Answer {
    Err(Verdict::TooSoon { needs: needs.into() })
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Verdict {
    /// Ruled out, and why.
    Clear {
        /// One sentence with the evidence.
        because: String,
    },
    /// It is so.
    Found(Box<Finding>),
    /// Not enough was seen yet.
    TooSoon {
        /// What the rule waits for: "10 s of watching, has 4".
        needs: String,
    },
    /// Evidence is missing that more time will not bring.
    CantTell {
        /// What is missing and the one step that would bring it.
        because: String,
    },
}

/// One rule and its answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// The rule's code, stable: "late-setting".
    pub code: &'static str,
    /// What the rule asks, as a question for people: "Was the setting too late?"
    pub asks: &'static str,
    /// Its answer.
    pub verdict: Verdict,
}

impl Judgement {
    /// What was found; none for every other answer.
    pub fn finding(&self) -> Option<&Finding> {
        match &self.verdict {
            Verdict::Found(finding) => Some(finding),
            _ => None,
        }
    }

    /// The answer's sentence: what was found, why it is ruled out, what is waited for, or what is missing.
    pub fn because(&self) -> &str {
        match &self.verdict {
            Verdict::Found(finding) => &finding.says,
            Verdict::Clear { because } | Verdict::CantTell { because } => because,
            Verdict::TooSoon { needs } => needs,
        }
    }
}

/// A cause that was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// How it is known.
    pub grade: Grade,
    /// One plain sentence.
    pub says: String,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
    /// What would change it.
    pub remedy: Remedy,
}

/// One number or reading behind a finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// What it is: "tf.config intra".
    pub what: String,
    /// Its value with its unit: "3 threads".
    pub value: String,
}

impl Evidence {
    /// From anything printable.
    pub fn new(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { what: what.into(), value: value.into() }
    }
}

/// What would change a finding.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Remedy {
    /// In words.
    pub text: String,
    /// As a shell line, where a variable does it.
    pub export: Option<String>,
    /// As Python, where a call does it.
    pub python: Option<String>,
    /// As caps for a rerun; empty where no cap does it.
    pub caps: Caps,
}

/// How bad: the order is the order of `--fail-on`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing to do.
    #[default]
    Healthy,
    /// Worth knowing.
    Notice,
    /// CPUs are lost to waiting.
    Oversubscribed,
    /// Most of the wanted time is waiting.
    Severe,
}

impl Level {
    /// One word for screens, JSON and `--fail-on`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Notice => "notice",
            Self::Oversubscribed => "oversubscribed",
            Self::Severe => "severe",
        }
    }
}
