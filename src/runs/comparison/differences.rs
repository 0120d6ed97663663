//! What is not the same on all sides, from the facts their runs kept.

use std::collections::BTreeSet;

use crate::data::sample::ShimUse;
use crate::runs::comparison::types::{ComparedSide, Difference};
use crate::runs::stats::run_context::RunContext;
use crate::runs::stats::run_stats::RunStats;

/// What stands where something is not set or not known.
const NOTHING: &str = "-";

/// Everything that differs, what was chosen before what was found.
pub(crate) fn between(sides: &[ComparedSide]) -> Vec<Difference> {
    let names: BTreeSet<String> = sides
        .iter()
        .flat_map(|side| &side.runs)
        .flat_map(|run| run.context.environment.iter().map(|(name, _)| name.to_owned()))
        .collect();
    let mut all: Vec<Difference> = KNOWN.iter().filter_map(|(what, of)| difference(what, sides, of)).collect();
    let variables = names
        .iter()
        .filter_map(|name| difference(name, sides, &|facts| facts.environment.get(name).map(ToOwned::to_owned)));
    // Variables stand behind the settings and before the versions.
    let at = all.iter().position(|difference| FOUND.contains(&difference.what.as_str())).unwrap_or(all.len());
    all.splice(at..at, variables);
    all
}

/// Something that differs among the runs of one side, which should be repeats of one another.
pub(crate) fn within(side: &ComparedSide) -> Vec<String> {
    let alone: Vec<ComparedSide> =
        side.runs.iter().map(|run| ComparedSide::new(String::new(), vec![run.clone()])).collect();
    between(&alone).into_iter().map(|difference| difference.what).collect()
}

type Part = fn(&RunContext) -> Option<String>;

/// What is found, not chosen.
const FOUND: [&str; 7] = ["TensorFlow", "Keras", "Python", "host", "CPU", "CPUs online", "kernel"];

const KNOWN: [(&str, Part); 13] = [
    ("command", |facts| Some(facts.command.clone()).filter(|command| !command.is_empty())),
    ("caps", |facts| Some(facts.caps.to_string()).filter(|caps| !caps.is_empty())),
    ("CPUs given", |facts| facts.cpus.as_ref().map(ToString::to_string)),
    ("shim", |facts| Some(shim(facts.shim).to_owned())),
    ("TF intra-op", |facts| facts.intra.map(threads)),
    ("TF inter-op", |facts| facts.inter.map(threads)),
    ("TensorFlow", |facts| facts.versions.tensorflow.as_ref().map(ToString::to_string)),
    ("Keras", |facts| facts.versions.keras.as_ref().map(ToString::to_string)),
    ("Python", |facts| facts.versions.python.as_ref().map(ToString::to_string)),
    ("host", |facts| facts.machine.name.as_ref().map(ToString::to_string)),
    ("CPU", |facts| facts.machine.cpu_model.as_ref().map(ToString::to_string)),
    ("CPUs online", |facts| Some(facts.machine.online.to_string()).filter(|_| facts.machine.online > 0)),
    ("kernel", |facts| facts.machine.kernel.as_ref().map(ToString::to_string)),
];

fn difference(what: &str, sides: &[ComparedSide], of: &dyn Fn(&RunContext) -> Option<String>) -> Option<Difference> {
    let values: Vec<String> = sides.iter().map(|side| value(&side.runs, of)).collect();
    let differ = values.windows(2).any(|pair| pair[0] != pair[1]);
    differ.then(|| Difference { what: what.to_owned(), values })
}

/// The value of all runs of a side; several where they are not alike.
fn value(runs: &[RunStats], of: &dyn Fn(&RunContext) -> Option<String>) -> String {
    let values = runs.iter().map(|run| of(&run.context).unwrap_or_else(|| NOTHING.to_owned()));
    let different: BTreeSet<String> = values.collect();
    different.into_iter().collect::<Vec<_>>().join(" | ")
}

fn threads(count: i64) -> String {
    if count == 0 { "0 (TensorFlow decides)".to_owned() } else { count.to_string() }
}

fn shim(shim: ShimUse) -> &'static str {
    match shim {
        ShimUse::Off => "off",
        ShimUse::Record => "records",
        ShimUse::Enforce => "holds caps",
    }
}
