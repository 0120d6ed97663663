//! Is a process kept on fewer CPUs than its cpuset, its parent or its own other threads have, and wants more?

use crate::data::CpuSet;
use crate::data::limits::Grade;
use crate::data::sample::ProcessFact;
use crate::data::scene::{Evidence, Finding, Level, Remedy, TermKind};
use crate::model::judged_window::JudgedWindow;
use crate::model::limits::knobs::DefaultCpus;
use crate::model::rules::input::RuleInput;
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear, of_each};
use crate::model::verdict::levels::NOTICE_SATURATION;

pub const RULE: Rule = Rule { code: "pinned", question: "Is it pinned to fewer CPUs than it could have?", check };

fn check(input: &RuleInput) -> RuleResult {
    of_each(input, input.living(), in_process).unwrap_or_else(|| clear("no process lives"))
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, _: DefaultCpus) -> RuleResult {
    let pid = process.key.pid;
    let Some(mask) = &process.cpus_allowed else { return cant_tell("its affinity can't be read") };
    if process.shim.is_some() {
        return clear("tftop run put it where it is");
    }
    let Some((wider, whose)) = wider(input, process, mask) else {
        return clear(format!("it may run on all the CPUs it could have: CPU {mask}"));
    };
    let judged = input.judged()?;
    if judged.crowd.is_some() {
        return clear("affinity masks of single threads are too small, not that of the process");
    }
    let kept = |thread: &&crate::data::scene::Thread| {
        thread.pid == pid && thread.affinity.as_ref().is_some_and(|own| own.intersection(mask) == **own)
    };
    let wanted: f64 = 0.0 + input.threads.iter().filter(kept).filter_map(|t| t.demand).map(|d| d.wanted).sum::<f64>();
    let cpus = f64::from(mask.count());
    if wanted <= cpus * NOTICE_SATURATION {
        return clear(format!("it is pinned to CPU {mask} and wants {wanted:.1} CPUs there: they fit"));
    }
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Corroborated,
        message: format!("It is pinned to CPU {mask} and wants {wanted:.1} CPUs; {whose} CPU {wider}"),
        evidence: vec![
            Evidence::new("its affinity mask", format!("CPU {mask}")),
            Evidence::new("wider mask", format!("CPU {wider}, since {whose} it")),
            Evidence::new("wanted within the mask", format!("{wanted:.2} of {cpus:.0} CPUs")),
            Evidence::new("since when", since_when(input, judged, process)),
        ],
        remedy: Remedy {
            text: "lift the pinning where it was started (taskset, a job's wrapper, sched_setaffinity, KMP_AFFINITY, \
                   GOMP_CPU_AFFINITY, OMP_PROC_BIND); fewer threads would only hide it"
                .to_owned(),
            ..Remedy::default()
        },
    })
}

/// When it was put there, as far as that was seen: the kernel keeps no time of it.
fn since_when(input: &RuleInput, judged: &JudgedWindow, process: &ProcessFact) -> String {
    let at = input.processes.iter().position(|sample| sample.fact.key == process.key);
    match at.and_then(|at| judged.moved_s.get(at).copied().flatten()) {
        Some(moved_s) => format!("for {moved_s:.0} s: it was seen to change"),
        None => format!("not known: it has been so for all the {:.0} s of watching", input.watched_s),
    }
}

/// CPUs the process could have beyond its mask, and who has them.
fn wider<'a>(input: &RuleInput, process: &ProcessFact, mask: &CpuSet) -> Option<(CpuSet, &'a str)> {
    let more = |set: &CpuSet| set.intersection(mask) == *mask && set != mask;
    let others = input.threads.iter().filter(|thread| thread.pid == process.key.pid);
    let own = others.filter_map(|thread| thread.affinity.as_deref()).find(|set| more(set));
    if let Some(own) = own {
        return Some((own.clone(), "others of its threads have"));
    }
    let parent = input.processes.iter().find(|sample| sample.fact.key.pid == process.parent);
    if let Some(set) = parent.and_then(|parent| parent.fact.cpus_allowed.clone()).filter(more) {
        return Some((set, "its parent has"));
    }
    let online = input.capacity.terms.iter().find(|term| term.kind == TermKind::Online)?.set.clone()?;
    match &process.cpuset {
        Some(cpuset) => Some((cpuset.intersection(&online), "its cpuset grants")).filter(|(granted, _)| more(granted)),
        None => Some((online, "the machine has")).filter(|(online, _)| more(online)),
    }
}
