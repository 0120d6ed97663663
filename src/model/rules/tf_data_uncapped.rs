//! Does tf.data run without a limit? Each iterator makes a private pool of one thread a CPU unless its options say otherwise.

use crate::data::limits::{CapKind, Caps, Grade};
use crate::data::origin;
use crate::data::sample::{ProcessFact, Script, ScriptKnob};
use crate::data::scene::{Evidence, Finding, Remedy};
use crate::model::advice;
use crate::model::limits::knobs::DefaultCpus;
use crate::model::limits::private_pools::PrivatePool;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, clear, counted, of_each};

pub const RULE: Rule = Rule { code: "tf-data-uncapped", question: "Does tf.data run without a limit?", check };

/// What tf.data must want to matter, in CPUs.
const LEAST_CPUS: f64 = 0.25;
/// What a private pool must get to share the CPUs with others.
const WORKS_CPUS: f64 = 0.03;

fn check(input: &RuleInput) -> RuleResult {
    let has_data = input.living().filter(|(process, _)| input.threads_in(process.key.pid, origin::TF_DATA) > 0);
    of_each(input, has_data, in_process).unwrap_or_else(|| clear("the process has no tf.data threads"))
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, cpus: DefaultCpus) -> RuleResult {
    let judged = input.judged()?;
    let pid = process.key.pid;
    let (threads, wanted) = (input.threads_in(pid, origin::TF_DATA), input.wanted_in(judged, pid, &[origin::TF_DATA]));
    if wanted < LEAST_CPUS || !(input.crowded(judged) || input.exceeds_explicit_limits(judged)) {
        return clear(format!("{threads} tf.data threads want {wanted:.2} CPUs, and all that is wanted fits"));
    }
    let pools: Vec<PrivatePool> = input.private_pools().into_iter().filter(|pool| pool.pid == pid).collect();
    let private = pools.iter().map(|pool| pool.threads).sum();
    if let Some(set) = process.settings.script.as_ref().and_then(|script| private_size(script, private)) {
        return clear(format!("{private} threads in private pools, as {set} says"));
    }
    let held = process.shim.and_then(|shim| shim.cap(origin::TF_DATA));
    if let Some(cap) = held.filter(|&cap| private > 0 && private.is_multiple_of(cap)) {
        return clear(format!("{private} threads in private pools: tftop's shim holds each pool to {cap}"));
    }
    let allowed = cpus.allowed.max(1);
    // One thread would serialise the input; the pools of all iterators together are to fit. Where all fits the CPUs, what was
    // meant by a limit on other pools is what is left to wish for.
    let granted = (input.effective_cpus().ceil() as u32).max(1);
    let room = if input.crowded(judged) { granted } else { input.meant_cpus().unwrap_or(granted) };
    let working = pools.iter().filter(|pool| pool.got >= WORKS_CPUS).count();
    let size = (room / (working as u32).max(1)).max(1);
    let largest = pools.iter().map(|pool| pool.threads).max().unwrap_or(0);
    let one_a_cpu = size < allowed && !pools.is_empty() && pools.iter().all(|pool| pool.threads == allowed);
    if !one_a_cpu && largest <= size.max(allowed) && threads - private.min(threads) <= allowed {
        return clear(format!("{threads} tf.data threads, {private} in private pools: no more than would fit"));
    }
    let count = pools.len();
    let pools = if one_a_cpu {
        format!("{count} private {} of {}", if count == 1 { "pool" } else { "pools" }, counted(allowed))
    } else {
        format!("{threads} threads")
    };
    let caps = Caps::of([(CapKind::Data, input.advised_or(CapKind::Data, size))]);
    let has_that_size = !one_a_cpu && (1..=size.max(allowed)).contains(&largest);
    let text = match has_that_size {
        true => "the private pool is no larger than that already: give num_parallel_calls and cycle_length numbers",
        false => "no variable does it: set the private pool in the dataset's options, and numbers instead of AUTOTUNE",
    };
    Ok(Finding {
        level: input.level_of(judged, wanted),
        grade: if one_a_cpu { Grade::Corroborated } else { Grade::Inferred },
        message: format!(
            "tf.data has {pools} and wants {wanted:.1} CPUs; no setting of TensorFlow's other pools limits it"
        ),
        evidence: vec![
            Evidence::new("tf.data threads", threads.to_string()),
            Evidence::new("in private pools", private.to_string()),
            Evidence::new("tf.data wants", format!("{wanted:.2} CPUs")),
            Evidence::new("CPUs allowed", allowed.to_string()),
        ],
        remedy: Remedy {
            text: text.to_owned(),
            export: None,
            python: advice::python(&caps).filter(|_| !has_that_size),
            caps,
        },
    })
}

/// The line of the script that explains so many threads in private pools.
fn private_size(script: &Script, private: u32) -> Option<String> {
    let explains =
        |value: i64| u32::try_from(value).is_ok_and(|value| value > 0 && private > 0 && private.is_multiple_of(value));
    let setting = script.settings.iter().find(|w| w.knob == ScriptKnob::PrivateThreadpool && explains(w.value))?;
    let file = script.path.rsplit('/').next().unwrap_or(&script.path);
    Some(format!("{file}:{}", setting.line))
}
