//! Do the CPU's threads rest because a GPU does the work?

use crate::data::limits::Grade;
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear};

pub const RULE: Rule = Rule { code: "gpu-bound", question: "Does a GPU do the work?", check };

/// CPUs wanted under which nothing is going on.
const ASLEEP: f64 = 0.1;

fn check(input: &RuleInput) -> RuleResult {
    let gpu: u32 = input.of_origin(origin::GPU).map(|group| group.threads).sum();
    if gpu == 0 {
        return clear("no GPU runtime has threads in this process");
    }
    let judged = input.judged()?;
    let wanted = judged.demand.wanted;
    if wanted >= 0.5 * input.effective_cpus() {
        return clear(format!("the CPU's threads want {wanted:.1} of {:.1} CPUs", input.effective_cpus()));
    }
    if wanted < ASLEEP {
        return cant_tell(format!("{gpu} GPU threads exist and nothing runs on the CPUs: the GPU's own load tells"));
    }
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Inferred,
        message: format!(
            "A GPU is in use and only {wanted:.1} of {:.1} CPUs are wanted: CPU limits hardly matter here",
            input.effective_cpus()
        ),
        evidence: vec![
            Evidence::new("GPU threads", gpu.to_string()),
            Evidence::new("wanted", format!("{wanted:.2} of {:.2} CPUs", input.effective_cpus())),
        ],
        remedy: Remedy {
            text: "look at the GPU's own load; smaller CPU pools cost nothing here".to_owned(),
            ..Remedy::default()
        },
    })
}
