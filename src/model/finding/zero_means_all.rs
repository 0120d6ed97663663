//! Did somebody write 0 and get every CPU?

use super::super::limit::Grade;
use super::case::{TF_POOLS, variable};
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, clear, too_soon};

pub const RULE: Rule = Rule { code: "zero-means-all", asks: "Did a 0 ask for every CPU?", check };

fn check(case: &Case) -> Answer {
    let Some(process) = case.tensorflow() else { return clear("no TensorFlow in this process") };
    let mut zeros = 0;
    for pool in &TF_POOLS {
        let in_config = pool.in_tf_config(process);
        let zero_variable = variable(process, pool.variable).is_some_and(|value| value.trim() == "0");
        let who = match (in_config, zero_variable) {
            (Some(0), _) => "tf.config",
            (None, true) => pool.variable,
            _ => continue,
        };
        zeros += 1;
        let threads = case.threads_in(process.key.pid, pool.origin);
        if threads <= 1 {
            continue;
        }
        return Ok(Finding {
            level: Level::Notice,
            grade: Grade::Corroborated,
            says: format!("{} = 0 in {who} does not mean none: the pool has {threads} threads, one a CPU", pool.name),
            evidence: vec![Evidence::new(who, "0"), Evidence::new("threads of the pool", threads.to_string())],
            remedy: Remedy {
                text: "write the number of threads you want; 1 is the smallest pool".to_owned(),
                export: Some(pool.export(1)),
                python: Some(pool.setter(1)),
                caps: pool.caps(1),
            },
        });
    }
    if zeros > 0 { too_soon("TensorFlow to build its pools") } else { clear("nobody wrote 0") }
}
