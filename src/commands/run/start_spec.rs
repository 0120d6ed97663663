//! What a command is started with: what was asked for, and the plan that came of it on this machine. Starts nothing.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use crate::commands::own_process::exit::CommandError;
use crate::commands::run::learned;
use crate::commands::serve::publisher::PublishRequest;
use crate::data::limits::Caps;
use crate::data::run::{PredictedDemand, RerunPlan, ShownValue, VariableChange};
use crate::data::sample::KEPT_VARIABLES;
use crate::data::{ProcessKey, Text};
use crate::launch::caps::environment::EnvironmentChanges;
use crate::launch::caps::machine::MachineCpus;
use crate::launch::caps::plan::{self, Plan, PlanRequest};
use crate::launch::shim::ShimMode;
use crate::launch::start_context::StartContext;
use crate::launch::{program, shell};
use crate::runs::comparison::replaced::RunBefore;

/// Megabytes of a command's output that are kept where nothing else is asked for.
pub(crate) const LOG_LIMIT_MB: u32 = 256;

/// What was asked for, on the command line or in the dashboard.
#[derive(Clone, Debug)]
pub(crate) struct StartRequest {
    /// What to start.
    pub(crate) command: Vec<OsString>,
    /// Where it starts, of a rerun; none: in tftop's own surroundings.
    pub(crate) origin: Option<Arc<StartContext>>,
    pub(crate) caps: PlanRequest,
    /// What the shim is to do; none without one.
    pub(crate) shim: Option<ShimMode>,
    /// Where its metrics go while it runs.
    pub(crate) publish: PublishRequest,
    pub(crate) log_limit_mb: u32,
    pub(crate) no_ui: bool,
    pub(crate) detach: bool,
    pub(crate) dry_run: bool,
    /// Whether it ends when its dashboard is closed, and is started for that dashboard alone.
    pub(crate) ends_with_dashboard: bool,
}

impl Default for StartRequest {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            origin: None,
            caps: PlanRequest::default(),
            shim: Some(ShimMode::Enforce),
            publish: PublishRequest::default(),
            log_limit_mb: LOG_LIMIT_MB,
            no_ui: false,
            detach: false,
            dry_run: false,
            ends_with_dashboard: false,
        }
    }
}

impl StartRequest {
    /// The CPUs that caps are measured against: those of the old run where there is one.
    fn machine(&self) -> anyhow::Result<MachineCpus> {
        let machine = MachineCpus::read().context("reading which CPUs may be used")?;
        let theirs = self.origin.as_ref().and_then(|origin| origin.cpus.clone()).filter(|cpus| !cpus.is_empty());
        // Ranks are those of tftop's own start; a rerun is started by hand.
        let rank = machine.rank.filter(|_| self.origin.is_none());
        Ok(MachineCpus { allowed: theirs.unwrap_or(machine.allowed), rank, ..machine })
    }

    /// A variable as the command would inherit it.
    pub(crate) fn inherited(&self, name: &str) -> Option<OsString> {
        match &self.origin {
            Some(origin) => origin.environment.get(name).map(ToOwned::to_owned),
            None => std::env::var_os(name),
        }
    }
}

/// A start that is complete but for its folder.
#[derive(Clone, Debug)]
pub(crate) struct StartSpec {
    pub(crate) request: StartRequest,
    pub(crate) plan: Plan,
    /// What a later start begins from; none where there is no current folder any more. What tftop itself changes later, as
    /// its limit of descriptors, is not in it.
    own: Option<Arc<StartContext>>,
    /// The run that it replaces; none where it replaces none.
    pub(crate) before: Option<Arc<RunBefore>>,
    /// What its caps are predicted to do; none where nothing is.
    pub(crate) predicted: Option<PredictedDemand>,
}

impl StartSpec {
    /// Fails where the caps don't fit together on this machine.
    pub(crate) fn new(request: StartRequest) -> anyhow::Result<Self> {
        let caps = PlanRequest {
            learned: learned::of(request.caps.preset, &request.command),
            shim_enforces: request.shim == Some(ShimMode::Enforce),
            ..request.caps.clone()
        };
        let plan =
            plan::plan(&caps, &request.machine()?).map_err(|refusal| CommandError::usage(refusal.to_string()))?;
        // Other caps beside those of the preset, and nothing is known of them all.
        let learned = caps.learned.filter(|learned| learned.caps.without_cpus() == plan.caps.without_cpus());
        let predicted = learned.and_then(|learned| learned.predicted);
        Ok(Self { predicted, ..Self::of_plan(request, plan) })
    }

