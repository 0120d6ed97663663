//! Are threads crowded on few CPUs by their own masks while other allowed CPUs idle?

use std::collections::HashMap;
use std::sync::Arc;

use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, cant_tell, clear};
use crate::fact::CpuSet;

pub const RULE: Rule = Rule { code: "piled-affinity", asks: "Do affinity masks crowd threads on few CPUs?", check };

/// Share of an allowed CPU's time that must be idle to call others crowded.
const IDLE_SHARE: f64 = 0.2;

fn check(case: &Case) -> Answer {
    if case.threads.iter().all(|thread| thread.affinity.is_none()) {
        return cant_tell("no thread's affinity can be read");
    }
    case.judged()?;
    let mut by_mask: HashMap<&Arc<CpuSet>, (u32, f64)> = HashMap::new();
    for thread in case.threads {
        if let (Some(mask), Some(demand)) = (&thread.affinity, thread.demand) {
            let sum = by_mask.entry(mask).or_default();
            sum.0 += 1;
            sum.1 += demand.wanted;
        }
    }
    let idle_elsewhere = |mask: &CpuSet| {
        let idle = |cpu: &&super::super::scene::Cpu| {
            cpu.allowed && !mask.contains(cpu.cpu) && 1.0 - cpu.ours - cpu.others > IDLE_SHARE
        };
        case.cpus.iter().filter(idle).count()
    };
    let crowded = by_mask.into_iter().filter(|(mask, (threads, wanted))| {
        *threads >= 2 && *wanted >= f64::from(mask.count()) + 0.9 && idle_elsewhere(mask) > 0
    });
    let Some((mask, (threads, wanted))) =
        crowded.max_by(|a, b| a.1.1.total_cmp(&b.1.1).then_with(|| a.0.to_string().cmp(&b.0.to_string())))
    else {
        return clear("no mask is crowded while another allowed CPU idles");
    };
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Measured,
        says: format!(
            "{threads} threads pinned to CPU {mask} want {wanted:.1} CPUs while {} allowed CPUs idle",
            idle_elsewhere(mask)
        ),
        evidence: vec![
            Evidence::new("mask", mask.to_string()),
            Evidence::new("threads with it", threads.to_string()),
            Evidence::new("they want", format!("{wanted:.2} CPUs")),
        ],
        remedy: Remedy {
            text: "remove the pinning (taskset, GOMP_CPU_AFFINITY, KMP_AFFINITY, OMP_PROC_BIND) or widen its mask"
                .to_owned(),
            ..Remedy::default()
        },
    })
}
