//! Is the busy group another pool than the one that was limited?

use crate::data::limits::{Caps, Grade, Knob};
use crate::data::origin;
use crate::data::scene::{Demand, Evidence, Finding, Group, Remedy};
use crate::model::advice;
use crate::model::rules::input::{RuleInput, limit_of};
use crate::model::rules::rule::{Rule, RuleResult, clear};
use crate::model::verdict::levels::NOTICE_SATURATION;

pub const RULE: Rule =
    Rule { code: "other-pool", question: "Do other pools run beside the one that was limited?", check };

/// What pools without a limit must want together to matter, in CPUs.
const LEAST_CPUS: f64 = 0.5;
/// What a chain of single ops on the inter-op pool wants at most: a thread that is woken waits while its waker still runs.
const CHAIN_CPUS: f64 = 1.5;
/// What they must get, in CPUs.
const LEAST_GOT: f64 = 0.25;

fn check(input: &RuleInput) -> RuleResult {
    let limited = [origin::TF_INTRA_OP, origin::TF_INTER_OP]
        .into_iter()
        .find_map(|origin| Some((origin, input.explicit_limit(origin)?)));
    let Some((origin, limit)) = limited else { return clear("no TensorFlow pool has a configured limit") };
    let judged = input.judged()?;
    let name = if origin == origin::TF_INTRA_OP { "intra-op" } else { "inter-op" };
    let own = input.wanted(judged, &[origin]);
    let meant = input.meant_cpus().unwrap_or(limit.value);
    // Ops that run one after another take one thread of the inter-op pool at a time: that is what was meant to run.
    let tensorflow = input.wanted(judged, &[origin::TF_INTRA_OP, origin::TF_INTER_OP]);
    let chain = |group: &Group, demand: &Demand| {
        group.key.origin.as_ref() == origin::TF_INTER_OP
            && (demand.wanted <= CHAIN_CPUS || tensorflow <= f64::from(meant) * NOTICE_SATURATION)
    };
    let mut unlimited: Vec<(&Group, &Demand)> = input
        .groups
        .iter()
        .zip(&judged.groups)
        .filter(|(group, demand)| unlimited(group) && demand.wanted >= 0.05 && !chain(group, demand))
        .collect();
    unlimited.sort_by(|a, b| b.1.wanted.total_cmp(&a.1.wanted));
    let others = 0.0 + unlimited.iter().map(|(_, demand)| demand.wanted).sum::<f64>();
    let got = 0.0 + unlimited.iter().map(|(_, demand)| demand.got).sum::<f64>();
    // In a crowd a pool can wait for much and get next to nothing: that one takes nobody's CPUs.
    let matter = others >= LEAST_CPUS && got >= LEAST_GOT && input.exceeds_explicit_limits(judged);
    let (Some((busiest, _)), true) = (unlimited.first(), matter) else {
        return clear(format!(
            "{name} ({}) wants {own:.1} CPUs, pools without a limit {others:.1}",
            limit_of(&group_of(input, origin).limits)
        ));
    };
    let of = |(group, d): &(&Group, &Demand)| format!("{} {:.2} (got {:.2})", group.label, d.wanted, d.got);
    let sum: Vec<_> = unlimited.iter().take(5).map(of).collect();
    let text = match &busiest.limits.knob {
        Knob::Setting(text) | Knob::OwnSetting(text) => format!("limit {} too: {text}", busiest.label),
        Knob::AsCoded => format!("{} are threads of the program itself: let it start fewer", busiest.label),
        Knob::None | Knob::NotRead => format!("run less of {}: tftop knows no setting for it", busiest.label),
    };
    // Where all fits the CPUs, what was meant by the limit is what is left to wish for.
    let fit = input.advised.caps;
    let wish = || advice::cap_of(busiest).map_or(fit, |kind| Caps::of([(kind, meant)]));
    let caps = if fit.is_empty() { wish() } else { fit };
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
        remedy: Remedy { text, export: advice::export(&caps), python: advice::python(&caps), caps },
    })
}

/// Whether nobody limited a group. The main thread is one thread, whatever is set.
fn unlimited(group: &Group) -> bool {
    group.key.origin.as_ref() != origin::MAIN && !group.limits.effective().is_some_and(|limit| limit.was_set())
}

fn group_of<'a>(input: &RuleInput<'a>, origin: &str) -> &'a Group {
    let mut groups = input.of_origin(origin);
    groups.next().unwrap_or(&input.groups[0])
}
