//! Do the compute pools idle because the input pipeline can't keep up?

use crate::data::limits::Grade;
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::rules::input::{COMPUTE, RuleInput};
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear};

pub const RULE: Rule = Rule { code: "input-bound", question: "Does computing wait for input?", check };

/// Share of the CPUs under which compute pools idle.
const IDLE_SHARE: f64 = 0.2;
/// CPUs that compute pools must have got to have had work.
const WORKED: f64 = 0.05;
/// CPUs of work that one thread can't do faster.
const ONE_THREAD: f64 = 0.9;

fn check(input: &RuleInput) -> RuleResult {
    if input.tensorflows().next().is_none() {
        return clear("no TensorFlow in this process");
    }
    let judged = input.judged()?;
    let (compute, data) = (input.wanted(judged, &COMPUTE), input.wanted(judged, &[origin::TF_DATA]));
    let python = input.wanted(judged, &[origin::PYTHON, origin::MAIN]);
    if compute >= IDLE_SHARE * input.effective_cpus() || data + python < ONE_THREAD {
        return clear(format!("compute pools want {compute:.1} CPUs, tf.data {data:.1}, Python {python:.1}"));
    }
    let computed: f64 = input
        .groups
        .iter()
        .zip(&judged.groups)
        .filter(|(group, _)| COMPUTE.contains(&group.key.origin.as_ref()))
        .map(|(_, demand)| demand.got)
        .sum();
    if computed < WORKED {
        return clear("no compute pool worked: nothing there waits for input");
    }
    if data < ONE_THREAD {
        return cant_tell(format!(
            "compute pools idle while Python's threads want {python:.1} CPUs: input, or operations that run in them; only \
             their stacks tell"
        ));
    }
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Inferred,
        message: format!("Compute pools want only {compute:.1} CPUs while tf.data wants {data:.1}: computing waits for input"),
        evidence: vec![
            Evidence::new("compute pools want", format!("{compute:.2} CPUs")),
            Evidence::new("tf.data wants", format!("{data:.2} CPUs")),
            Evidence::new("Python wants", format!("{python:.2} CPUs")),
        ],
        remedy: Remedy {
            text: "make the pipeline cheaper (cache, batch before map) or, with CPUs to spare, wider (num_parallel_calls, \
                   prefetch); larger compute pools won't help"
                .to_owned(),
            ..Remedy::default()
        },
    })
}
