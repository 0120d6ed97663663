//! From the options of a run to a plan on this machine.

use std::ffi::OsString;

use anyhow::Context as _;

use crate::commands::args::run::RunOptions;
use crate::commands::own_process::exit::CommandError;
use crate::commands::run::learned;
use crate::launch::caps::machine::MachineCpus;
use crate::launch::caps::plan;
use crate::launch::caps::plan::Plan;

/// Caps that fit together on this machine, or why they don't.
pub(crate) fn plan(args: &RunOptions) -> anyhow::Result<Plan> {
    let asked = args.caps();
    let asked = plan::PlanRequest { learned: learned::of(asked.preset, &args.command), ..asked };
    plan::plan(&asked, &machine(args)?).map_err(|refusal| CommandError::usage(refusal.to_string()).into())
}

/// The CPUs that caps are measured against: those of the old run where there is one.
pub(crate) fn machine(args: &RunOptions) -> anyhow::Result<MachineCpus> {
    let machine = MachineCpus::read().context("reading which CPUs may be used")?;
    let theirs = args.origin.as_ref().and_then(|origin| origin.cpus.clone()).filter(|cpus| !cpus.is_empty());
    Ok(MachineCpus { allowed: theirs.unwrap_or(machine.allowed), ..machine })
}

/// A variable as the command would inherit it.
pub(crate) fn inherited(args: &RunOptions, name: &str) -> Option<OsString> {
    match &args.origin {
        Some(origin) => origin.environment.get(name).map(ToOwned::to_owned),
        None => std::env::var_os(name),
    }
}
