//! Caps as environment variables: one table of which variable follows which cap.
//!
//! Sources: tensorflow/core/common_runtime/process_util.cc and local_device.cc (2.21), the OpenMP 5.2 specification
//! chapter 21, OpenBLAS driver/others/openblas_env.c, numexpr/utils.py, numba/core/config.py, the manuals of oneMKL, BLIS
//! and Accelerate.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use crate::data::limits::Caps;
use crate::launch::plan::Plan;

type CapOf = fn(&Caps) -> Option<u32>;

/// MKL is a BLAS that runs on OpenMP, so it follows the cap for BLAS where there is one. numexpr and Numba have pools of
/// their own and follow the cap for OpenMP, as both do when nothing is set.
const VARIABLES: &[(&str, CapOf)] = &[
    ("TF_NUM_INTRAOP_THREADS", |caps| caps.intra),
    ("TF_NUM_INTEROP_THREADS", |caps| caps.inter),
    ("OMP_NUM_THREADS", |caps| caps.omp),
    // OMP_NUM_THREADS is a default that a program may change, this is a bound.
    ("OMP_THREAD_LIMIT", |caps| caps.omp),
    ("MKL_NUM_THREADS", |caps| caps.blas.or(caps.omp)),
    ("OPENBLAS_NUM_THREADS", |caps| caps.blas),
    ("BLIS_NUM_THREADS", |caps| caps.blas),
    ("VECLIB_MAXIMUM_THREADS", |caps| caps.blas),
    ("NUMEXPR_NUM_THREADS", |caps| caps.omp),
    ("NUMEXPR_MAX_THREADS", |caps| caps.omp),
    ("NUMBA_NUM_THREADS", |caps| caps.omp),
];

/// It makes one more intra-op pool for each device of each session (local_device.cc).
const OVERRIDE: &str = "TF_OVERRIDE_GLOBAL_THREADPOOL";

/// What is different in the environment of the command that is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentChanges {
    /// Variables taken away.
    pub removed: Vec<&'static str>,
    /// Variables set, in the order in which they are shown; of two equal names the last counts.
    pub set: Vec<(OsString, OsString)>,
}

impl EnvironmentChanges {
    /// The variables of the caps, then those that were asked for by name.
    pub fn of(plan: &Plan) -> Self {
        let named = |name: &str| plan.variables.iter().any(|(set, _)| set == name);
        let removed = (plan.caps.intra.is_some() && !named(OVERRIDE)).then_some(OVERRIDE);
        let capping = capping(&plan.caps).filter(|(name, _)| !named(name));
        let capping = capping.map(|(name, cap)| (name.into(), cap.to_string().into()));
        let asked = plan.variables.iter().map(|(name, value)| (name.into(), value.clone()));
        Self { removed: removed.into_iter().collect(), set: capping.chain(asked).collect() }
    }

    /// The value that is set for a variable.
    pub fn value(&self, name: &str) -> Option<&OsStr> {
        self.set.iter().rev().find(|(set, _)| set == name).map(|(_, value)| value.as_os_str())
    }

    /// Makes them on a command that inherits everything else.
    pub fn apply(&self, command: &mut Command) {
        self.removed.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
    }
}

/// Variables that hold these caps.
pub fn capping(caps: &Caps) -> impl Iterator<Item = (&'static str, u32)> {
    let caps = *caps;
    VARIABLES.iter().filter_map(move |(name, cap)| Some((*name, cap(&caps)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(caps: Caps, variables: &[(&str, &str)]) -> EnvironmentChanges {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        EnvironmentChanges::of(&Plan { caps, variables, ..Plan::default() })
    }

    #[test]
    fn a_cap_sets_its_own_variables_and_no_other() {
        let intra = changes(Caps { intra: Some(3), ..Caps::default() }, &[]);
        assert_eq!(intra.set, [("TF_NUM_INTRAOP_THREADS".into(), "3".into())]);
        assert_eq!(intra.removed, [OVERRIDE]);
        assert_eq!(changes(Caps { data: Some(1), ..Caps::default() }, &[]), EnvironmentChanges::default());
    }

    #[test]
    fn mkl_follows_blas_and_else_openmp() {
        let both = changes(Caps { omp: Some(4), blas: Some(2), ..Caps::default() }, &[]);
        assert_eq!(
            (both.value("MKL_NUM_THREADS"), both.value("OMP_NUM_THREADS")),
            (Some("2".as_ref()), Some("4".as_ref()))
        );
        let omp = changes(Caps { omp: Some(4), ..Caps::default() }, &[]);
        assert_eq!((omp.value("MKL_NUM_THREADS"), omp.value("OPENBLAS_NUM_THREADS")), (Some("4".as_ref()), None));
    }

    #[test]
    fn what_is_asked_for_by_name_wins() {
        let forced =
            changes(Caps { intra: Some(3), ..Caps::default() }, &[("TF_NUM_INTRAOP_THREADS", "8"), (OVERRIDE, "1")]);
        assert_eq!(forced.value("TF_NUM_INTRAOP_THREADS"), Some("8".as_ref()));
        assert_eq!(forced.removed, [""; 0]);
    }
}
