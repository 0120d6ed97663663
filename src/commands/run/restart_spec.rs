//! The same command once more with other caps: `r` in the dashboard of a command that this tftop has started. Everything of
//! it is known exactly, nothing has to be rebuilt.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use anyhow::Context as _;

use crate::commands::args::run::RunOptions;
use crate::commands::run::planning;
use crate::data::limits::Caps;
use crate::data::run::{RerunPlan, ShownValue, VariableChange};
use crate::data::sample::KEPT_VARIABLES;
use crate::data::{ProcessKey, Text};
use crate::launch::caps::environment::EnvironmentChanges;
use crate::launch::caps::plan::Plan;
use crate::launch::shell;
use crate::launch::start_context::StartContext;

/// A start that is complete but for its folder.
#[derive(Clone, Debug)]
pub(crate) struct RestartSpec {
    pub(crate) options: RunOptions,
    pub(crate) plan: Plan,
    /// What a later start begins from; none where there is no current folder any more.
    own: Option<StartContext>,
}

impl RestartSpec {
    /// The first start. What tftop itself changes later, as its limit of descriptors, is not passed on to the next one.
    pub(crate) fn first(args: &RunOptions, plan: Plan) -> Self {
        let own = args.origin.as_deref().cloned().or_else(|| StartContext::own().ok());
        Self { options: args.clone(), plan, own }
    }

    /// The same with other caps for the pools, and what a person is told of it.
    pub(crate) fn with(&self, caps: Caps, key: ProcessKey) -> anyhow::Result<(Self, RerunPlan)> {
        let own = self.own.clone().context("the folder it was started in is gone")?;
        let args = self.options.starting_at(self.options.command.clone(), own).forced().with_pools(caps);
        let plan = planning::plan(&args)?;
        let again = Self { plan, options: args, own: self.own.clone() };
        let shown = self.shown(&again, key);
        Ok((again, shown))
    }

    fn shown(&self, again: &Self, key: ProcessKey) -> RerunPlan {
        let folder = self.own.as_ref().map(|own| own.folder.as_os_str()).unwrap_or_default();
        let cpus = |plan: &Plan| plan.cpus.as_ref().map_or_else(|| "as tftop's own".to_owned(), ToString::to_string);
        let (before, after) = (cpus(&self.plan), cpus(&again.plan));
        RerunPlan {
            key,
            command: Text::from(shell::shown(&self.options.command)),
            program: self.options.command.first().map(|word| text(word)).unwrap_or_default(),
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

    fn started(caps: Caps) -> RestartSpec {
        let mut args = RunOptions::usual().unwrap().forced().with_pools(caps);
        args.command = vec!["python".into(), "train.py".into()];
        let plan = planning::plan(&args).unwrap();
        RestartSpec::first(&args, plan)
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
