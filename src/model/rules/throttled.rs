//! Does a CPU quota take CPUs away?

use crate::data::limits::Grade;
use crate::data::scene::{Evidence, Finding, Level, Remedy, TermKind};
use crate::model::advice;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear};
use crate::model::verdict::levels::{NOT_THROTTLED_SHARE, THROTTLED_SHARE};

pub const RULE: Rule = Rule { code: "throttled", question: "Does a CPU quota take CPUs away?", check };

/// Of a quota that ran out, the share the target used from which on the target is why.
const OWN_SHARE: f64 = 0.5;

fn check(input: &RuleInput) -> RuleResult {
    if !input.capacity.terms.iter().any(|term| term.kind == TermKind::Quota) {
        return clear("no CPU quota applies to the whole target");
    }
    let judged = input.judged()?;
    let Some(quota) = &judged.throttling else {
        return cant_tell("fewer than 10 quota periods had work in them, or cpu.stat can't be read");
    };
    let share = quota.share * 100.0;
    if quota.share <= THROTTLED_SHARE {
        return clear(format!("{share:.0} % of the quota's periods were throttled"));
    }
    let own = judged.demand.got >= OWN_SHARE * quota.cpus;
    let others = if own { "" } else { ", mostly by other processes in its cgroup" };
    let binds = quota.cpus < f64::from(input.sizes.whole.allowed);
    Ok(Finding {
        level: if binds { Level::Oversubscribed.max(judged.condition.level()) } else { Level::Notice },
        grade: if own { Grade::Measured } else { Grade::Inferred },
        message: format!(
            "The CPU quota of {:.2} CPUs ran out in {share:.0} % of its periods{others}; all threads stop until the next period",
            quota.cpus
        ),
        evidence: vec![
            Evidence::new("quota", format!("{:.2} CPUs in {}", quota.cpus, quota.place)),
            Evidence::new("throttled periods", format!("{share:.0} %, alarming from {:.0} %", THROTTLED_SHARE * 100.0)),
            Evidence::new("used", format!("{:.2} CPUs", judged.demand.got)),
            Evidence::new("CPUs allowed by affinity", input.sizes.whole.allowed.to_string()),
        ],
        remedy: Remedy {
            text: format!(
                "raise the quota, or size the pools to it; below {:.0} % the quota no longer matters",
                NOT_THROTTLED_SHARE * 100.0
            ),
            export: advice::export(&input.advised.caps),
            python: advice::python(&input.advised.caps),
            caps: input.advised.caps,
        },
    })
}
