//! Is a variable set that does not steer the BLAS that is loaded?

use super::super::limit::Grade;
use super::case::variable;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, clear};
use crate::fact::Caps;

pub const RULE: Rule =
    Rule { code: "blas-other-variable", asks: "Is a variable set that another BLAS would read?", check };

/// Variables of other BLAS libraries.
const OTHERS: [&str; 3] = ["MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"];
/// Variables that OpenBLAS reads.
const OWN: [&str; 3] = ["OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"];

fn check(case: &Case) -> Answer {
    let Some(process) = case.main_process() else { return clear("no process") };
    let Some(openblas) = case.groups.iter().find(|group| group.key.origin.as_ref() == "openblas") else {
        return clear("no OpenBLAS pool in this process");
    };
    if let Some(own) = OWN.iter().find(|name| variable(process, name).is_some()) {
        return clear(format!("{own} is set, which OpenBLAS reads"));
    }
    let set = OTHERS.iter().find_map(|name| Some((*name, variable(process, name)?.trim().parse::<u32>().ok()?)));
    let Some((name, value)) = set else { return clear("no variable of another BLAS is set") };
    if value == 0 || openblas.threads < value {
        return clear(format!("{} has {} threads, within {name}={value}", openblas.label, openblas.threads));
    }
    Ok(Finding {
        level: Level::Notice,
        grade: Grade::Corroborated,
        says: format!("{name}={value} does not steer {}, which has {} threads", openblas.label, openblas.threads),
        evidence: vec![
            Evidence::new(name, value.to_string()),
            Evidence::new(format!("threads of {}", openblas.label), openblas.threads.to_string()),
            Evidence::new("OPENBLAS_NUM_THREADS", "not set"),
        ],
        remedy: Remedy {
            text: "set the variable that OpenBLAS reads".to_owned(),
            export: Some(format!("export OPENBLAS_NUM_THREADS={value}")),
            python: None,
            caps: Caps { blas: Some(value), ..Caps::default() },
        },
    })
}
