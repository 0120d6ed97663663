//! What a rerun starts from instead of tftop's own surroundings: the environment, folder, CPUs and manner of the old run,
//! without what tftop itself had put in for it. Holds secrets; they go into the new process and nowhere else.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::data::CpuSet;
use crate::data::limits::Caps;
use crate::data::run::run_files::SHIM;
use crate::data::run::{FullEnvironment, ProcessAttributes, RebuiltProcess};
use crate::data::sample::KEPT_VARIABLES;
use crate::launch::caps::environment::capping;
use crate::launch::program::ProgramError;
use crate::launch::{process_attributes, program, shim};

/// Where a command starts.
#[derive(Clone, Debug, Default)]
pub struct StartContext {
    /// Every variable.
    pub environment: FullEnvironment,
    /// The working folder.
    pub folder: PathBuf,
    /// CPUs it may run on where nothing else is asked for.
    pub cpus: Option<CpuSet>,
    /// The rest.
    pub attributes: ProcessAttributes,
}

/// The part of the shim's configuration that tells which variables an earlier `tftop run` had set.
#[derive(Deserialize)]
struct Earlier {
    #[serde(flatten)]
    caps: Caps,
    #[serde(default)]
    libraries: std::collections::BTreeMap<String, u32>,
}

impl StartContext {
    /// That of a process; the second part names the variables which an earlier `tftop run` had set and that are not the
    /// program's own.
    pub fn of(rebuild: &RebuiltProcess, attributes: ProcessAttributes) -> (Self, Vec<&'static str>) {
        let mut environment = rebuild.environment.clone();
        let removed = take_out(&mut environment);
        let origin = Self { environment, folder: rebuild.folder.clone(), cpus: rebuild.cpus.clone(), attributes };
        (origin, removed)
    }

    /// This process's own: what it changes for itself afterwards is not in it. Fails without a current folder.
    pub fn own() -> std::io::Result<Self> {
        let line = |(name, value): (OsString, OsString)| [name.as_bytes(), b"=", value.as_bytes(), b"\0"].concat();
        Ok(Self {
            environment: FullEnvironment::from_block(&std::env::vars_os().flat_map(line).collect::<Vec<u8>>()),
            folder: std::env::current_dir()?,
            cpus: None,
            attributes: process_attributes::own_limits(),
        })
    }

    /// Makes a command start from here.
    pub fn apply(&self, command: &mut Command) {
        command.env_clear().envs(self.environment.pairs()).current_dir(&self.folder);
    }

    /// The file that a command's first word leads to from here.
    pub fn program(&self, words: &[OsString]) -> Result<PathBuf, ProgramError> {
        let first = words.first().map_or(OsStr::new(""), |word| word.as_os_str());
        program::find(first, self.environment.get("PATH"), &self.folder)
    }
}

/// Whether two paths lead to one and the same file.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// Takes away what `tftop run` put into an environment: the shim's two variables, and the caps that its configuration
/// names, where they still have the value that it gave them.
fn take_out(environment: &mut FullEnvironment) -> Vec<&'static str> {
    let Some(config) = environment.get(shim::VARIABLE).map(OsStr::to_owned) else { return Vec::new() };
    environment.replace(shim::VARIABLE, None);
    if let Some(path) = environment.get("PYTHONPATH") {
        let rest = without_shim(path);
        environment.replace("PYTHONPATH", rest);
    }
    let Some(earlier) = serde_json::from_slice::<Earlier>(config.as_bytes()).ok() else { return Vec::new() };
    let number = |value: &u32| OsString::from(value.to_string());
    let mut set = earlier.libraries;
    set.extend(capping(&earlier.caps).map(|(name, value)| (name.to_owned(), value)));
    let had_set = |name: &&&str| set.get(**name).is_some_and(|value| environment.get(name) == Some(&number(value)));
    let taken: Vec<&'static str> = KEPT_VARIABLES.iter().filter(had_set).copied().collect();
    taken.iter().for_each(|name| environment.replace(name, None));
    taken
}

/// PYTHONPATH without its first entry where that is the shim's folder.
fn without_shim(path: &OsStr) -> Option<OsString> {
    let bytes = path.as_bytes();
    let (first, rest) = match memchr::memchr(b':', bytes) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &b""[..]),
    };
    let rest = if first.ends_with(SHIM.as_bytes()) { rest } else { bytes };
    (!rest.is_empty()).then(|| OsString::from_vec(rest.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tftop_had_put_in_is_taken_out_and_what_the_user_had_set_stays() {
        let config =
            r#"{"mode":"enforce","intra":2,"inter":1,"libraries":{"OMP_NUM_THREADS":2,"MKL_NUM_THREADS":2,"HOME":1}}"#;
        let block = format!(
            "PYTHONPATH=/s/tftop/runs/1-2/shim:/mine\0TFTOP_SHIM={config}\0TF_NUM_INTRAOP_THREADS=2\0\
             TF_NUM_INTEROP_THREADS=9\0OMP_NUM_THREADS=2\0HOME=1\0TOKEN=hush\0"
        );
        let rebuild =
            RebuiltProcess { environment: FullEnvironment::from_block(block.as_bytes()), ..RebuiltProcess::default() };
        let (origin, taken) = StartContext::of(&rebuild, ProcessAttributes::default());
        assert_eq!(taken, ["OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"]);
        let names: Vec<_> = origin.environment.pairs().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(names, ["PYTHONPATH", "TF_NUM_INTEROP_THREADS", "HOME", "TOKEN"]);
        assert_eq!(origin.environment.get("PYTHONPATH"), Some("/mine".as_ref()));
        assert!(!format!("{origin:?}").contains("hush"));
    }

    #[test]
    fn an_environment_that_tftop_did_not_make_stays_as_it_is() {
        let whole = FullEnvironment::from_block(b"PYTHONPATH=/x/shim\0OMP_NUM_THREADS=2\0");
        let rebuild = RebuiltProcess { environment: whole.clone(), ..RebuiltProcess::default() };
        assert_eq!(StartContext::of(&rebuild, ProcessAttributes::default()).0.environment, whole);
        let garbled = FullEnvironment::from_block(b"TFTOP_SHIM={\0PYTHONPATH=/a:/b\0");
        let rebuild = RebuiltProcess { environment: garbled, ..RebuiltProcess::default() };
        let (origin, taken) = StartContext::of(&rebuild, ProcessAttributes::default());
        assert_eq!((origin.environment.get("PYTHONPATH"), taken.len()), (Some("/a:/b".as_ref()), 0));
        assert_eq!(without_shim("/s/shim".as_ref()), None);
    }
}
