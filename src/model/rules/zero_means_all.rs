//! Did somebody write 0 and get every CPU?

use crate::data::limits::Grade;
use crate::data::sample::ProcessFact;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::limits::knobs::DefaultCpus;
use crate::model::rules::input::{RuleInput, TF_POOLS, TfPool, variable};
use crate::model::rules::rule::{Rule, RuleResult, clear, of_each_tensorflow, origins_unread, too_soon};

pub const RULE: Rule = Rule { code: "zero-means-all", question: "Did a 0 ask for every CPU?", check };

fn check(input: &RuleInput) -> RuleResult {
    of_each_tensorflow(input, in_process)
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, cpus: DefaultCpus) -> RuleResult {
    let zeros: Vec<(&TfPool, &str)> =
        TF_POOLS.iter().filter_map(|pool| Some((pool, who_wrote_zero(pool, process)?))).collect();
    if zeros.is_empty() {
        return clear("no setting is 0");
    }
    let doubtful = input.doubtful_in(process.key.pid);
    if doubtful > 0 {
        return origins_unread(doubtful);
    }
    let sizes: Vec<u32> = zeros.iter().map(|(pool, _)| pool.size_in(input, process.key.pid)).collect();
    if sizes.iter().all(|&threads| threads == 0) {
        return too_soon("TensorFlow to create its pools");
    }
    let all = zeros.iter().zip(sizes).find(|(_, threads)| *threads > 1 && *threads == cpus.allowed);
    let Some(((pool, who), threads)) = all else { return clear("0 was written, but no pool has one thread a CPU") };
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Corroborated,
        message: format!("{} = 0 in {who} means all CPUs: the pool has {threads} threads", pool.name()),
        evidence: vec![
            Evidence::new(*who, format!("{} = 0", pool.name())),
            Evidence::new("threads of the pool", threads.to_string()),
            Evidence::new("CPUs allowed", cpus.allowed.to_string()),
        ],
        remedy: Remedy {
            text: "write the number of threads you want; 1 is the smallest pool".to_owned(),
            export: Some(pool.export(1)),
            python: Some(pool.setter(1)),
            caps: pool.caps(1),
        },
    })
}

fn who_wrote_zero(pool: &TfPool, process: &ProcessFact) -> Option<&'static str> {
    match pool.in_tf_config(process) {
        Some(0) if variable(process, pool.variable()).is_none_or(|value| value.trim() == "0") => Some("tf.config"),
        None if variable(process, pool.variable()).is_some_and(|value| value.trim() == "0") => Some(pool.variable()),
        _ => None,
    }
}
