//! Does every worker process bring pools of its own?

use super::super::levels::NOTICE_SATURATION;
use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Remedy, Rule, clear};
use crate::fact::Caps;

pub const RULE: Rule = Rule { code: "many-processes", asks: "Does every worker process bring its own pools?", check };

fn check(case: &Case) -> Answer {
    let living = case.processes.iter().filter(|process| !process.ended).count();
    if living < 2 {
        return clear("one process");
    }
    let judged = case.judged()?;
    let busy = judged.processes.iter().filter(|demand| demand.wanted >= 0.25).count();
    let wanted = judged.demand.wanted;
    if busy < 2 || wanted <= case.effective_cpus() * NOTICE_SATURATION {
        return clear(format!("{busy} of {living} processes are busy; together they want {wanted:.1} CPUs"));
    }
    let each = ((case.effective_cpus() / busy as f64).floor() as u32).max(1);
    Ok(Finding {
        level: case.blame(judged),
        grade: Grade::Measured,
        says: format!("{busy} busy processes want {wanted:.1} CPUs together: every one has its own pools"),
        evidence: vec![
            Evidence::new("processes", format!("{living}, {busy} of them busy")),
            Evidence::new("wanted together", format!("{wanted:.2} of {:.2} CPUs", case.effective_cpus())),
        ],
        remedy: Remedy {
            text: format!("a limit holds per process: give each {each}, or start fewer workers"),
            export: Some(format!(
                "export TF_NUM_INTRAOP_THREADS={each} TF_NUM_INTEROP_THREADS={each} OMP_NUM_THREADS={each}"
            )),
            python: None,
            caps: Caps { intra: Some(each), inter: Some(each), omp: Some(each), blas: Some(each), ..Caps::default() },
        },
    })
}
