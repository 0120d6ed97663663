//! Does a CPU quota take CPUs away?

use super::super::levels::THROTTLED_SHARE;
use super::super::limit::Grade;
use super::super::scene::TermKind;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, cant_tell, clear};
use crate::fact::Caps;

pub const RULE: Rule = Rule { code: "throttled", asks: "Does a CPU quota take CPUs away?", check };

fn check(case: &Case) -> Answer {
    let quotas = || case.capacity.terms.iter().filter(|term| term.kind == TermKind::Quota);
    if quotas().next().is_none() {
        return clear("no CPU quota stands over the process");
    }
    case.judged()?;
    let throttled = quotas().filter_map(|term| Some((term, term.throttled_share?)));
    let Some((quota, share)) = throttled.max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return cant_tell("fewer than 10 quota periods had work in them, or cpu.stat can't be read");
    };
    if share <= THROTTLED_SHARE {
        return clear(format!("{:.0} % of the quota's periods were throttled", share * 100.0));
    }
    let place = quota.place.as_ref().map_or("a cgroup", |place| place.as_str());
    let fits = (quota.cpus.floor() as u32).max(1);
    Ok(Finding {
        level: Level::Oversubscribed,
        grade: Grade::Measured,
        says: format!("A quota of {:.2} CPUs stopped the process in {:.0} % of its periods", quota.cpus, share * 100.0),
        evidence: vec![
            Evidence::new("quota", format!("{:.2} CPUs in {place}", quota.cpus)),
            Evidence::new("throttled periods", format!("{:.0} %", share * 100.0)),
            Evidence::new("CPUs allowed by affinity", case.sizes.allowed.to_string()),
        ],
        remedy: Remedy {
            text: format!("raise the quota, or size the pools to it: {fits} for each"),
            export: Some(format!("export TF_NUM_INTRAOP_THREADS={fits} TF_NUM_INTEROP_THREADS={fits}")),
            python: None,
            caps: Caps { intra: Some(fits), inter: Some(fits), ..Caps::default() },
        },
    })
}
