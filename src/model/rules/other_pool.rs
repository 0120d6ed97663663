//! Is the busy group another pool than the one that was limited?

use crate::data::limits::Grade;
use crate::data::origin;
use crate::data::scene::{Demand, Evidence, Finding, Group, Remedy};
use crate::model::advice;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, clear};

pub const RULE: Rule =
    Rule { code: "other-pool", question: "Do other pools run beside the one that was limited?", check };

/// What pools without a limit must want together to matter, in CPUs.
const LEAST_CPUS: f64 = 0.5;

fn check(input: &RuleInput) -> RuleResult {
    let limited = [origin::TF_INTRA_OP, origin::TF_INTER_OP]
        .into_iter()
        .find_map(|origin| Some((origin, input.explicit_limit(origin)?)));
    let Some((origin, limit)) = limited else { return clear("nobody limited a TensorFlow pool") };
    let judged = input.judged()?;
    let name = if origin == origin::TF_INTRA_OP { "intra-op" } else { "inter-op" };
    let own = input.wanted(judged, &[origin]);
    let mut unlimited: Vec<(&Group, &Demand)> = input
        .groups
        .iter()
        .zip(&judged.groups)
        .filter(|(group, demand)| unlimited(group) && demand.wanted >= 0.05)
        .collect();
    unlimited.sort_by(|a, b| b.1.wanted.total_cmp(&a.1.wanted));
    let others = 0.0 + unlimited.iter().map(|(_, demand)| demand.wanted).sum::<f64>();
    let (Some((busiest, _)), true) = (unlimited.first(), others >= LEAST_CPUS && input.exceeds_explicit_limits(judged))
    else {
        return clear(format!(
            "{name} ({}) wants {own:.1} CPUs, pools that nobody limited {others:.1}",
            crate::model::rules::input::limit_of(&of(input, origin).limits)
        ));
    };
    let sum: Vec<_> = unlimited.iter().take(5).map(|(group, d)| format!("{} {:.2}", group.label, d.wanted)).collect();
    let fit = advice::fit(input, judged);
    Ok(Finding {
        level: input.level_of(judged, others),
        grade: Grade::Measured,
        message: format!(
            "{} limits {name} to {}, but pools it does not reach want {others:.1} CPUs beside its {own:.1}",
            limit.source, limit.value
        ),
        evidence: vec![
            Evidence::new(format!("{name} wants"), format!("{own:.2} CPUs")),
            Evidence::new("pools without a limit want", format!("{} CPUs", sum.join(" + "))),
            Evidence::new("all together", format!("{:.2} of {:.2} CPUs", judged.demand.wanted, input.effective_cpus())),
        ],
        remedy: Remedy {
            text: format!("limit {} too: {}", busiest.label, busiest.limits.knob.text()),
            export: advice::export(&fit.caps),
            python: advice::python(&fit.caps),
            caps: fit.caps,
        },
    })
}

/// Whether nobody limited a group. The main thread is one thread, whatever is set.
fn unlimited(group: &Group) -> bool {
    group.key.origin.as_ref() != origin::MAIN && !group.limits.effective().is_some_and(|limit| limit.was_set())
}

fn of<'a>(input: &RuleInput<'a>, origin: &str) -> &'a Group {
    let mut groups = input.of_origin(origin);
    groups.next().unwrap_or(&input.groups[0])
}
