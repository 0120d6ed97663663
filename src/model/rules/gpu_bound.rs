//! Do the CPU's threads rest because a GPU does the work?

use crate::data::limits::Grade;
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::rules::gpu_load::{BUSY, GpuLoad, WAITS};
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear};

pub const RULE: Rule = Rule { code: "gpu-bound", question: "Does a GPU do the work?", check };

/// CPUs wanted under which nothing is going on.
const ASLEEP: f64 = 0.1;

fn check(input: &RuleInput) -> RuleResult {
    let threads: u32 = input.of_origin(origin::GPU).map(|group| group.threads).sum();
    let load = input.judged.and_then(|judged| GpuLoad::of(input, judged));
    if threads == 0 && load.is_none() {
        return clear("no GPU runtime has threads in this process");
    }
    let judged = input.judged()?;
    let (wanted, cpus) = (judged.demand.wanted, input.effective_cpus());
    if wanted >= 0.5 * cpus {
        return clear(format!("the CPU's threads want {wanted:.1} of {cpus:.1} CPUs"));
    }
    let of_cpus = || Evidence::new("wanted", format!("{wanted:.2} of {cpus:.2} CPUs"));
    let text = "CPU limits hardly matter here: make the GPU's work cheaper (mixed precision, XLA) or use more GPUs";
    match load {
        Some(load) if load.busy >= BUSY => Ok(Finding {
            level: Level::Notice,
            grade: load.grade,
            message: format!(
                "{}, and CPU demand is only {wanted:.1} of {cpus:.1}: the GPU is the limit",
                load.sentence()
            ),
            evidence: vec![load.evidence(), of_cpus()],
            remedy: Remedy { text: text.to_owned(), ..Remedy::default() },
        }),
        Some(load) if load.busy < WAITS => clear(format!("{}: it is not the limit", load.sentence())),
        Some(load) => cant_tell(format!("{}: neither all of it nor little", load.sentence())),
        None if wanted < ASLEEP => {
            cant_tell(format!("{threads} GPU threads exist and nothing runs on the CPUs: see the GPU's own load"))
        }
        None => Ok(Finding {
            level: Level::Notice,
            grade: Grade::Inferred,
            message: format!(
                "A GPU is in use and CPU demand is only {wanted:.1} of {cpus:.1}: CPU limits hardly matter here"
            ),
            evidence: vec![Evidence::new("GPU threads", threads.to_string()), of_cpus()],
            remedy: Remedy {
                text: "look at the GPU's own load; smaller CPU pools cost nothing here".to_owned(),
                ..Remedy::default()
            },
        }),
    }
}
