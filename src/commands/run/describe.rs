//! What of a command is written down before it starts, for its run's record.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use crate::commands::run::start_spec::StartRequest;
use crate::data::Text;
use crate::data::sample::{Environment, KEPT_VARIABLES, LaunchFact};
use crate::launch::caps::environment::EnvironmentChanges;
use crate::launch::caps::machine::MachineCpus;
use crate::launch::caps::plan::Plan;
use crate::launch::start_context::StartContext;
use crate::runs::run_record::{RunRecord, shown};

/// Writes down what will be started and how.
pub(crate) fn describe(
    record: &mut RunRecord,
    request: &StartRequest,
    (plan, launch): (&Plan, LaunchFact),
    interval: Duration,
) {
    let fact = &mut record.fact;
    let origin = request.origin.as_deref();
    fact.command = shown(&request.command);
    let folder = origin.map(|origin| origin.folder.clone()).or_else(|| std::env::current_dir().ok());
    fact.folder = folder.map(|folder| Text::from_bytes(folder.as_os_str().as_bytes()));
    fact.launch = launch;
    fact.interval_ns = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    fact.variables = variables(&plan.environment, origin);
    let others = plan.variables.iter().map(|(name, _)| name).filter(|name| !KEPT_VARIABLES.contains(&name.as_str()));
    fact.other_variables = others.map(|name| Text::from(name.as_str())).collect();
    let theirs = origin.and_then(|origin| origin.cpus.clone());
    let ours = || MachineCpus::read().map(|machine| machine.allowed).unwrap_or_default();
    fact.allowed = theirs.unwrap_or_else(ours);
    fact.host = Some(crate::linux::proc::host::this_machine());
    record.write_fact();
}

/// The command's: what is set for it, and what it inherits.
fn variables(changes: &EnvironmentChanges, origin: Option<&StartContext>) -> Environment {
    let set: Vec<(OsString, OsString)> = changes.set.iter().rev().cloned().collect();
    let removed = |name: &OsStr| changes.removed.iter().any(|removed| name == *removed);
    let owned = |(name, value): (&OsStr, &OsStr)| (name.to_owned(), value.to_owned());
    let all: Vec<(OsString, OsString)> = match origin {
        Some(origin) => origin.environment.pairs().map(owned).collect(),
        None => std::env::vars_os().collect(),
    };
    let inherited: Vec<_> = all.into_iter().filter(|(name, _)| !removed(name)).collect();
    Environment::of(set.iter().chain(&inherited).map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_variables_only_those_about_threads_are_kept_as_the_command_gets_them() {
        let set = |name: &str, value: &str| (OsString::from(name), OsString::from(value));
        let changes = EnvironmentChanges {
            removed: vec!["TF_OVERRIDE_GLOBAL_THREADPOOL"],
            set: vec![set("OMP_NUM_THREADS", "1"), set("OMP_NUM_THREADS", "2"), set("API_TOKEN", "hush")],
        };
        let kept = variables(&changes, None);
        assert_eq!(kept.get("OMP_NUM_THREADS"), Some("2"));
        assert!(kept.iter().all(|(name, _)| KEPT_VARIABLES.contains(&name)), "{kept:?}");
    }
}
