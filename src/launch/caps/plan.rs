//! From what was asked for on the command line to caps that make sense together, or a refusal before anything starts.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::str::FromStr;

use crate::data::CpuSet;
use crate::data::limits::{CapKind, Caps};
use crate::data::sample::{Pin, Quota};
use crate::launch::caps::environment::EnvironmentChanges;
use crate::launch::caps::machine::MachineCpus;
use crate::launch::caps::preset::{AdvisedCaps, Preset};
use crate::launch::caps::{environment, local_part, preset, quota};

/// Larger numbers are a slip of the finger: no kernel knows more CPUs.
const LARGEST: u32 = CpuSet::LARGEST;

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct PlanRequest {
    /// Caps named one by one; `cpus` is not read.
    pub pools: Caps,
    /// What is not named by itself follows it.
    pub preset: Option<Preset>,
    /// One number for everything, or the CPUs themselves.
    pub cpus: Option<CpuRequest>,
    /// What an earlier run taught, for the preset that asks for it.
    pub learned: Option<AdvisedCaps>,
    /// CPU time for everything.
    pub quota: Option<Quota>,
    /// Groups of threads and their CPUs.
    pub pins: Vec<Pin>,
    /// Variables to set on top, by name.
    pub variables: Vec<(String, OsString)>,
    /// Whether something holds caps inside the script: without it nothing caps tf.data.
    pub shim_enforces: bool,
    /// Accept what would be refused.
    pub force: bool,
}

/// `--cpus N`, `--cpus LIST` or `--cpus auto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CpuRequest {
    /// This rank's part of the CPUs that are allowed; all of them where there are no other ranks.
    Auto,
    /// So many of the CPUs that are allowed, the lowest numbers first.
    Count(u32),
    /// These.
    List(CpuSet),
}

/// Caps that fit together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Every layer's cap; `cpus` is the number of CPUs in the plan.
    pub caps: Caps,
    /// CPUs to run on; none leaves the inherited ones.
    pub cpus: Option<CpuSet>,
    /// CPU time that a cgroup is to hold.
    pub quota: Option<Quota>,
    /// Groups of threads and their CPUs, each group once.
    pub pins: Vec<Pin>,
    /// Variables to set on top, by name.
    pub variables: Vec<(String, OsString)>,
    /// The command's environment under all of this.
    pub environment: EnvironmentChanges,
    /// Where a preset's numbers come from, or a rank's CPUs.
    pub because: Option<String>,
}

/// Why nothing was started, in words that name the option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError(String);

