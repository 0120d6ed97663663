//! Does XLA run on pools of its own, which the intra-op setting only partly sizes?

use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Remedy, Rule, clear};
use crate::fact::Caps;

pub const RULE: Rule = Rule { code: "xla-own-pool", asks: "Does XLA run on pools that no setting sizes?", check };

fn check(case: &Case) -> Answer {
    let threads: u32 = case.groups.iter().filter(|g| g.key.origin.as_ref() == "xla").map(|g| g.threads).sum();
    if threads == 0 {
        return clear("the process has no XLA threads");
    }
    let judged = case.judged()?;
    let wanted = case.wanted(judged, &["xla"]);
    let limit = case.wish("tf-intra-op").map_or(case.sizes.allowed, |(limit, _)| limit);
    if wanted < 0.25 || (wanted <= f64::from(limit) && threads <= limit) {
        return clear(format!("{threads} XLA threads want {wanted:.2} CPUs"));
    }
    Ok(Finding {
        level: case.blame(judged),
        grade: Grade::Measured,
        says: format!("XLA's own {threads} threads want {wanted:.1} CPUs; only affinity bounds all of them"),
        evidence: vec![
            Evidence::new("XLA threads", threads.to_string()),
            Evidence::new("XLA wants", format!("{wanted:.2} CPUs")),
            Evidence::new("intra-op limit", limit.to_string()),
        ],
        remedy: Remedy {
            text: format!(
                "start under taskset or in a cpuset: XLA sizes its pools to affinity (tf_XLAEigen follows intra-op's {limit})"
            ),
            export: None,
            python: None,
            caps: Caps { cpus: Some((case.effective_cpus().floor() as u32).max(1)), ..Caps::default() },
        },
    })
}
