//! Are pools sized to CPUs that a quota does not grant? TensorFlow, OpenMP and OpenBLAS read affinity, never a quota.

use crate::data::limits::{CapKind, Caps, Grade};
use crate::data::origin;
use crate::data::scene::{Evidence, Finding, Group, Level, Remedy, TermKind};
use crate::model::advice;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, clear, origins_unread};

pub const RULE: Rule = Rule { code: "quota-not-seen", question: "Are pools larger than the CPU quota?", check };

/// Origins of which a process has one pool (OpenMP has one a caller, XLA has several).
const ONE_POOL: [&str; 3] = [origin::TF_INTRA_OP, origin::TF_INTER_OP, origin::OPENBLAS];

fn check(input: &RuleInput) -> RuleResult {
    let quotas = input.capacity.terms.iter().filter(|term| term.kind == TermKind::Quota);
    let Some(quota) = quotas.min_by(|a, b| a.cpus.total_cmp(&b.cpus)) else {
        return clear("no CPU quota applies to the whole target");
    };
    let size = |group: &Group| group.limits.processes.iter().map(|process| process.threads).max().unwrap_or(0);
    let larger = input.groups.iter().filter(|group| {
        ONE_POOL.contains(&group.key.origin.as_ref()) && f64::from(size(group)) > quota.cpus.ceil().max(1.0)
    });
    let Some(largest) = larger.max_by_key(|group| size(group)) else {
        let doubtful: usize = input.living().map(|(process, _)| input.doubtful_in(process.key.pid)).sum();
        if doubtful as f64 > quota.cpus {
            return origins_unread(doubtful);
        }
        return clear(format!("no pool has more threads than the quota's {:.2} CPUs", quota.cpus));
    };
    let granted = (quota.cpus.ceil() as u32).max(1);
    let of_kind = |kind| (kind, input.advised_or(kind, granted));
    let caps = Caps::of([CapKind::Intra, CapKind::Inter, CapKind::Blas].map(of_kind));
    let throttled = |judged: &crate::model::judged_window::JudgedWindow| {
        if input.crowded(judged) { judged.condition.level() } else { Level::Notice }
    };
    Ok(Finding {
        level: input.judged.map_or(Level::Notice, throttled).max(Level::Notice),
        grade: Grade::Measured,
        message: format!("{} has {} threads, the quota grants {:.2} CPUs", largest.label, size(largest), quota.cpus),
        evidence: vec![
            Evidence::new("threads of the pool", size(largest).to_string()),
            Evidence::new("quota", format!("{:.2} CPUs", quota.cpus)),
            Evidence::new("CPUs allowed by affinity", input.sizes.whole.allowed.to_string()),
        ],
        remedy: Remedy {
            text: format!(
                "no library reads the quota: size the pools to at most {granted}, or ask for a cpuset instead"
            ),
            export: advice::export(&caps),
            python: advice::python(&caps),
            caps,
        },
    })
}
