//! Every variable of a process, secrets among them: kept in memory for as long as it takes to start the process again.
//! Can't be serialized, and its debug text has no value in it; what may be shown are the kept variables alone.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;

use crate::data::sample::Environment;

/// An environment whose values are not for showing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FullEnvironment(Vec<(OsString, OsString)>);

impl FullEnvironment {
    /// From a NUL-separated block as `/proc/PID/environ` holds it (proc_pid_environ(5)). The first of two equal names
    /// counts, as for getenv(3); what has no name or no `=` is no variable.
    pub fn from_block(block: &[u8]) -> Self {
        let mut whole = Self::default();
        let mut seen = std::collections::HashSet::new();
        for line in block.split(|&byte| byte == 0) {
            let Some(equals) = line.iter().position(|&byte| byte == b'=').filter(|at| *at > 0) else { continue };
            let name = OsStr::from_bytes(&line[..equals]);
            if seen.insert(name) {
                whole.0.push((name.to_owned(), OsStr::from_bytes(&line[equals + 1..]).to_owned()));
            }
        }
        whole
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.iter().find(|(set, _)| set == name).map(|(_, value)| value.as_os_str())
    }

    /// Sets a variable that is there, or takes it away.
    pub fn replace(&mut self, name: &str, value: Option<OsString>) {
        match (value, self.0.iter_mut().find(|(set, _)| set == name)) {
            (Some(value), Some((_, old))) => *old = value,
            (Some(value), None) => self.0.push((name.into(), value)),
            (None, _) => self.0.retain(|(set, _)| set != name),
        }
    }

    /// All of it, for the one place that starts a process with it.
    pub fn pairs(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// What of it may be shown and stored.
    pub fn kept(&self) -> Environment {
        let line = |(name, value): &(OsString, OsString)| [name.as_bytes(), b"=", value.as_bytes(), b"\0"].concat();
        Environment::from_block(&self.0.iter().flat_map(line).collect::<Vec<u8>>())
    }
}

impl fmt::Debug for FullEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WholeEnvironment({} variables, not shown)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_in_its_debug_text_and_only_kept_variables_are_in_what_may_be_shown() {
        let whole = FullEnvironment::from_block(b"TOKEN=hush\0OMP_NUM_THREADS=4\0TOKEN=again\0broken\0=x\0");
        assert_eq!(format!("{whole:?}"), "WholeEnvironment(2 variables, not shown)");
        assert_eq!(whole.get("TOKEN"), Some("hush".as_ref()));
        assert_eq!(whole.kept().iter().collect::<Vec<_>>(), [("OMP_NUM_THREADS", "4")]);
    }

    #[test]
    fn a_variable_is_replaced_in_its_place_or_taken_away() {
        let mut whole = FullEnvironment::from_block(b"A=1\0B=2\0");
        whole.replace("A", Some("3".into()));
        whole.replace("B", None);
        whole.replace("C", Some("4".into()));
        let pairs: Vec<_> = whole.pairs().collect();
        assert_eq!(pairs, [("A".as_ref(), "3".as_ref()), ("C".as_ref(), OsStr::new("4"))]);
    }
}