    /// For a plan that stands already.
    pub(crate) fn of_plan(request: StartRequest, plan: Plan) -> Self {
        let own = request.origin.clone().or_else(|| StartContext::own().ok().map(Arc::new));
        Self { request, plan, own, before: None, predicted: None }
    }

    /// The command must be there in the environment it will have.
    pub(crate) fn find_program(&self) -> Result<(), CommandError> {
        let StartSpec { request, plan, .. } = self;
        let path = plan.environment.value("PATH").map(ToOwned::to_owned).or_else(|| request.inherited("PATH"));
        let from = request.origin.as_ref().map_or(Path::new(""), |origin| &origin.folder);
        if let Some(program) = request.command.first() {
            program::find(program, path.as_deref(), from).map_err(|missing| CommandError::command(&missing))?;
        }
        Ok(())
    }

    /// The same with other caps for the pools, and what a person is told of it. Numbers that would be refused are accepted:
    /// a person has seen them on sliders.
    pub(crate) fn with(&self, pools: Caps, key: ProcessKey) -> anyhow::Result<(Self, RerunPlan)> {
        let own = self.own.clone().context("the folder it was started in is gone")?;
        let caps = PlanRequest { pools: pools.without_cpus(), force: true, ..self.request.caps.clone() };
        let again = Self::new(StartRequest { caps, origin: Some(own), ..self.request.clone() })?;
        let shown = self.shown(&again, key);
        Ok((again, shown))
    }

    fn shown(&self, again: &Self, key: ProcessKey) -> RerunPlan {
        let folder = self.own.as_ref().map(|own| own.folder.as_os_str()).unwrap_or_default();
        let cpus = |plan: &Plan| plan.cpus.as_ref().map_or_else(|| "as tftop's own".to_owned(), ToString::to_string);
        let (before, after) = (cpus(&self.plan), cpus(&again.plan));
        RerunPlan {
            key,
            command: Text::from(shell::shown(&self.request.command)),
            program: self.request.command.first().map(|word| text(word)).unwrap_or_default(),
            folder: text(folder),
            folder_because: Text::from("where it was started"),
            variables: self.variables(again),
            cpus: (before != after).then(|| (Text::from(before), Text::from(after))),
            kept: vec![Text::from("every other option of this tftop run")],
            lost: Vec::new(),
            doubts: Vec::new(),
        }
    }

    /// Variables that will have another value. Only thread settings are shown with it.
    fn variables(&self, again: &Self) -> Vec<VariableChange> {
        let inherited = |name: &str| self.own.as_ref()?.environment.get(name).map(OsStr::to_owned);
        let value = |changes: &EnvironmentChanges, name: &str| -> Option<OsString> {
            let removed = changes.removed.contains(&name);
            changes.value(name).map(OsStr::to_owned).or_else(|| inherited(name).filter(|_| !removed))
        };
        let shown = |value: Option<OsString>| value.map_or(ShownValue::Unset, |value| ShownValue::Value(text(&value)));
        let change = |name: &&str| {
            let (before, after) = (value(&self.plan.environment, name), value(&again.plan.environment, name));
            (before != after).then(|| VariableChange {
                name: Text::from(*name),
                before: shown(before),
                after: shown(after),
            })
        };
        KEPT_VARIABLES.iter().filter_map(change).collect()
    }
}

fn text(word: &OsStr) -> Text {
    Text::from_bytes(word.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::limits::CapKind;

    fn started(pools: Caps) -> StartSpec {
        let command = vec!["python".into(), "train.py".into()];
        let caps = PlanRequest { pools, force: true, ..PlanRequest::default() };
        StartSpec::new(StartRequest { command, caps, ..StartRequest::default() }).unwrap()
    }

    #[test]
    fn only_what_the_caps_change_is_shown_as_changed() {
        let first = started(Caps::of([(CapKind::Intra, 4), (CapKind::Inter, 2)]));
        let caps = Caps::of([(CapKind::Intra, 1), (CapKind::Inter, 2)]);
        let (again, shown) = first.with(caps, ProcessKey::default()).unwrap();
        let changes: Vec<String> =
            shown.variables.iter().map(|it| format!("{} {} {}", it.name, it.before, it.after)).collect();
        assert_eq!(changes, ["TF_NUM_INTRAOP_THREADS 4 1"]);
        assert_eq!((shown.command.as_str(), shown.doubts.len(), shown.cpus), ("python train.py", 0, None));
        assert_eq!(*again.plan.caps.get(CapKind::Intra), Some(1));
        let (_, back) = again.with(Caps::of([(CapKind::Intra, 4)]).or(caps), ProcessKey::default()).unwrap();
        assert_eq!(back.variables.len(), 1);
    }
}
