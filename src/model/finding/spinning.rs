//! Do threads look busy because they wait in a loop? Counters alone can't tell; stacks could.

use super::super::limit::Grade;
use super::super::scene::Thread;
use super::case::variable;
use super::{Answer, Case, Evidence, Finding, Remedy, Rule, cant_tell, clear};

pub const RULE: Rule = Rule { code: "spinning", asks: "Do threads only look busy because they wait in a loop?", check };

/// CPUs a thread must want to look like a spinning one.
const ALWAYS: f64 = 0.9;

fn check(case: &Case) -> Answer {
    let judged = case.judged()?;
    let always = |origin: &str| {
        let is =
            |t: &&Thread| t.attribution.group.origin.as_ref() == origin && t.demand.is_some_and(|d| d.wanted >= ALWAYS);
        case.threads.iter().filter(is).count()
    };
    let openmp = always("openmp");
    let suspects = openmp + always("openblas") + always("tf-intra-op");
    if suspects == 0 {
        return clear("no pool thread is runnable all the time");
    }
    let asked = |name: &str, wanted: &str| {
        let is = |value: &str| value.trim().eq_ignore_ascii_case(wanted);
        case.living().any(|(process, _)| variable(process, name).is_some_and(is))
    };
    let told = [("OMP_WAIT_POLICY", "active"), ("KMP_BLOCKTIME", "infinite")].into_iter().find(|(n, v)| asked(n, v));
    let Some((name, value)) = told.filter(|_| openmp > 0) else {
        return cant_tell(format!(
            "{suspects} pool threads are runnable all the time: working or spinning, only their stacks tell"
        ));
    };
    Ok(Finding {
        level: case.blame(judged, openmp as f64),
        grade: Grade::Inferred,
        says: format!("{openmp} OpenMP threads are runnable all the time, and {name}={value} makes idle ones spin"),
        evidence: vec![
            Evidence::new("OpenMP threads runnable all the time", openmp.to_string()),
            Evidence::new(name, value),
            Evidence::new("OpenMP wants", format!("{:.2} CPUs", case.wanted(judged, &["openmp"]))),
        ],
        remedy: Remedy {
            text: "let idle OpenMP threads sleep".to_owned(),
            export: Some("export OMP_WAIT_POLICY=passive KMP_BLOCKTIME=0".to_owned()),
            ..Remedy::default()
        },
    })
}
