//! Do others on this machine take CPUs the target is entitled to?

use super::super::levels::{NOT_THROTTLED_SHARE, NOTICE_SATURATION, STARVED_SHARE};
use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, clear};

pub const RULE: Rule = Rule { code: "starved", asks: "Do neighbours take CPUs that are yours?", check };

fn check(case: &Case) -> Answer {
    let judged = case.judged()?;
    let pressure = &judged.pressure;
    let entitled = judged.demand.wanted.min(case.effective_cpus());
    let missing = pressure.external;
    if entitled < 0.1 || missing < STARVED_SHARE * entitled {
        return clear(format!("got all but {missing:.1} of the {entitled:.1} CPUs it could use"));
    }
    if pressure.throttled_share.unwrap_or(0.0) >= NOT_THROTTLED_SHARE {
        return clear("a quota takes the CPUs away, not a neighbour");
    }
    let others: f64 = case.cpus.iter().filter(|cpu| cpu.allowed).map(|cpu| cpu.others).sum();
    let within = pressure.saturation <= NOTICE_SATURATION;
    let fine = if within { "; your limits are fine" } else { "" };
    Ok(Finding {
        level: Level::Notice,
        grade: if others >= missing * 0.5 { Grade::Corroborated } else { Grade::Inferred },
        says: format!("Neighbours take {missing:.1} of the {entitled:.1} CPUs it could use{fine}"),
        evidence: vec![
            Evidence::new("entitled to", format!("{entitled:.2} CPUs")),
            Evidence::new("got", format!("{:.2} CPUs", judged.demand.got)),
            Evidence::new("others on the allowed CPUs", format!("{others:.2} CPUs")),
        ],
        remedy: Remedy {
            text: "move the neighbour or this process to other CPUs; smaller pools would not bring these CPUs back"
                .to_owned(),
            ..Remedy::default()
        },
    })
}
