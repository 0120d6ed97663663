//! Is an OpenMP or MKL variable set that steers none of the busy threads?

use super::super::limit::Grade;
use super::case::{COMPUTE, TF_POOLS, variable};
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, clear};

pub const RULE: Rule = Rule { code: "omp-not-used", asks: "Is OMP_NUM_THREADS set where no OpenMP runs?", check };

fn check(case: &Case) -> Answer {
    let Some(process) = case.tensorflow() else { return clear("no TensorFlow in this process") };
    let names = ["OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "MKL_NUM_THREADS"];
    let set = names.iter().find_map(|name| Some((*name, variable(process, name)?.trim().parse::<u32>().ok()?)));
    let Some((name, value)) = set else { return clear("no OpenMP or MKL variable is set") };
    let judged = case.judged()?;
    let openmp = case.wanted(judged, &["openmp"]);
    let tensorflow = case.wanted(judged, &["tf-intra-op", "tf-inter-op", "xla"]);
    if openmp >= 0.1 {
        return clear(format!("OpenMP threads want {openmp:.1} CPUs: {name} steers them"));
    }
    if tensorflow <= f64::from(value).max(0.5) {
        return clear(format!("TensorFlow wants {tensorflow:.1} CPUs, not more than {name}={value}"));
    }
    let busiest = COMPUTE.iter().max_by(|a, b| case.wanted(judged, &[a]).total_cmp(&case.wanted(judged, &[b])));
    let pool = TF_POOLS.iter().find(|pool| Some(&pool.origin) == busiest).unwrap_or(&TF_POOLS[0]);
    let mapped = case.groups.iter().any(|group| group.key.origin.as_ref() == "openmp");
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Measured,
        says: format!(
            "{name}={value} steers nothing here: TensorFlow's own pools want {tensorflow:.1} CPUs, OpenMP {openmp:.1}"
        ),
        evidence: vec![
            Evidence::new(name, value.to_string()),
            Evidence::new("TensorFlow's pools want", format!("{tensorflow:.2} CPUs")),
            Evidence::new("OpenMP threads", if mapped { "exist, idle" } else { "none" }),
        ],
        remedy: Remedy {
            text: "this TensorFlow runs its operations on its own pools: size those".to_owned(),
            export: Some(pool.export(value.max(1))),
            python: Some(pool.setter(value.max(1))),
            caps: pool.caps(value.max(1)),
        },
    })
}
