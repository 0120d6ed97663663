//! Do the CPU's threads rest because a GPU does the work?

use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, clear};

pub const RULE: Rule = Rule { code: "gpu-bound", asks: "Does a GPU do the work?", check };

fn check(case: &Case) -> Answer {
    let gpu: u32 = case.groups.iter().filter(|g| g.key.origin.as_ref() == "gpu").map(|g| g.threads).sum();
    if gpu == 0 {
        return clear("no GPU runtime has threads in this process");
    }
    let judged = case.judged()?;
    let wanted = judged.demand.wanted;
    if wanted >= 0.5 * case.effective_cpus() {
        return clear(format!("the CPU's threads want {wanted:.1} of {:.1} CPUs", case.effective_cpus()));
    }
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Inferred,
        says: format!(
            "{gpu} GPU threads exist and the CPUs are wanted little ({wanted:.1}): CPU limits hardly matter here"
        ),
        evidence: vec![
            Evidence::new("GPU threads", gpu.to_string()),
            Evidence::new("wanted", format!("{wanted:.2} of {:.2} CPUs", case.effective_cpus())),
        ],
        remedy: Remedy {
            text: "look at the GPU's own load; smaller CPU pools cost nothing here".to_owned(),
            ..Remedy::default()
        },
    })
}
