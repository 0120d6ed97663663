//! Caps as environment variables, by the registry of caps.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use crate::data::limits::{CAPS, CapKind, Caps};

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
    pub fn new(caps: &Caps, variables: &[(String, OsString)]) -> Self {
        let named = |name: &str| variables.iter().any(|(set, _)| set == name);
        let removed = (caps.get(CapKind::Intra).is_some() && !named(OVERRIDE)).then_some(OVERRIDE);
        let capping = capping(caps).filter(|(name, _)| !named(name));
        let capping = capping.map(|(name, cap)| (name.into(), cap.to_string().into()));
        let asked = variables.iter().map(|(name, value)| (name.into(), value.clone()));
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
    CAPS.iter().flat_map(|row| row.sets.iter().map(|variable| (row.kind, variable))).filter_map(
        move |(kind, variable)| {
            let value = caps.get(kind).or_else(|| *caps.get(variable.or?))?;
            Some((variable.name, value))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(caps: Caps, variables: &[(&str, &str)]) -> EnvironmentChanges {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
        EnvironmentChanges::new(&caps, &variables)
    }

    #[test]
    fn a_cap_sets_its_own_variables_and_no_other() {
        let intra = changes(Caps::of([(CapKind::Intra, 3)]), &[]);
        assert_eq!(intra.set, [("TF_NUM_INTRAOP_THREADS".into(), "3".into())]);
        assert_eq!(intra.removed, [OVERRIDE]);
        assert_eq!(changes(Caps::of([(CapKind::Data, 1)]), &[]), EnvironmentChanges::default());
    }

    #[test]
    fn mkl_follows_blas_and_else_openmp() {
        let both = changes(Caps::of([(CapKind::Omp, 4), (CapKind::Blas, 2)]), &[]);
        assert_eq!(
            (both.value("MKL_NUM_THREADS"), both.value("OMP_NUM_THREADS")),
            (Some("2".as_ref()), Some("4".as_ref()))
        );
        let omp = changes(Caps::of([(CapKind::Omp, 4)]), &[]);
        assert_eq!((omp.value("MKL_NUM_THREADS"), omp.value("OPENBLAS_NUM_THREADS")), (Some("4".as_ref()), None));
    }

    #[test]
    fn what_is_asked_for_by_name_wins() {
        let forced = changes(Caps::of([(CapKind::Intra, 3)]), &[("TF_NUM_INTRAOP_THREADS", "8"), (OVERRIDE, "1")]);
        assert_eq!(forced.value("TF_NUM_INTRAOP_THREADS"), Some("8".as_ref()));
        assert_eq!(forced.removed, [""; 0]);
    }
}
