//! Do others on this machine take CPUs the target is entitled to?

use crate::data::limits::Grade;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear};
use crate::model::verdict::levels::{NOT_THROTTLED_SHARE, NOTICE_SATURATION, STARVED_SHARE};

pub const RULE: Rule = Rule { code: "starved", question: "Do neighbours take CPUs that are yours?", check };

/// Of the CPUs that did not come, the share others must have used to be why.
const EXPLAINED_SHARE: f64 = 0.5;

fn check(input: &RuleInput) -> RuleResult {
    let judged = input.judged()?;
    let pressure = &judged.pressure;
    let entitled = judged.demand.wanted.min(input.effective_cpus());
    let missing = pressure.external;
    if entitled < 0.1 || missing < STARVED_SHARE * entitled {
        return clear(format!("it got {:.1} of the {entitled:.1} CPUs it could use", judged.demand.got));
    }
    if pressure.throttled_share.unwrap_or(0.0) >= NOT_THROTTLED_SHARE {
        return clear("a quota takes the CPUs away, not a neighbour");
    }
    if judged.crowd.is_some() {
        return clear("its own affinity masks crowd it, not a neighbour");
    }
    if judged.others < EXPLAINED_SHARE * missing {
        return cant_tell(format!(
            "{missing:.1} CPUs did not come, but others used only {:.1} of those allowed: perhaps its demand comes in \
             bursts, perhaps a quota that can't be seen from here",
            judged.others
        ));
    }
    let within = pressure.saturation <= NOTICE_SATURATION;
    let fine = if within { "; your limits are fine" } else { "" };
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Corroborated,
        message: format!("Neighbours take {missing:.1} of the {entitled:.1} CPUs it could use{fine}"),
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
