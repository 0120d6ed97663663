//! What a rule is, and how rules give their answers.

use crate::data::limits::Grade;
use crate::data::sample::{CounterSource, ProcessFact};
use crate::data::scene::{Answer, Evidence, Finding, Level, RuleAnswer};
use crate::model::limits::knobs::DefaultCpus;
use crate::model::limits::program_settings::truthful;
use crate::model::rules::input::RuleInput;

/// A rule: one cause it looks for.
#[derive(Debug)]
pub struct Rule {
    /// Its code, stable: "late-setting".
    pub code: &'static str,
    /// What it answers, as a question for people.
    pub question: &'static str,
    /// Its answer at a moment.
    pub check: fn(&RuleInput) -> RuleResult,
}

impl Rule {
    /// Its answer, graded by what the counters allow.
    pub fn judge(&self, input: &RuleInput) -> RuleAnswer {
        let estimated = input.source == CounterSource::StatTicks;
        let found = |finding: Finding| {
            // Without schedstat every demand is an estimate, and so is what follows from it.
            let grade = if estimated { Grade::Inferred } else { finding.grade };
            let remedy = truthful(input, finding.remedy);
            Answer::Found(Box::new(Finding { grade, remedy, ..finding }))
        };
        let answer = (self.check)(input).map_or_else(|none| none, found);
        RuleAnswer { code: self.code, question: self.question, answer }
    }
}

/// A finding, or why there is none.
pub type RuleResult = Result<Finding, Answer>;

/// What a rule about one process's settings says of the first process in which it finds something that is more than a note, else
/// of the first with a note, else of the first in which it is open, else of the first.
pub fn of_each<'a>(
    input: &RuleInput<'a>,
    processes: impl Iterator<Item = (&'a ProcessFact, DefaultCpus)>,
    check: fn(&RuleInput<'a>, &'a ProcessFact, DefaultCpus) -> RuleResult,
) -> Option<RuleResult> {
    let (mut first, mut note) = (None, None);
    for (process, cpus) in processes {
        match check(input, process, cpus) {
            Ok(mut finding) => {
                if input.processes.len() > 1 {
                    finding.evidence.push(Evidence::new("process", process.key.pid.to_string()));
                }
                if finding.level > Level::Healthy {
                    return Some(Ok(finding));
                }
                note = note.or(Some(Ok(finding)));
            }
            // What is open for one process is not ruled out by another.
            Err(Answer::Clear { because }) => first = first.or_else(|| Some(clear(because))),
            open if matches!(first, None | Some(Err(Answer::Clear { .. }))) => first = Some(open),
            _ => {}
        }
    }
    note.or(first)
}

/// The same for processes that run TensorFlow.
pub fn of_each_tensorflow<'a>(
    input: &RuleInput<'a>,
    check: fn(&RuleInput<'a>, &'a ProcessFact, DefaultCpus) -> RuleResult,
) -> RuleResult {
    of_each(input, input.tensorflows(), check).unwrap_or_else(|| clear("no TensorFlow in this process"))
}

/// The answer where a rule would have to count threads that nobody can tell apart.
pub fn origins_unread(threads: usize) -> RuleResult {
    cant_tell(format!(
        "the origin of {threads} threads is not known: their names can't be read from the process's memory"
    ))
}

/// "1 thread", "2 threads".
pub fn counted(threads: u32) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

pub fn clear(because: impl Into<String>) -> RuleResult {
    Err(Answer::Clear { because: because.into() })
}

pub fn cant_tell(because: impl Into<String>) -> RuleResult {
    Err(Answer::CantTell { because: because.into() })
}

pub fn too_soon(needs: impl Into<String>) -> RuleResult {
    Err(Answer::TooSoon { needs: needs.into() })
}
