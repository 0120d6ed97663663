//! The Python that is put in front of a script: files of this binary, written to the run's folder, found by PYTHONPATH.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::data::limits::Caps;
use crate::launch::caps::environment;
use crate::launch::caps::environment::EnvironmentChanges;
use crate::linux::own_folder::OwnFolder;

/// A file's path and its text.
macro_rules! shim_file {
    ($path:literal) => {
        ($path, include_str!(concat!("../../assets/shim/", $path)))
    };
}

/// Its files, by their paths below `assets/shim`.
const FILES: &[(&str, &str)] = &[
    shim_file!("_tftop_shim/__init__.py"),
    shim_file!("_tftop_shim/caller.py"),
    shim_file!("_tftop_shim/calls.py"),
    shim_file!("_tftop_shim/config.py"),
    shim_file!("_tftop_shim/context.py"),
    shim_file!("_tftop_shim/dataset.py"),
    shim_file!("_tftop_shim/environ.py"),
    shim_file!("_tftop_shim/hooks.py"),
    shim_file!("_tftop_shim/lifetime.py"),
    shim_file!("_tftop_shim/marks.py"),
    shim_file!("_tftop_shim/parallel.py"),
    shim_file!("_tftop_shim/session.py"),
    shim_file!("_tftop_shim/shim.py"),
    shim_file!("_tftop_shim/steps.py"),
    shim_file!("_tftop_shim/wire.py"),
    shim_file!("sitecustomize.py"),
];

/// The folder of all but one of them.
const PACKAGE: &str = "_tftop_shim";

/// The variable it is configured by.
pub(super) const VARIABLE: &str = "TFTOP_SHIM";

/// Whether it holds caps or only listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShimMode {
    /// Caps hold against the script's own calls.
    Enforce,
    /// Nothing in the script is changed; who asks for what is recorded.
    Record,
}

#[derive(Serialize)]
struct Config<'a> {
    mode: ShimMode,
    /// Caps it holds inside the script, by their names.
    #[serde(flatten)]
    caps: BTreeMap<&'static str, u32>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    libraries: BTreeMap<&'static str, u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    socket: Option<&'a str>,
}

/// Its configuration: the value of `TFTOP_SHIM`. Without a socket it says nothing.
pub fn config(mode: ShimMode, caps: &Caps, socket: Option<&Path>) -> String {
    let libraries = environment::capping(caps).filter(|(name, _)| !name.starts_with("TF_")).collect();
    // A path that is no UTF-8 can't be named in JSON; then the shim holds without a word.
    let socket = socket.and_then(Path::to_str);
    let caps = caps.pools().filter(|(kind, _)| kind.row().shim).map(|(kind, value)| (kind.name(), value)).collect();
    let config = Config { mode, caps, libraries, socket };
    serde_json::to_string(&config).unwrap_or_default()
}

/// Writes the files to `home`, which is new, and adds the two variables: the folder comes before whatever PYTHONPATH the command would have, which
/// is `inherited` where the changes set none.
pub fn install(
    home: &OwnFolder,
    config: String,
    inherited: Option<OsString>,
    changes: &mut EnvironmentChanges,
) -> io::Result<()> {
    let package = home.make(PACKAGE)?;
    for (path, text) in FILES {
        let (folder, name) = match path.split_once('/') {
            Some((_, name)) => (&package, name),
            None => (home, *path),
        };
        folder.file(name)?.write_all(text.as_bytes())?;
    }
    let others = changes.value("PYTHONPATH").map(OsStr::to_owned).or(inherited);
    changes.set.push(("PYTHONPATH".into(), before(home.path().as_os_str(), others)));
    changes.set.push((VARIABLE.into(), config.into()));
    Ok(())
}

/// An empty entry would be the working directory: one must not come about.
fn before(home: &OsStr, others: Option<OsString>) -> OsString {
    let mut path = home.to_owned();
    if let Some(others) = others.filter(|others| !others.is_empty()) {
        path.push(":");
        path.push(others);
    }
    path
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::data::limits::CapKind;

    fn python_files(folder: &Path) -> BTreeSet<PathBuf> {
        let mut files = BTreeSet::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files.extend(python_files(&path)),
                false => files.extend(path.extension().is_some_and(|end| end == "py").then_some(path.clone())),
            }
        }
        files
    }

    #[test]
    fn every_file_of_the_shim_is_in_the_binary() {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/shim");
        let listed: BTreeSet<PathBuf> = FILES.iter().map(|(path, _)| home.join(path)).collect();
        assert_eq!(listed, python_files(&home));
    }

    #[test]
    fn what_is_not_capped_is_not_mentioned() {
        assert_eq!(config(ShimMode::Record, &Caps::default(), None), r#"{"mode":"record"}"#);
        let caps = Caps::of([(CapKind::Intra, 1), (CapKind::Blas, 2)]);
        let config = config(ShimMode::Enforce, &caps, Some(Path::new("/run/socket")));
        assert!(config.starts_with(r#"{"mode":"enforce","intra":1,"libraries":{"BLIS_NUM_THREADS":2,"#), "{config}");
        assert!(config.ends_with(r#""socket":"/run/socket"}"#) && !config.contains("TF_NUM"), "{config}");
    }

    #[test]
    fn no_empty_entry_comes_into_the_path() {
        assert_eq!(before("/s".as_ref(), None), "/s");
        assert_eq!(before("/s".as_ref(), Some("".into())), "/s");
        assert_eq!(before("/s".as_ref(), Some("/a:/b".into())), "/s:/a:/b");
    }
}
