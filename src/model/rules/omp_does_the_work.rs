//! Does an OpenMP runtime do the work while the intra-op setting sizes an idle pool?

use crate::data::limits::{CapKind, Caps, Grade};
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Remedy};
use crate::model::advice;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, clear};

pub const RULE: Rule =
    Rule { code: "omp-does-the-work", question: "Does OpenMP do the work that intra-op is set for?", check };

/// CPUs that OpenMP must want.
const LEAST_CPUS: f64 = 0.5;

fn check(input: &RuleInput) -> RuleResult {
    if input.tensorflows().next().is_none() {
        return clear("no TensorFlow in this process");
    }
    if input.of_origin(origin::OPENMP).next().is_none() {
        return clear("the process has no OpenMP threads");
    }
    let Some(group) = input.of_origin(origin::OPENMP).find(|group| advice::is_tensorflows_team(group)) else {
        return clear("the OpenMP threads belong to another package than TensorFlow");
    };
    let judged = input.judged()?;
    let openmp: f64 =
        input.groups.iter().zip(&judged.groups).filter(|(g, _)| g.key == group.key).map(|(_, d)| d.wanted).sum();
    let intra = input.wanted(judged, &[origin::TF_INTRA_OP]);
    let Some(limit) = input.explicit_limit(origin::TF_INTRA_OP) else {
        return clear(format!("intra-op is not set; OpenMP wants {openmp:.1} CPUs, intra-op {intra:.1}"));
    };
    if openmp < LEAST_CPUS || !advice::openmp_works(input.groups, &judged.groups) {
        return clear(format!("OpenMP wants {openmp:.1} CPUs, intra-op {intra:.1}"));
    }
    let fits = (input.effective_cpus().floor() as u32).clamp(1, limit.value.max(1));
    let advised = *input.advised.caps.get(CapKind::Omp);
    let caps = Caps::of([(CapKind::Omp, advised.unwrap_or(fits).min(fits))]);
    let threads: u32 = input.of_origin(origin::TF_INTRA_OP).map(|group| group.threads).sum();
    Ok(Finding {
        level: input.level_of(judged, openmp),
        grade: Grade::Measured,
        message: format!(
            "OpenMP threads do the work ({openmp:.1} CPUs wanted); intra-op, which {} sets to {}, wants {intra:.1}",
            limit.source, limit.value
        ),
        evidence: vec![
            Evidence::new(format!("{} wants", group.label), format!("{openmp:.2} CPUs")),
            Evidence::new("intra-op wants", format!("{intra:.2} CPUs")),
            Evidence::new("intra-op threads", threads.to_string()),
        ],
        remedy: Remedy {
            text: "size the OpenMP team: it is counted for every thread that calls it".to_owned(),
            export: advice::export(&caps),
            python: None,
            caps,
        },
    })
}
