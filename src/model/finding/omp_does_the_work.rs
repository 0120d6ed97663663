//! Does an OpenMP runtime do the work while the intra-op setting sizes an idle pool?

use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Remedy, Rule, clear};
use crate::fact::Caps;

pub const RULE: Rule =
    Rule { code: "omp-does-the-work", asks: "Does OpenMP do the work that intra-op is set for?", check };

fn check(case: &Case) -> Answer {
    let Some(process) = case.tensorflow() else { return clear("no TensorFlow in this process") };
    if !case.groups.iter().any(|group| group.key.origin.as_ref() == "openmp") {
        return clear("the process has no OpenMP threads");
    }
    let judged = case.judged()?;
    let (openmp, intra) = (case.wanted(judged, &["openmp"]), case.wanted(judged, &["tf-intra-op"]));
    let Some((limit, who)) = case.wish("tf-intra-op") else {
        return clear(format!("nobody set intra-op; OpenMP wants {openmp:.1} CPUs, intra-op {intra:.1}"));
    };
    if openmp < 0.5 || openmp < 4.0 * intra {
        return clear(format!("OpenMP wants {openmp:.1} CPUs, intra-op {intra:.1}"));
    }
    let fits = (case.effective_cpus().floor() as u32).clamp(1, limit.max(1));
    Ok(Finding {
        level: case.blame(judged),
        grade: Grade::Measured,
        says: format!(
            "OpenMP threads want {openmp:.1} CPUs, the intra-op pool that {who} sets to {limit} wants {intra:.1}"
        ),
        evidence: vec![
            Evidence::new("OpenMP wants", format!("{openmp:.2} CPUs")),
            Evidence::new("intra-op wants", format!("{intra:.2} CPUs")),
            Evidence::new("intra-op threads", case.threads_in(process.key.pid, "tf-intra-op").to_string()),
        ],
        remedy: Remedy {
            text: "cap the OpenMP team; the intra-op setting feeds an idle pool".to_owned(),
            export: Some(format!("export OMP_NUM_THREADS={fits}")),
            python: None,
            caps: Caps { omp: Some(fits), ..Caps::default() },
        },
    })
}
