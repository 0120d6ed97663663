//! The cgroups of a run: made before its command starts, or a refusal or a note that says why not.

use crate::commands::own_process::exit::CommandError;
use crate::launch::caps::plan::Plan;
use crate::launch::caps::quota;
use crate::launch::pin::Pinner;
use crate::linux::cgroup::create;
use crate::linux::cgroup::create::Cgroups;
use crate::linux::cgroup::create::homes::OwnCgroups;
use crate::linux::cgroup::create::plan::{CgroupBounds, CgroupPlan};
use crate::model::origin::families::Families;

/// What holds the command from outside.
#[derive(Debug, Default)]
pub(crate) struct CgroupGuard {
    pub(crate) cgroups: Cgroups,
    /// What does not hold it, in words.
    pub(crate) note: Option<String>,
}

/// How the caps can be held here. Refused where a quota can't: nothing but a cgroup holds one.
pub(crate) fn blueprint(plan: &Plan) -> Result<CgroupPlan, CommandError> {
    let bounds = CgroupBounds { cpus: plan.cpus.clone(), quota: plan.quota };
    let blueprint = create::blueprint(&OwnCgroups::read(), &bounds, &create::name());
    match &blueprint.no_quota {
        Some(why) => Err(no_quota(plan, why)),
        None => Ok(blueprint),
    }
}

/// Makes the cgroups. Without one for the CPUs the mask is left.
pub(crate) fn hold(plan: &Plan) -> Result<CgroupGuard, CommandError> {
    let blueprint = blueprint(plan)?;
    match Cgroups::make(&blueprint) {
        Ok(cgroups) => Ok(CgroupGuard { cgroups, note: blueprint.no_cpuset.as_deref().map(no_cpuset) }),
        Err(failure) if plan.cpus.is_some() => {
            let cgroups = match plan.quota {
                Some(_) => hold(&Plan { cpus: None, ..plan.clone() })?.cgroups,
                None => Cgroups::default(),
            };
            Ok(CgroupGuard { cgroups, note: Some(no_cpuset(&failure.to_string())) })
        }
        Err(failure) => Err(no_quota(plan, &failure.to_string())),
    }
}

/// What --cpus comes down to without a cpuset.
pub(crate) fn no_cpuset(why: &str) -> String {
    format!("CPUs held by affinity only, which a script can widen; no writable cpuset cgroup: {why}")
}

/// Pins name origins that there are.
pub(crate) fn check_origins(plan: &Plan, families: &Families) -> Result<(), CommandError> {
    match plan.pins.iter().find(|pin| families.get(&pin.origin).is_none()) {
        None => Ok(()),
        Some(pin) => {
            let known: Vec<&str> = families.iter().map(|family| &*family.id).collect();
            let known = known.join(", ");
            Err(CommandError::usage(format!("--pin {pin}: no threads have this origin; there are {known}")))
        }
    }
}

/// What needs a tftop that stays: pins are renewed, and a quota's cgroup is removed, by somebody.
pub(crate) fn refuse_unattended(plan: &Plan) -> Result<(), CommandError> {
    let option = match (plan.quota, plan.pins.first()) {
        (Some(quota), _) => format!("--quota {}", quota::text(quota)),
        (None, Some(pin)) => format!("--pin {pin}"),
        (None, None) => return Ok(()),
    };
    Err(CommandError::usage(format!("{option} holds only while tftop runs, so --detach excludes it")))
}

/// What became of the pins, a line for each.
pub(crate) fn about_pins(pinner: &Pinner) -> impl Iterator<Item = String> {
    pinner.tallies().iter().map(|(pin, tally)| {
        let mut text = format!("pin      {pin}: {} threads pinned", tally.threads);
        if tally.repeated > 0 {
            text += &format!("; put back {} times", tally.repeated);
        }
        if let Some(why) = &tally.why {
            text += &format!(", {} times it failed: {why}", tally.failures);
        }
        text
    })
}

fn no_quota(plan: &Plan, why: &str) -> CommandError {
    let quota = plan.quota.map_or(String::new(), quota::text);
    let percent = plan.quota.map_or(0.0, |quota| (quota.cpus() * 100.0).round());
    CommandError::usage(format!(
        "--quota {quota} needs a CPU cgroup that may be written, and there is none: {why}. Root may write one; with systemd, \
         leave --quota out and start `systemd-run --user --scope -p CPUQuota={percent}% tftop run ...`"
    ))
}
