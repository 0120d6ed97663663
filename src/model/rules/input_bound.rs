//! Do the compute pools, or the GPU, idle because the input pipeline can't keep up?

use crate::data::limits::Grade;
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::rules::gpu_load::{BUSY, GpuLoad, WAITS};
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
    let gpu = GpuLoad::of(input, judged);
    if let Some(gpu) = gpu.filter(|gpu| gpu.busy >= BUSY) {
        return clear(format!("{}: it does not wait for input", gpu.sentence()));
    }
    let waiting_gpu = match gpu {
        Some(gpu) if gpu.busy >= WAITS => {
            return cant_tell(format!("{}: neither all of it nor little", gpu.sentence()));
        }
        gpu => gpu,
    };
    let computed: f64 = input
        .groups
        .iter()
        .zip(&judged.groups)
        .filter(|(group, _)| COMPUTE.contains(&group.key.origin.as_ref()))
        .map(|(_, demand)| demand.got)
        .sum();
    if computed < WORKED && waiting_gpu.is_none_or(|gpu| gpu.busy < WORKED) {
        return clear("no compute pool worked: nothing there waits for input");
    }
    if data < ONE_THREAD {
        return cant_tell(format!(
            "compute pools idle while Python's threads want {python:.1} CPUs: input, or operations that run in them; only \
             their stacks tell"
        ));
    }
    let message = match waiting_gpu {
        Some(gpu) => format!("{} while tf.data wants {data:.1} CPUs: the GPU waits for input", gpu.sentence()),
        None => format!(
            "Compute pools want only {compute:.1} CPUs while tf.data wants {data:.1}: computing waits for input"
        ),
    };
    let mut evidence = vec![
        Evidence::new("compute pools want", format!("{compute:.2} CPUs")),
        Evidence::new("tf.data wants", format!("{data:.2} CPUs")),
        Evidence::new("Python wants", format!("{python:.2} CPUs")),
    ];
    evidence.extend(waiting_gpu.map(|gpu| gpu.evidence()));
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Inferred,
        message,
        evidence,
        remedy: Remedy {
            text: "make the pipeline cheaper (cache, batch before map) or, with CPUs to spare, wider (num_parallel_calls, \
                   prefetch); larger compute pools won't help"
                .to_owned(),
            ..Remedy::default()
        },
    })
}
