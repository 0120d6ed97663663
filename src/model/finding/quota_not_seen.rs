//! Are pools sized to CPUs that a quota does not grant? TensorFlow, OpenMP and OpenBLAS read affinity, never a quota.

use super::super::limit::Grade;
use super::super::scene::TermKind;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, clear};
use crate::fact::Caps;

pub const RULE: Rule = Rule { code: "quota-not-seen", asks: "Are pools larger than the CPU quota?", check };

fn check(case: &Case) -> Answer {
    let quotas = case.capacity.terms.iter().filter(|term| term.kind == TermKind::Quota);
    let Some(quota) = quotas.min_by(|a, b| a.cpus.total_cmp(&b.cpus)) else {
        return clear("no CPU quota stands over the process");
    };
    let granted = quota.cpus.ceil().max(1.0) as u32;
    let pools = ["tf-intra-op", "tf-inter-op", "xla", "openblas", "openmp"];
    let larger = case.groups.iter().filter(|g| pools.contains(&g.key.origin.as_ref()) && g.threads > granted);
    let Some(largest) = larger.max_by_key(|group| group.threads) else {
        return clear(format!("no pool has more threads than the quota's {:.2} CPUs", quota.cpus));
    };
    let level = case.judged.map_or(Level::Notice, |judged| case.blame(judged));
    Ok(Finding {
        level,
        grade: Grade::Measured,
        says: format!("{} has {} threads, the quota grants {:.2} CPUs", largest.label, largest.threads, quota.cpus),
        evidence: vec![
            Evidence::new("threads", format!("{} {}", largest.threads, largest.label)),
            Evidence::new("quota", format!("{:.2} CPUs", quota.cpus)),
            Evidence::new("CPUs allowed by affinity", case.sizes.allowed.to_string()),
        ],
        remedy: Remedy {
            text: format!("nothing reads the quota: size the pools to {granted}, or use a cpuset instead of a quota"),
            export: Some(format!(
                "export TF_NUM_INTRAOP_THREADS={granted} TF_NUM_INTEROP_THREADS={granted} \
                OMP_NUM_THREADS={granted}"
            )),
            python: None,
            caps: Caps {
                intra: Some(granted),
                inter: Some(granted),
                omp: Some(granted),
                blas: Some(granted),
                ..Caps::default()
            },
        },
    })
}
