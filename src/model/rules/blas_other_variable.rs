//! Is a variable set that does not control the BLAS that is loaded?

use crate::data::limits::{CapKind, Caps, Grade};
use crate::data::origin;
use crate::data::sample::ProcessFact;
use crate::data::scene::{Evidence, Finding, Level, Remedy};
use crate::model::limits::knobs::{DefaultCpus, own_threads, variables};
use crate::model::rules::input::{RuleInput, number, threads_of, variable};
use crate::model::rules::rule::{Rule, RuleResult, cant_tell, clear, counted, of_each};

pub const RULE: Rule =
    Rule { code: "blas-other-variable", question: "Is a variable set that another BLAS would read?", check };

/// Variables of other BLAS libraries.
const OTHERS: [&str; 3] = ["MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"];

fn check(input: &RuleInput) -> RuleResult {
    of_each(input, input.living(), in_process).unwrap_or_else(|| clear("no process lives"))
}

fn in_process<'a>(input: &RuleInput<'a>, process: &'a ProcessFact, _: DefaultCpus) -> RuleResult {
    let threads = |group: &crate::data::scene::Group| threads_of(group, process.key.pid);
    let Some(openblas) =
        input.of_origin(origin::OPENBLAS).max_by_key(|group| threads(group)).filter(|g| threads(g) > 0)
    else {
        return clear("no OpenBLAS pool in this process");
    };
    if process.environment.is_none() && process.settings.live_environment.is_none() {
        return cant_tell("the environment can't be read");
    }
    if let Some(own) = variables(origin::OPENBLAS).iter().find(|name| variable(process, name).is_some()) {
        return clear(format!("{own} is set, which OpenBLAS reads"));
    }
    let set = OTHERS.iter().find_map(|name| Some((*name, number(process, name).filter(|&value| value > 0)?)));
    let Some((name, value)) = set else { return clear("no variable of another BLAS is set") };
    let (label, has) = (&openblas.label, threads(openblas));
    if has <= own_threads(origin::OPENBLAS, value) {
        return clear(format!("{label} has {has} threads, within {name}={value}"));
    }
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Corroborated,
        message: format!(
            "{name}={value} does not control {label}, which has {} beside the one that calls it",
            counted(has)
        ),
        evidence: vec![
            Evidence::new(name, value.to_string()),
            Evidence::new(format!("threads of {label}"), has.to_string()),
            Evidence::new("OPENBLAS_NUM_THREADS", "not set"),
        ],
        remedy: Remedy {
            text: "set the variable that OpenBLAS reads".to_owned(),
            export: Some(format!("export OPENBLAS_NUM_THREADS={value}")),
            python: None,
            caps: Caps::of([(CapKind::Blas, value)]),
        },
    })
}
