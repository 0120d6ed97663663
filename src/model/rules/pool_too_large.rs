//! Is a pool larger than the CPUs its process may run on, and does it want more than those, or do its threads wait for one
//! another where all would fit?

use crate::data::limits::{Caps, Grade};
use crate::data::origin;
use crate::data::sample::ProcessFact;
use crate::data::scene::{Evidence, Finding, Group, Level, Remedy};
use crate::model::advice;
use crate::model::limits::knobs::DefaultCpus;
use crate::model::rules::input::{RuleInput, TF_POOLS, limit_of, threads_of};
use crate::model::rules::pinned;
use crate::model::rules::rule::{Rule, RuleResult, clear, of_each, origins_unread};

pub const RULE: Rule = Rule { code: "pool-too-large", question: "Is a pool larger than the CPUs it may use?", check };

/// Origins whose pools a number of threads sizes.
const SIZED: [&str; 5] = [origin::TF_INTRA_OP, origin::TF_INTER_OP, origin::OPENBLAS, origin::OPENMP, origin::NUMEXPR];

fn check(input: &RuleInput) -> RuleResult {
    of_each(input, input.living(), in_process).unwrap_or_else(|| clear("no process lives"))
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, cpus: DefaultCpus) -> RuleResult {
    let judged = input.judged()?;
    if (pinned::RULE.check)(input).is_ok() {
        return clear("it is pinned: its CPUs are too few, not its threads too many");
    }
    let pid = process.key.pid;
    let allowed = cpus.allowed.max(1);
    let advised = if input.crowded(judged) { Caps::default() } else { input.advised.caps };
    let too_large = |group: &Group| advice::cap_of(group).is_some_and(|kind| advised.get(kind).is_some());
    let larger = SIZED.iter().filter_map(|origin| {
        let group = input.of_origin(origin).max_by_key(|group| threads_of(group, pid))?;
        let size = size(input, group, process);
        let wanted = input.wanted_in(judged, pid, &[*origin]);
        (size > allowed && (wanted > f64::from(allowed) || too_large(group))).then_some((group, size, wanted))
    });
    let Some((group, size, wanted)) = larger.max_by(|a, b| a.2.total_cmp(&b.2)) else {
        let doubtful = input.doubtful_in(pid);
        if doubtful > allowed as usize {
            return origins_unread(doubtful);
        }
        return clear(format!("no pool is larger than {allowed} CPUs and wants more than they are"));
    };
    let fits_already = wanted <= f64::from(allowed);
    let kind = advice::cap_of(group);
    let fits = kind.map_or(allowed, |kind| input.advised_or(kind, allowed));
    let caps = kind.map_or_else(Caps::default, |kind| Caps::of([(kind, fits)]));
    let cpus = if allowed == 1 { "1 CPU".to_owned() } else { format!("{allowed} CPUs") };
    Ok(Finding {
        level: if fits_already { Level::Notice } else { input.level_of(judged, wanted) },
        grade: Grade::Measured,
        message: match fits_already {
            true => format!("{} is a pool of {size} on {cpus}, whose threads wait for one another", group.label),
            false => format!("{} is a pool of {size} on {cpus} and wants {wanted:.1} CPUs", group.label),
        },
        evidence: vec![
            Evidence::new("threads of the pool", size.to_string()),
            Evidence::new("CPUs it may run on", allowed.to_string()),
            Evidence::new("it wants", format!("{wanted:.2} CPUs")),
            Evidence::new("set by", limit_of(&group.limits)),
        ],
        remedy: Remedy {
            text: format!("more threads than CPUs only wait for each other: a pool of {fits} keeps the CPUs busy"),
            export: advice::export(&caps),
            python: advice::python(&caps),
            caps,
        },
    })
}

/// Threads of a group's pool in a process, with the one that calls where the library counts it; of OpenMP, which makes a
/// team for each caller, what somebody set.
fn size(input: &RuleInput, group: &Group, process: &ProcessFact) -> u32 {
    let origin = group.key.origin.as_ref();
    if let Some(pool) = TF_POOLS.iter().find(|pool| pool.origin() == origin) {
        return pool.size_in(input, process.key.pid);
    }
    let counts_caller = advice::cap_of(group).is_some_and(|kind| kind.row().setting.counts_caller);
    let threads = threads_of(group, process.key.pid) + u32::from(counts_caller);
    let set = group.limits.effective().filter(|limit| limit.was_set()).map_or(0, |limit| limit.value);
    if origin == origin::OPENMP { threads.min(set) } else { threads }
}
