//! From a process to a start of the same command with caps: what stays, what changes, what is lost. Starts and stops
//! nothing.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::commands::own_process::exit::CommandError;
use crate::commands::run::start_spec::{StartRequest, StartSpec};
use crate::commands::sampling::attach::PROC;
use crate::data::run::{RebuiltProcess, RerunPlan, ShownValue, VariableChange};
use crate::data::sample::KEPT_VARIABLES;
use crate::data::{Pid, Text};
use crate::launch::caps::plan::Plan;
use crate::launch::start_context::{StartContext, is_same_file};
use crate::launch::{process_attributes, shell};
use crate::probe::restart;
use crate::probe::restart::source::RestartError;

/// A start that waits for a yes.
pub(crate) struct PreparedRerun {
    /// The process it is a rerun of.
    pub(crate) rebuild: RebuiltProcess,
    /// What to start.
    pub(crate) spec: StartSpec,
    /// What a person is told.
    pub(crate) shown: RerunPlan,
}

/// Reads the process and puts what was asked for on top of what it was started with.
pub(crate) fn prepare(pid: Pid, request: &StartRequest, folder: Option<&Path>) -> anyhow::Result<PreparedRerun> {
    let mut rebuild = restart::read(Path::new(PROC), pid, folder).map_err(problem)?;
    let within = process_attributes::within_reach(&rebuild.attributes);
    let (origin, taken) = StartContext::of(&rebuild, within.attributes);
    let found = origin.program(&rebuild.words).map_err(|missing| CommandError::command(&missing))?;
    if !is_same_file(&found, &rebuild.exe) {
        rebuild.doubts.push(Text::from(format!(
            "its command is {} now, but it runs {}: the new run may be another program",
            found.display(),
            rebuild.exe.display()
        )));
    }
    let (command, origin) = (rebuild.words.clone(), Some(Arc::new(origin)));
    let spec = StartSpec::new(StartRequest { command, origin, ..request.clone() })?;
    let shown = RerunPlan {
        key: rebuild.key,
        command: Text::from(shell::shown(&rebuild.words)),
        program: text(found.as_os_str()),
        folder: text(rebuild.folder.as_os_str()),
        folder_because: rebuild.folder_because.clone(),
        variables: variables(&rebuild, &spec, &taken),
        cpus: cpus(&rebuild, &spec.plan),
        kept: within.kept,
        lost: rebuild.lost.iter().cloned().chain(within.lost).collect(),
        doubts: rebuild.doubts.clone(),
    };
    Ok(PreparedRerun { rebuild, spec, shown })
}

pub(crate) fn problem(refusal: RestartError) -> anyhow::Error {
    match &refusal {
        RestartError::Gone(pid) => CommandError::not_found(format!(
            "no process {pid} here; `tftop ps` lists this machine's processes of TensorFlow, JAX and PyTorch"
        ))
        .into(),
        RestartError::NotReadable(why) => CommandError::permission(format!("can't be rerun: {why}")).into(),
        RestartError::Impossible(why) => anyhow::anyhow!("can't be rerun: {why}"),
    }
}

/// Every variable whose value is another one afterwards. Only thread settings are shown with their values.
fn variables(rebuild: &RebuiltProcess, spec: &StartSpec, taken: &[&'static str]) -> Vec<VariableChange> {
    let changes = &spec.plan.environment;
    let before = |name: &str| rebuild.environment.get(name);
    let mut named: Vec<&OsStr> = changes.removed.iter().chain(taken).map(|name| OsStr::new(*name)).collect();
    named.extend(changes.set.iter().map(|(name, _)| name.as_os_str()));
    let mut all = Vec::new();
    for (at, name) in named.iter().enumerate() {
        let Some(key) = name.to_str().filter(|_| !named[..at].contains(name)) else { continue };
        let after = changes.value(key);
        if before(key) != after {
            all.push(VariableChange {
                name: Text::from(key),
                before: value(key, before(key)),
                after: value(key, after),
            });
        }
    }
    if spec.request.shim.is_some() {
        let path = "PYTHONPATH";
        let after = ShownValue::Hidden(Text::from("with tftop's shim in front"));
        all.push(VariableChange { name: Text::from(path), before: value(path, before(path)), after });
    }
    all
}

fn value(name: &str, value: Option<&OsStr>) -> ShownValue {
    match value {
        None => ShownValue::Unset,
        Some(value) if KEPT_VARIABLES.contains(&name) => ShownValue::Value(text(value)),
        Some(_) => ShownValue::Hidden(Text::from("set, value not shown")),
    }
}

fn cpus(rebuild: &RebuiltProcess, plan: &Plan) -> Option<(Text, Text)> {
    let (before, after) = (rebuild.cpus.as_ref()?, plan.cpus.as_ref()?);
    (before != after).then(|| (Text::from(before.to_string()), Text::from(after.to_string())))
}

fn text(word: &OsStr) -> Text {
    Text::from_bytes(word.as_bytes())
}
