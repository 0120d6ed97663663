//! The folder a process was started in. The kernel knows only the one it is in now; PWD of its environment is the one a
//! shell started it in, or a stale word of somebody else. What the command line names by relative paths tells them apart.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::data::Text;
use crate::data::run::FullEnvironment;
use crate::probe::restart::program::ProgramKind;
use crate::probe::restart::source::{ProcessSource, RestartError};

/// A folder and why it was taken.
#[derive(Debug)]
pub(crate) struct WorkingDirectory {
    pub(crate) folder: PathBuf,
    pub(crate) because: Text,
}

/// The folder that a person named.
pub(crate) fn asked_for(folder: &Path, needs: &[PathBuf]) -> Result<WorkingDirectory, RestartError> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let missing = needs.iter().find(|path| !folder.join(path).exists());
    match (folder.is_dir(), missing) {
        (true, None) => Ok(WorkingDirectory { folder, because: Text::from("as asked for") }),
        (false, _) => Err(RestartError::Impossible(format!("--dir {}: there is no such folder", folder.display()))),
        (true, Some(path)) => {
            Err(RestartError::Impossible(format!("--dir {}: there is no {} in it", folder.display(), path.display())))
        }
    }
}

/// The folder for a new run. Fails when none is left in which the command's files are.
pub(crate) fn of(
    subject: &ProcessSource<'_>,
    needs: &[PathBuf],
    environment: &FullEnvironment,
    pwd_is_hearsay: bool,
) -> Result<WorkingDirectory, RestartError> {
    let now = PathBuf::from(OsString::from_vec(subject.link("cwd")?));
    let pwd = environment.get("PWD").map(PathBuf::from).filter(|pwd| pwd.is_absolute() && pwd.is_dir());
    let has_all = |folder: &Path| needs.iter().all(|path| folder.join(path).exists());
    let place = |folder: &Path, because: String| {
        Ok(WorkingDirectory { folder: folder.to_owned(), because: Text::from(because) })
    };
    let now_is = Text::from_bytes(now.as_os_str().as_bytes());
    let fits_now = now.is_dir() && has_all(&now);
    match pwd {
        Some(pwd) if is_same(&pwd, &now) && fits_now => place(&pwd, "where it is now and where PWD says".to_owned()),
        Some(pwd) if has_all(&pwd) && !(fits_now && pwd_is_hearsay) => place(
            &pwd,
            match fits_now {
                true => format!("PWD of its environment; it is in {now_is} now: --dir takes that one"),
                false => format!("PWD of its environment; the command does not fit {now_is}, where it is now"),
            },
        ),
        Some(pwd) if fits_now => {
            place(&now, format!("where it is now; PWD ({}) does not fit or is its parent's", pwd.display()))
        }
        None if fits_now => place(&now, "where it is now; there is no usable PWD in its environment".to_owned()),
        Some(_) | None => {
            let missing = needs.iter().find(|path| !now.join(path).exists());
            let what = missing.map_or_else(
                || format!("its folder {now_is} is gone"),
                |path| format!("{} is not there any more, seen from {now_is}", path.display()),
            );
            Err(RestartError::Impossible(format!("{what}: the command would not start; --dir names another folder")))
        }
    }
}

/// Files the command line names that must be there.
pub(crate) fn needed(words: &[OsString], runs: &ProgramKind) -> Vec<PathBuf> {
    let program = words.first().map(PathBuf::from).filter(|program| program.as_os_str().as_bytes().contains(&b'/'));
    let script = if let ProgramKind::Script(script) = runs { Some(script.clone()) } else { None };
    program.into_iter().chain(script).collect()
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
