//! Does tf.config overrule a variable?

use crate::data::limits::Grade;
use crate::data::sample::ProcessFact;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::limits::knobs::DefaultCpus;
use crate::model::rules::input::{RuleInput, TF_POOLS, TfPool, number};
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear, of_each_tensorflow, origins_unread, too_soon};

pub const RULE: Rule = Rule { code: "env-overridden", question: "Does tf.config overrule a variable?", check };

fn check(input: &RuleInput) -> RuleResult {
    of_each_tensorflow(input, in_process)
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, _: DefaultCpus) -> RuleResult {
    let set = |pool: &'static TfPool| Some((pool, number(process, pool.variable()).filter(|&value| value > 0)?));
    let set: Vec<(&TfPool, u32)> = TF_POOLS.iter().filter_map(set).collect();
    if set.is_empty() {
        return clear("neither TF_NUM_INTRAOP_THREADS nor TF_NUM_INTEROP_THREADS is set");
    }
    let Some(config) = process.settings.tf_config else { return cant_tell("tf.config can't be read") };
    let mut silent = None;
    for (pool, value) in &set {
        let other = pool.in_tf_config(process).and_then(|set| u32::try_from(set).ok());
        match other.filter(|&other| other > 0 && other != *value) {
            Some(other) => match contradiction(input, process, pool, *value, other) {
                Ok(finding) => return Ok(finding),
                answer => silent = silent.or(Some(answer)),
            },
            None if config.from_proto => {
                silent = silent.or(Some(cant_tell("the context was given a ConfigProto, whose numbers are not read")))
            }
            None => {}
        }
    }
    silent.unwrap_or_else(|| {
        let variables: Vec<_> = set.iter().map(|(pool, value)| format!("{}={value}", pool.variable())).collect();
        clear(format!("tf.config does not contradict {}", variables.join(", ")))
    })
}

/// tf.config and the variable differ: the pool says who won.
fn contradiction(input: &RuleInput, process: &ProcessFact, pool: &TfPool, value: u32, config: u32) -> RuleResult {
    let doubtful = input.doubtful_in(process.key.pid);
    if doubtful > 0 {
        return origins_unread(doubtful);
    }
    let threads = pool.size_in(input, process.key.pid);
    if threads == 0 {
        return too_soon(format!(
            "TensorFlow to create its pools: tf.config says {config}, {} {value}",
            pool.variable()
        ));
    }
    if threads != config {
        return clear(format!(
            "tf.config's {config} did not count: the pool has {threads}, {} is {value}",
            pool.variable()
        ));
    }
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Corroborated,
        message: format!(
            "{}={value} does nothing: tf.config says {config} and the pool has {threads}",
            pool.variable()
        ),
        evidence: vec![
            Evidence::new(pool.variable(), value.to_string()),
            Evidence::new(format!("tf.config {}", pool.name()), format!("{config} threads")),
            Evidence::new("threads of the pool", threads.to_string()),
        ],
        remedy: Remedy {
            text: format!("tf.config always wins: remove the call from the program, or pass {value} to it"),
            export: None,
            python: Some(pool.setter(value)),
            caps: pool.caps(value),
        },
    })
}
