//! Do others on this machine take CPUs the target is entitled to?

use crate::data::limits::Grade;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::judged_window::JudgedWindow;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear};
use crate::model::rules::{
    blas_other_variable, env_overridden, env_too_late, late_setting, omp_not_used, other_pool, tf_data_uncapped,
    zero_means_all,
};
use crate::model::verdict::levels::{NOT_THROTTLED_SHARE, is_loss, is_taken};
use crate::model::verdict::stopped::stopped;

pub const RULE: Rule = Rule { code: "starved", question: "Do neighbours take CPUs that are yours?", check };

/// Causes that say that a limit does not do what it was set for.
const OF_LIMITS: [&Rule; 8] = [
    &late_setting::RULE,
    &env_overridden::RULE,
    &env_too_late::RULE,
    &zero_means_all::RULE,
    &omp_not_used::RULE,
    &blas_other_variable::RULE,
    &tf_data_uncapped::RULE,
    &other_pool::RULE,
];

/// "; your limits are fine", where they are: no more is wanted than there is, no pool exceeds its limit, and no cause says
/// that one does nothing.
pub fn praise(input: &RuleInput, judged: &JudgedWindow) -> &'static str {
    let fine = judged.demand.wanted <= input.effective_cpus()
        && input.groups.iter().all(|group| group.limits.exceeded_by == 0)
        && OF_LIMITS.iter().all(|rule| (rule.check)(input).is_err());
    if fine { "; your limits are fine" } else { "" }
}

fn check(input: &RuleInput) -> RuleResult {
    if stopped(input).is_some() {
        return clear("a signal or a debugger stopped it, not a neighbour");
    }
    let judged = input.judged()?;
    let pressure = &judged.pressure;
    let entitled = judged.demand.wanted.min(input.effective_cpus());
    let missing = pressure.external;
    if !is_loss(missing, entitled, input.effective_cpus(), 1.0) {
        return clear(format!("it got {:.1} of the {entitled:.1} CPUs it could use", judged.demand.got));
    }
    if pressure.throttled_share.unwrap_or(0.0) >= NOT_THROTTLED_SHARE {
        return clear("a quota takes the CPUs away, not a neighbour");
    }
    if judged.crowd.is_some() {
        return clear("its own affinity masks are the cause, not a neighbour");
    }
    if !is_taken(missing, judged.others, judged.idle) {
        return cant_tell(format!(
            "{missing:.1} CPUs were missing, but of the allowed CPUs others used {:.1} and {:.1} were idle: demand may come \
             in bursts, or a quota is not visible from here",
            judged.others, judged.idle
        ));
    }
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Corroborated,
        message: format!(
            "Neighbours take {missing:.1} of the {entitled:.1} CPUs it could use{}",
            praise(input, judged)
        ),
        evidence: vec![
            Evidence::new("could use", format!("{entitled:.2} CPUs")),
            Evidence::new("got", format!("{:.2} CPUs", judged.demand.got)),
            Evidence::new("others used of the allowed CPUs", format!("{:.2} CPUs", judged.others)),
        ],
        remedy: Remedy {
            text: "move the neighbour or this process to other CPUs; smaller pools would not bring these CPUs back"
                .to_owned(),
            ..Remedy::default()
        },
    })
}
