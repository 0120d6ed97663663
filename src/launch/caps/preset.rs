//! `--preset`: caps by one word. What is asked for beside it wins over its numbers.

use std::str::FromStr;

use crate::data::CpuSet;
use crate::data::limits::{CapKind, Caps};
use crate::data::run::PredictedDemand;
use crate::data::sample::Quota;
use crate::launch::caps::machine::MachineCpus;

/// Two numbers of CPUs that are the same.
const SAME_CPUS: f64 = 0.01;

/// Caps by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// As an earlier run of the command on as many CPUs was found to want; without one by a rule from the CPUs there are,
    /// which is an estimate.
    Advised,
    /// One thread in every pool.
    Single,
    /// One CPU of each physical core, and that number for every pool.
    Physical,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 3] = [Self::Advised, Self::Single, Self::Physical];

    /// Its name on the command line and in the settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Advised => "advised",
            Self::Single => "single",
            Self::Physical => "physical",
        }
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.word() == word)
            .ok_or_else(|| "write advised, single or physical".to_owned())
    }
}

/// What an earlier run of the same command was found to want.
#[derive(Clone, Debug, PartialEq)]
pub struct AdvisedCaps {
    /// Caps that would have fitted; empty where none was needed.
    pub caps: Caps,
    /// The run.
    pub run: String,
    /// CPUs that it could use.
    pub cpus: f64,
    /// What was predicted of the caps; none where nothing was.
    pub predicted: Option<PredictedDemand>,
}

/// One CPU of each physical core that may be used.
pub(super) fn one_of_each_core(machine: &MachineCpus) -> Result<CpuSet, String> {
    let first = |core: &CpuSet| core.intersection(&machine.allowed).iter().next();
    let cpus: CpuSet = machine.cores.iter().filter_map(first).collect();
    if cpus.is_empty() {
        return Err("--preset physical: this machine does not tell its cores; --cpus N names a number".to_owned());
    }
    Ok(cpus)
}

/// The pools of a preset, and why they are so large. Nothing for `Physical`: its CPUs say it all.
pub(super) fn pools(
    preset: Preset,
    cpus: u32,
    machine: &MachineCpus,
    quota: Option<Quota>,
    learned: Option<&AdvisedCaps>,
) -> (Caps, String) {
    match preset {
        Preset::Single => {
            let caps = Caps::every(1);
            (caps, "preset single: one thread in every pool".to_owned())
        }
        Preset::Physical => (Caps::default(), format!("preset physical: one CPU of each core, {cpus} for every pool")),
        Preset::Advised => {
            let quotas = [quota.map(Quota::cpus), machine.quota_cpus].into_iter().flatten();
            let effective = quotas.fold(f64::from(cpus), f64::min);
            let other = match learned {
                Some(AdvisedCaps { caps, run, cpus, .. }) if (cpus - effective).abs() < SAME_CPUS => {
                    let caps = caps.without_cpus();
                    let found = if caps.is_empty() { "needed no caps".to_owned() } else { format!("asked for {caps}") };
                    let why = format!("preset advised: run {run} of this command, judged on {cpus} CPUs, {found}");
                    return (caps, why);
                }
                Some(AdvisedCaps { run, cpus, .. }) => {
                    format!("run {run} of this command had {cpus} CPUs and says nothing of {effective}")
                }
                None => "no run of this command is kept that was judged, which takes 10 s".to_owned(),
            };
            // A CPU and a half run one thread at a time and another half of it.
            let whole = (effective.floor() as u32).max(1);
            let data = (whole / 4).max(1);
            let intra = whole.saturating_sub(data).max(1);
            let inter = if whole >= 4 { 2 } else { 1 };
            let mut caps = Caps::every(1);
            for (kind, value) in
                [(CapKind::Intra, intra), (CapKind::Inter, inter), (CapKind::Data, data), (CapKind::Omp, intra)]
            {
                *caps.get_mut(kind) = Some(value);
            }
            let why = format!(
                "preset advised: estimated by a rule, not measured: of {effective} CPUs, {data} for input and {intra} for \
                 computing (intra-op, or OpenMP in its place), which inter-op threads mostly wait for; BLAS calls come on \
                 top of these and get 1. {other}"
            );
            (caps, why)
        }
    }
}
