//! Does every worker process bring pools of its own?

use crate::data::Pid;
use crate::data::limits::{Caps, Grade};
use crate::data::scene::{Evidence, Finding, Group, Remedy};
use crate::model::advice;
use crate::model::rules::input::{COMPUTE, RuleInput, threads_of};
use crate::model::rules::rule::{Rule, RuleResult, clear};

pub const RULE: Rule =
    Rule { code: "many-processes", question: "Does every worker process have its own pools?", check };

/// CPUs wanted from which on a process is busy.
const BUSY_CPUS: f64 = 0.25;
/// What all but the busiest process must want: less, and that one is to blame alone.
const OTHERS_SHARE: f64 = 0.25;

fn check(input: &RuleInput) -> RuleResult {
    let living = input.processes.iter().filter(|process| !process.ended).count();
    if living < 2 {
        return clear("one process");
    }
    let judged = input.judged()?;
    let pairs = input.processes.iter().zip(&judged.processes).filter(|(process, _)| !process.ended);
    let busy: Vec<(Pid, f64)> =
        pairs.map(|(p, demand)| (p.fact.key.pid, demand.wanted)).filter(|b| b.1 >= BUSY_CPUS).collect();
    let wanted = 0.0 + busy.iter().map(|(_, wanted)| wanted).sum::<f64>();
    let largest = busy.iter().map(|(_, wanted)| *wanted).fold(0.0, f64::max);
    let one_is_to_blame = wanted - largest < OTHERS_SHARE * wanted;
    if busy.len() < 2 || !input.crowded(judged) || wanted <= input.effective_cpus() || one_is_to_blame {
        return clear(format!("{} of {living} processes are busy; together they want {wanted:.1} CPUs", busy.len()));
    }
    // A parent that waits for its workers or feeds them is none of them.
    let parent =
        |pid: Pid| input.processes.iter().any(|p| p.fact.parent == pid && busy.iter().any(|b| b.0 == p.fact.key.pid));
    let workers = busy.iter().filter(|(pid, _)| !parent(*pid)).count();
    let parents = busy.len() - workers;
    let with_pools =
        busy.iter().filter(|(pid, _)| COMPUTE.iter().any(|origin| input.threads_in(*pid, origin) > 0)).count();
    let each = ((input.effective_cpus() / busy.len() as f64).floor() as u32).max(1);
    let caps = if with_pools == 0 { Caps::default() } else { caps(input, each, &busy) };
    let pools = match with_pools {
        0 => "each runs on its own",
        some if some < busy.len() => "some have pools of their own",
        _ => "each has its own pools",
    };
    let room = (input.effective_cpus().floor() as usize).saturating_sub(parents).max(1);
    let fewer = match (workers > room, parents) {
        (true, 0) => Some(format!("start at most {room} workers")),
        (true, _) => Some(format!("start at most {room} of these {workers} workers beside their parent")),
        (false, _) => None,
    };
    let of_each = caps.pools().map(|(_, value)| value).max().unwrap_or(each);
    let smaller = (with_pools > 0).then(|| format!("a limit holds per process: give each {of_each}"));
    let text = match (smaller, fewer) {
        (Some(smaller), Some(fewer)) => format!("{smaller}, or {fewer}"),
        (Some(smaller), None) => format!("{smaller}, or start fewer workers"),
        (None, Some(fewer)) => fewer,
        (None, None) => "give them more CPUs: fewer processes than these can't share the work".to_owned(),
    };
    Ok(Finding {
        level: input.level_of(judged, wanted),
        grade: Grade::Measured,
        message: format!("{} busy processes together want {wanted:.1} CPUs: {pools}", busy.len()),
        evidence: vec![
            Evidence::new("processes", format!("{living}, {} of them busy, {with_pools} with pools", busy.len())),
            Evidence::new("workers", format!("{workers}, with {parents} of their parents busy, too")),
            Evidence::new("wanted together", format!("{wanted:.2} of {:.2} CPUs", input.effective_cpus())),
            Evidence::new("largest of them wants", format!("{largest:.2} CPUs")),
        ],
        remedy: Remedy { text, export: advice::export(&caps), python: advice::python(&caps), caps },
    })
}

/// A cap for every pool that exists in a busy process: what is advised for it, or each process's share of the CPUs.
fn caps(input: &RuleInput, each: u32, busy: &[(Pid, f64)]) -> Caps {
    let mut caps = Caps::default();
    let in_busy = |group: &&Group| {
        COMPUTE.contains(&group.key.origin.as_ref()) && busy.iter().any(|(pid, _)| threads_of(group, *pid) > 0)
    };
    for group in input.groups.iter().filter(in_busy) {
        if let Some(kind) = advice::cap_of(group) {
            *caps.get_mut(kind) = Some(input.advised_or(kind, each));
        }
    }
    caps
}