impl PlanError {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PlanError {}

/// Puts the wishes together. `--cpus` gives its number to every pool that has none of its own.
pub fn plan(request: &PlanRequest, machine: &MachineCpus) -> Result<Plan, PlanError> {
    let cpus = match (&request.cpus, request.preset) {
        (Some(_), Some(Preset::Physical)) => {
            let both = "--preset physical and --cpus both name the one number for everything: leave one of them out";
            return Err(PlanError::new(both));
        }
        (None, Some(Preset::Physical)) => Some(CpuRequest::List(preset::one_of_each_core(machine).map_err(PlanError)?)),
        (cpus, _) => cpus.clone(),
    };
    let cpus = cpus.map(|cpus| cpus_of(&cpus, request.force, machine)).transpose()?;
    let mut caps = request.pools.without_cpus();
    refuse_too_large(&caps, cpus.as_ref().map(|(count, _)| *count), request.force, machine)?;
    refuse_idle_quota(request, cpus.as_ref().map(|(_, set)| set), machine)?;
    refuse_pins(request, cpus.as_ref().map(|(_, set)| set), machine)?;
    if request.pools.get(CapKind::Data).is_some() && !request.shim_enforces && !request.force {
        return Err(PlanError(
            "--data is held by the shim alone, no variable caps tf.data: leave --no-shim and --record-only out"
                .to_owned(),
        ));
    }
    let preset = request.preset.map(|preset| {
        let count = cpus.as_ref().map_or(machine.allowed.count(), |(_, set)| set.count());
        preset::pools(preset, count, machine, request.quota, request.learned.as_ref())
    });
    let (preset, because) = preset.unzip();
    let because = because.or_else(|| local_part::because(machine).filter(|_| request.cpus == Some(CpuRequest::Auto)));
    caps = caps.or(preset.unwrap_or_default());
    if let Some((count, _)) = &cpus {
        caps.cpus = Some(*count);
        caps = caps.or(Caps::every(*count));
    }
    if !request.force {
        refuse_contradicting_variable(&caps, &request.variables)?;
    }
    Ok(Plan {
        environment: EnvironmentChanges::new(&caps, &request.variables),
        caps,
        cpus: cpus.map(|(_, set)| set),
        quota: request.quota,
        pins: request.pins.clone(),
        variables: request.variables.clone(),
        because,
    })
}

/// The number that pools are to have, and the CPUs.
fn cpus_of(request: &CpuRequest, force: bool, machine: &MachineCpus) -> Result<(u32, CpuSet), PlanError> {
    let allowed = &machine.allowed;
    match request {
        CpuRequest::Auto => {
            let part = local_part::local_part(machine).map_err(PlanError::new)?;
            Ok((part.count(), part))
        }
        CpuRequest::Count(count) if *count > allowed.count() && !force => Err(PlanError(format!(
            "--cpus {count} is more than the {} CPUs (CPUs {allowed}) that may be used here; --force makes the pools \
             that large all the same",
            allowed.count()
        ))),
        CpuRequest::Count(count) => Ok((*count, allowed.iter().take(*count as usize).collect())),
        CpuRequest::List(set) => {
            let usable = set.intersection(&machine.online);
            if usable.is_empty() {
                return Err(PlanError(format!("--cpus {set}: none of these CPUs is online (CPUs {})", machine.online)));
            }
            if set.intersection(allowed) != *set && !force {
                return Err(PlanError(format!(
                    "--cpus {set}: only CPUs {allowed} may be used here; --force asks the kernel for them anyway"
                )));
            }
            Ok((usable.count(), usable))
        }
    }
}

fn refuse_too_large(caps: &Caps, cpus: Option<u32>, force: bool, machine: &MachineCpus) -> Result<(), PlanError> {
    let online = machine.online.count();
    for (kind, value) in caps.pools() {
        let name = kind.name();
        if value == 0 || value > LARGEST {
            return Err(PlanError(format!("--{name} {value}: must be between 1 and {LARGEST}")));
        }
        if force {
            continue;
        }
        if let Some(cpus) = cpus.filter(|&cpus| value > cpus) {
            return Err(PlanError(format!(
                "--{name} {value} contradicts --cpus, which leaves {cpus}; --force accepts it"
            )));
        }
        if value > online {
            return Err(PlanError(format!(
                "--{name} {value} is more than the {online} CPUs of this machine; --force accepts it"
            )));
        }
    }
    Ok(())
}

/// A quota of more CPUs than there are to run on holds nothing.
fn refuse_idle_quota(request: &PlanRequest, cpus: Option<&CpuSet>, machine: &MachineCpus) -> Result<(), PlanError> {
    let Some(quota) = request.quota.filter(|_| !request.force) else { return Ok(()) };
    let count = cpus.unwrap_or(&machine.allowed).count();
    if quota.cpus() <= f64::from(count) {
        return Ok(());
    }
    let quota = quota::text(quota);
    Err(PlanError(match cpus {
        Some(_) => format!("--quota {quota} contradicts --cpus, which leaves {count}; --force accepts it"),
        None => format!("--quota {quota} is more than the {count} CPUs that may be used here; --force accepts it"),
    }))
}

/// Not even with --force: no mask can hold what the kernel will not take.
fn refuse_pins(request: &PlanRequest, cpus: Option<&CpuSet>, machine: &MachineCpus) -> Result<(), PlanError> {
    for (at, pin) in request.pins.iter().enumerate() {
        if request.pins[..at].iter().any(|other| other.origin == pin.origin) {
            return Err(PlanError(format!("--pin {pin}: {} is pinned twice; name its CPUs in one list", pin.origin)));
        }
        let (whole, why) = match cpus {
            Some(cpus) => (cpus, "which --cpus leaves"),
            None => (&machine.allowed, "which may be used here"),
        };
        if pin.cpus.intersection(whole) != pin.cpus {
            return Err(PlanError(format!("--pin {pin} goes beyond CPUs {whole}, {why}")));
        }
    }
    Ok(())
}

fn refuse_contradicting_variable(caps: &Caps, variables: &[(String, OsString)]) -> Result<(), PlanError> {
    for (name, cap) in environment::capping(caps) {
        let other = variables.iter().find(|(set, value)| set == name && value != OsStr::new(&cap.to_string()));
        if let Some((_, value)) = other {
            return Err(PlanError(format!(
                "--env {name}={} contradicts the caps, which set it to {cap}; --force lets --env win",
                value.to_string_lossy().escape_debug()
            )));
        }
    }
    Ok(())
}

impl FromStr for CpuRequest {
    type Err = String;

    /// "4" is a number of CPUs; "0-3", "0,2" and "3-3" name them; "auto" is a rank's part.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        if let Ok(count) = text.parse::<u32>() {
            return match count {
                0 => Err("no CPU is left to run on".to_owned()),
                1..=LARGEST => Ok(Self::Count(count)),
                _ => Err(format!("must be between 1 and {LARGEST}")),
            };
        }
        let set: CpuSet = text.parse().map_err(|_| "write a number of CPUs (4), a list (0-3,8) or auto".to_owned())?;
        if set.is_empty() { Err("the list names no CPU".to_owned()) } else { Ok(Self::List(set)) }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
