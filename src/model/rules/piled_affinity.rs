//! Are threads crowded on few CPUs by their own masks while other allowed CPUs idle?

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::limits::Grade;
use crate::data::scene::{Cpu, Evidence, Finding, Level, Remedy, Thread};
use crate::data::{CpuSet, SharedList};
use crate::model::judged_window::Crowd;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear};

pub const RULE: Rule =
    Rule { code: "piled-affinity", question: "Do affinity masks pack threads onto few CPUs?", check };

/// Share of an allowed CPU's time that must be idle to call others crowded.
const IDLE_SHARE: f64 = 0.2;
/// CPUs that threads must want beyond those of their mask.
const TOO_MANY: f64 = 0.9;

/// The worst crowd of one look; none where nobody crowds.
pub fn crowd(threads: &SharedList<Thread>, cpus: &[Cpu]) -> Option<Crowd> {
    let mut by_mask: Vec<(&Arc<CpuSet>, u32, f64)> = Vec::new();
    for thread in threads {
        let (Some(mask), Some(demand)) = (&thread.affinity, thread.demand.filter(|demand| demand.wanted > 0.0)) else {
            continue;
        };
        // The newest mask first: threads of a pool stand together and mostly share it.
        match by_mask.iter().rposition(|(known, ..)| Arc::ptr_eq(known, mask)) {
            Some(at) => {
                by_mask[at].1 += 1;
                by_mask[at].2 += demand.wanted;
            }
            None => by_mask.push((mask, 1, demand.wanted)),
        }
    }
    let mut sums: BTreeMap<String, Crowd> = BTreeMap::new();
    for (mask, threads, wanted) in by_mask {
        let crowd = sums.entry(mask.to_string()).or_insert_with(|| Crowd {
            mask: Arc::clone(mask),
            threads: 0,
            wanted: 0.0,
            idle: idle_outside(mask, cpus),
        });
        crowd.threads += threads;
        crowd.wanted += wanted;
    }
    let crowded = |crowd: &Crowd| {
        crowd.threads >= 2 && crowd.wanted >= f64::from(crowd.mask.count()) + TOO_MANY && crowd.idle > 0
    };
    sums.into_values().filter(crowded).max_by(|a, b| a.wanted.total_cmp(&b.wanted))
}

fn idle_outside(mask: &CpuSet, cpus: &[Cpu]) -> u32 {
    let idle = |cpu: &&Cpu| cpu.allowed && !mask.contains(cpu.cpu) && 1.0 - cpu.ours - cpu.others > IDLE_SHARE;
    cpus.iter().filter(idle).count() as u32
}

fn check(input: &RuleInput) -> RuleResult {
    if input.threads.iter().all(|thread| thread.affinity.is_none()) {
        return cant_tell("no thread's affinity can be read");
    }
    let judged = input.judged()?;
    let Some(Crowd { mask, threads, wanted, idle }) = &judged.crowd else {
        return clear("no affinity mask is crowded while another allowed CPU idles");
    };
    let elsewhere = if *idle == 1 { "another allowed CPU idles" } else { "other allowed CPUs idle" };
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Measured,
        message: format!("{threads} busy threads may run on CPU {mask} only and want {wanted:.1} CPUs while {elsewhere}"),
        evidence: vec![
            Evidence::new("affinity mask", format!("CPU {mask}")),
            Evidence::new("busy threads with it", threads.to_string()),
            Evidence::new("they want", format!("{wanted:.2} CPUs")),
            Evidence::new("allowed CPUs outside it that idle", idle.to_string()),
        ],
        remedy: Remedy {
            text: "remove the pinning (taskset, sched_setaffinity, GOMP_CPU_AFFINITY, KMP_AFFINITY, OMP_PROC_BIND) or widen \
                   its mask"
                .to_owned(),
            ..Remedy::default()
        },
    })
}
