//! Does XLA run on pools of its own, which the intra-op setting only partly sizes?

use crate::data::limits::{Caps, Grade, Knob};
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Remedy};
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, clear};

pub const RULE: Rule = Rule { code: "xla-own-pool", question: "Does XLA run on pools that no setting limits?", check };

/// What XLA must want to matter, in CPUs.
const LEAST_CPUS: f64 = 0.25;

fn check(input: &RuleInput) -> RuleResult {
    let threads: u32 = input.of_origin(origin::XLA).map(|group| group.threads).sum();
    if threads == 0 {
        return clear("the process has no XLA threads");
    }
    let judged = input.judged()?;
    let wanted = input.wanted(judged, &[origin::XLA]);
    if wanted < LEAST_CPUS || !(input.crowded(judged) || input.exceeds_explicit_limits(judged)) {
        return clear(format!("{threads} XLA threads want {wanted:.2} CPUs, and all that is wanted fits"));
    }
    let allowed = input.sizes.whole.allowed;
    let fits = (input.effective_cpus().floor() as u32).max(1);
    let narrower = fits < allowed;
    let own = input.of_origin(origin::XLA).find_map(|group| match &group.limits.knob {
        Knob::OwnSetting(text) => Some(text),
        _ => None,
    });
    let sized = own.map_or("only CPU affinity limits most of its pools".to_owned(), |own| format!("limited by: {own}"));
    let mut evidence = vec![
        Evidence::new("XLA threads", threads.to_string()),
        Evidence::new("XLA wants", format!("{wanted:.2} CPUs")),
        Evidence::new("CPUs allowed", allowed.to_string()),
    ];
    if input.tensorflows().next().is_some() {
        let limit = input.explicit_limit(origin::TF_INTRA_OP);
        let intra = limit.map_or("not set".to_owned(), |limit| limit.value.to_string());
        evidence.insert(2, Evidence::new("intra-op limit", intra));
    }
    Ok(Finding {
        level: input.level_of(judged, wanted),
        grade: Grade::Measured,
        message: format!("XLA's own {threads} threads want {wanted:.1} CPUs; {sized}"),
        evidence,
        remedy: Remedy {
            text: match narrower {
                true => format!("start under taskset or in a cpuset of {fits} CPUs: XLA sizes its pools to them"),
                false => "XLA already follows the CPUs it may use: cap the pools that run beside it".to_owned(),
            },
            export: None,
            python: None,
            caps: if narrower { Caps { cpus: Some(fits), ..Caps::default() } } else { Caps::default() },
        },
    })
}
