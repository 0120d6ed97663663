//! Do threads look busy because they wait in a loop? Counters alone can't tell; stacks could.

use super::super::limit::Grade;
use super::case::variable;
use super::{Answer, Case, Evidence, Finding, Remedy, Rule, cant_tell, clear};

pub const RULE: Rule = Rule { code: "spinning", asks: "Do threads only look busy because they wait in a loop?", check };

/// Share of the wanted time a thread must be runnable to look like a spinning one.
const ALWAYS: f64 = 0.9;

fn check(case: &Case) -> Answer {
    let judged = case.judged()?;
    let spins = ["openmp", "openblas", "tf-intra-op"];
    let always = |thread: &&super::super::scene::Thread| {
        spins.contains(&thread.attribution.group.origin.as_ref()) && thread.demand.is_some_and(|d| d.wanted >= ALWAYS)
    };
    let suspects = case.threads.iter().filter(always).count();
    if suspects == 0 {
        return clear("no pool thread is runnable all the time");
    }
    let process = case.main_process();
    let asked =
        |name, wanted: &str| process.and_then(|p| variable(p, name)).is_some_and(|v| v.eq_ignore_ascii_case(wanted));
    let active = asked("OMP_WAIT_POLICY", "active") || asked("KMP_BLOCKTIME", "infinite");
    if !active || case.wanted(judged, &["openmp"]) < ALWAYS {
        return cant_tell(format!(
            "{suspects} pool threads are always runnable: working or spinning, only their stacks tell"
        ));
    }
    Ok(Finding {
        level: case.blame(judged),
        grade: Grade::Inferred,
        says: format!("{suspects} OpenMP threads are always runnable and were told to wait actively"),
        evidence: vec![
            Evidence::new("threads always runnable", suspects.to_string()),
            Evidence::new("wait policy", "active"),
        ],
        remedy: Remedy {
            text: "let idle OpenMP threads sleep".to_owned(),
            export: Some("export OMP_WAIT_POLICY=passive".to_owned()),
            ..Remedy::default()
        },
    })
}
