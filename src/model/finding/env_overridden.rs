//! Does tf.config overrule a variable?

use super::super::limit::Grade;
use super::case::{TF_POOLS, variable};
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, cant_tell, clear};

pub const RULE: Rule = Rule { code: "env-overridden", asks: "Does tf.config overrule a variable?", check };

fn check(case: &Case) -> Answer {
    let Some(process) = case.tensorflow() else { return clear("no TensorFlow in this process") };
    let set: Vec<_> = TF_POOLS
        .iter()
        .filter_map(|pool| Some((pool, variable(process, pool.variable)?.trim().parse::<i64>().ok()?)))
        .filter(|(_, value)| *value > 0)
        .collect();
    if set.is_empty() {
        return clear("neither TF_NUM_INTRAOP_THREADS nor TF_NUM_INTEROP_THREADS is set");
    }
    if process.settings.tf_config.is_none() {
        return cant_tell("tf.config can't be read");
    }
    for (pool, value) in &set {
        let Some(config) = pool.in_tf_config(process).filter(|&config| config > 0 && config != *value) else {
            continue;
        };
        let threads = case.threads_in(process.key.pid, pool.origin);
        let agrees = i64::from(threads) == config;
        return Ok(Finding {
            level: Level::Notice,
            grade: if agrees { Grade::Corroborated } else { Grade::Measured },
            says: format!("{}={value} does nothing: tf.config says {config} and wins", pool.variable),
            evidence: vec![
                Evidence::new(pool.variable, value.to_string()),
                Evidence::new(format!("tf.config {}", pool.name), format!("{config} threads")),
                Evidence::new("threads of the pool", threads.to_string()),
            ],
            remedy: Remedy {
                text: format!("remove the call in the script, or pass {value} to it"),
                export: None,
                python: u32::try_from(*value).ok().map(|value| pool.setter(value)),
                caps: u32::try_from(*value).map(|value| pool.caps(value)).unwrap_or_default(),
            },
        });
    }
    let names = set.iter().map(|(pool, value)| format!("{}={value}", pool.variable)).collect::<Vec<_>>().join(", ");
    clear(format!("tf.config does not contradict {names}"))
}
