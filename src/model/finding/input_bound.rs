//! Do the compute pools idle because the input pipeline can't keep up?

use super::super::limit::Grade;
use super::case::COMPUTE;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, clear};

pub const RULE: Rule = Rule { code: "input-bound", asks: "Does computing wait for input?", check };

fn check(case: &Case) -> Answer {
    if case.tensorflow().is_none() {
        return clear("no TensorFlow in this process");
    }
    let judged = case.judged()?;
    let compute = case.wanted(judged, &COMPUTE);
    let input = case.wanted(judged, &["tf-data", "python", "main"]);
    if compute >= 0.2 * case.effective_cpus() || input < 0.5 {
        return clear(format!("compute pools want {compute:.1} CPUs, input and Python {input:.1}"));
    }
    let data = case.wanted(judged, &["tf-data"]);
    let who = if data >= 0.5 * input { "tf.data" } else { "Python" };
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Inferred,
        says: format!("Compute pools want only {compute:.1} CPUs while {who} wants {input:.1}: training waits for input"),
        evidence: vec![
            Evidence::new("compute pools want", format!("{compute:.2} CPUs")),
            Evidence::new("tf.data wants", format!("{data:.2} CPUs")),
            Evidence::new("Python wants", format!("{:.2} CPUs", input - data)),
        ],
        remedy: Remedy {
            text: "give the pipeline more (num_parallel_calls, prefetch, interleave) or do less in Python; larger compute pools won't help"
                .to_owned(),
            ..Remedy::default()
        },
    })
}
