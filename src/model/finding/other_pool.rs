//! Is the busy group another pool than the one that was limited?

use super::super::levels::NOTICE_SATURATION;
use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Remedy, Rule, clear};
use crate::model::advice;

pub const RULE: Rule = Rule { code: "other-pool", asks: "Do other pools run beside the one that was limited?", check };

fn check(case: &Case) -> Answer {
    let limited = ["tf-intra-op", "tf-inter-op"].iter().find_map(|origin| Some((*origin, case.wish(origin)?)));
    let Some((origin, (limit, who))) = limited else { return clear("nobody limited a TensorFlow pool") };
    let judged = case.judged()?;
    let own = case.wanted(judged, &[origin]);
    let total = judged.demand.wanted;
    let others = total - own;
    let name = if origin == "tf-intra-op" { "intra-op" } else { "inter-op" };
    if total <= f64::from(limit) * NOTICE_SATURATION || others < 0.5 {
        return clear(format!("{name} wants {own:.1} CPUs, everything else {others:.1}; the limit is {limit}"));
    }
    let mut beside: Vec<_> = case
        .groups
        .iter()
        .zip(&judged.groups)
        .filter(|(group, demand)| group.key.origin.as_ref() != origin && demand.wanted >= 0.05)
        .collect();
    beside.sort_by(|a, b| b.1.wanted.total_cmp(&a.1.wanted));
    let Some((busiest, _)) = beside.first() else { return clear("no other group wants a CPU") };
    let beside_sum: Vec<_> = beside.iter().take(5).map(|(g, d)| format!("{} {:.2}", g.label, d.wanted)).collect();
    let sum = beside_sum.join(" + ");
    let caps = advice::caps(case, judged);
    Ok(Finding {
        level: case.blame(judged),
        grade: Grade::Measured,
        says: format!("{who} limits {name} to {limit}, but other pools want {others:.1} CPUs beside its {own:.1}"),
        evidence: vec![
            Evidence::new(format!("{name} wants"), format!("{own:.2} CPUs")),
            Evidence::new("other pools want", format!("{sum} CPUs")),
            Evidence::new("together", format!("{total:.2} of {:.2} CPUs", case.effective_cpus())),
        ],
        remedy: Remedy {
            text: format!("limit {} too: {}", busiest.label, busiest.limits.knob),
            export: advice::export(&caps),
            python: advice::python(&caps),
            caps,
        },
    })
}
