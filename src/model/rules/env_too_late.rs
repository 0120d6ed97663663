//! Did the program set a variable after the library that reads it had built its pool?

use crate::data::limits::{Caps, Grade, LimitSource};
use crate::data::origin;
use crate::data::sample::{Environment, ProcessFact};
use crate::data::scene::{Evidence, Finding, Group, Level, Remedy};
use crate::model::advice;
use crate::model::limits::knobs::{DefaultCpus, own_threads, variables};
use crate::model::rules::input::{RuleInput, threads_of};
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear, counted, of_each};

pub const RULE: Rule = Rule { code: "env-too-late", question: "Did the program set a variable too late?", check };

/// Origins that make one pool a process and size it by a variable; OpenMP makes a team for every caller, so that its threads
/// say nothing of when the variable was set.
const ONE_POOL: [&str; 4] = [origin::TF_INTRA_OP, origin::TF_INTER_OP, origin::OPENBLAS, origin::NUMEXPR];

fn check(input: &RuleInput) -> RuleResult {
    of_each(input, input.living(), in_process).unwrap_or_else(|| clear("no process lives"))
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, cpus: DefaultCpus) -> RuleResult {
    let Some(live) = &process.settings.live_environment else {
        return cant_tell("the environment as it is now can't be read");
    };
    let Some(start) = &process.environment else { return cant_tell("the environment at start can't be read") };
    let differs = |(name, value): &(&str, &str)| start.get(name) != Some(*value);
    let changed: Vec<(&str, u32)> =
        live.iter().filter(differs).filter_map(|(name, value)| Some((name, value.trim().parse().ok()?))).collect();
    let steering = |group: &&Group| ONE_POOL.contains(&group.key.origin.as_ref());
    for group in input.groups.iter().filter(steering) {
        // Only the strongest variable that is set sizes the pool.
        let strongest = variables(&group.key.origin).iter().find(|name| live.get(name).is_some());
        let set = strongest.and_then(|name| changed.iter().find(|(changed, _)| changed == name));
        if let Some(found) = set.and_then(|&(name, value)| late(group, process, (name, value), (start, cpus))) {
            return Ok(found);
        }
    }
    let names: Vec<_> = changed.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if names.is_empty() {
        return clear("the program changed no thread-related variable");
    }
    clear(format!("the program set {}; no pool that it sizes is larger", names.join(", ")))
}

fn late(
    group: &Group,
    process: &ProcessFact,
    (name, value): (&str, u32),
    (start, cpus): (&Environment, DefaultCpus),
) -> Option<Finding> {
    let origin = group.key.origin.as_ref();
    let threads = threads_of(group, process.key.pid);
    let mut here = group.limits.processes.iter().filter(|limits| limits.pid == process.key.pid);
    let by_config = here.any(|l| l.limit.as_ref().is_some_and(|limit| limit.source == LimitSource::TfConfig));
    if value == 0 || threads <= own_threads(origin, value) || by_config {
        return None;
    }
    let before = start.get(name);
    let old_size = before.and_then(|value| value.trim().parse().ok()).unwrap_or(cpus.allowed);
    let explained = threads == own_threads(origin, old_size);
    let caps = advice::cap_of(group).map_or_else(Caps::default, |kind| Caps::of([(kind, value)]));
    Some(Finding {
        level: Level::Notice,
        grade: if explained { Grade::Corroborated } else { Grade::Inferred },
        message: format!(
            "The program set {name}={value} too late for {}, which had {} by then",
            group.label,
            counted(threads)
        ),
        evidence: vec![
            Evidence::new(format!("{name} at start"), before.unwrap_or("not set")),
            Evidence::new(format!("{name} now"), value.to_string()),
            Evidence::new(format!("threads of {}", group.label), threads.to_string()),
            Evidence::new("CPUs allowed", cpus.allowed.to_string()),
        ],
        remedy: Remedy {
            text: "export it before Python starts, or set it above the first import of NumPy or TensorFlow".to_owned(),
            export: Some(format!("export {name}={value}")),
            python: Some(format!("os.environ[\"{name}\"] = \"{value}\"  # above every other import")),
            caps,
        },
    })
}
