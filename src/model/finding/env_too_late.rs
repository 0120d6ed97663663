//! Did the program set a variable after the library that reads it had built its pool?

use super::super::limit::Grade;
use super::{Answer, Case, Evidence, Finding, Level, Remedy, Rule, cant_tell, clear};
use crate::fact::{Environment, ProcessFact};

pub const RULE: Rule = Rule { code: "env-too-late", asks: "Did the program set a variable too late?", check };

/// Variables and the origin whose pool each sizes when the library is loaded.
const STEERED: [(&str, &str); 6] = [
    ("TF_NUM_INTRAOP_THREADS", "tf-intra-op"),
    ("TF_NUM_INTEROP_THREADS", "tf-inter-op"),
    ("OPENBLAS_NUM_THREADS", "openblas"),
    ("OMP_NUM_THREADS", "openblas"),
    ("OMP_NUM_THREADS", "openmp"),
    ("NUMEXPR_NUM_THREADS", "numexpr"),
];

fn check(case: &Case) -> Answer {
    let Some(process) = case.main_process() else { return clear("no process") };
    let Some(live) = &process.settings.live_environment else {
        return cant_tell("the environment as it is now can't be read");
    };
    let Some(at_start) = &process.environment else { return cant_tell("the environment at start can't be read") };
    let changed: Vec<_> = changed(at_start, live);
    if changed.is_empty() {
        return clear("the program changed no thread-related variable");
    }
    let late = changed.iter().find_map(|(name, value)| late(case, process, name, *value));
    late.map_or_else(|| clear(format!("the program set {} in time", names(&changed))), Ok)
}

/// Variables with a number that the program itself set or changed.
fn changed<'a>(at_start: &Environment, live: &'a Environment) -> Vec<(&'a str, u32)> {
    let differs = |(name, value): &(&str, &str)| at_start.get(name) != Some(*value);
    live.iter().filter(differs).filter_map(|(name, value)| Some((name, value.trim().parse().ok()?))).collect()
}

fn names(changed: &[(&str, u32)]) -> String {
    changed.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

fn late(case: &Case, process: &ProcessFact, name: &str, value: u32) -> Option<Finding> {
    let steered = STEERED.iter().filter(|(variable, _)| *variable == name).map(|(_, origin)| *origin);
    for origin in steered {
        let threads = case.threads_in(process.key.pid, origin);
        // OpenBLAS and OpenMP count the calling thread, which is none of the pool's own.
        let own = if ["openblas", "openmp"].contains(&origin) { value.saturating_sub(1) } else { value };
        let tf_config_decides =
            origin.starts_with("tf-") && case.wish(origin).is_some_and(|(_, who)| who == "tf.config");
        if value == 0 || threads <= own || tf_config_decides {
            continue;
        }
        return Some(Finding {
            level: Level::Notice,
            grade: Grade::Corroborated,
            says: format!("The program set {name}={value} when the pool of {threads} threads was already built"),
            evidence: vec![
                Evidence::new(format!("{name} at start"), at_start(process, name)),
                Evidence::new(format!("{name} now"), value.to_string()),
                Evidence::new(format!("threads of {origin}"), threads.to_string()),
            ],
            remedy: Remedy {
                text: "export it before Python starts, or set it above the first import of NumPy or TensorFlow"
                    .to_owned(),
                export: Some(format!("export {name}={value}")),
                python: Some(format!("os.environ[\"{name}\"] = \"{value}\"  # above every other import")),
                caps: Default::default(),
            },
        });
    }
    None
}

fn at_start(process: &ProcessFact, name: &str) -> String {
    process.environment.as_ref().and_then(|e| e.get(name)).unwrap_or("not set").to_owned()
}
