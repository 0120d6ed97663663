//! The program behind the first word of a command, as execvp(3) will find it, and whether Python will read our shim.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use rustix::fs::{Access, access};

/// Where execvp(3) looks when PATH is not set (confstr(3), _CS_PATH of glibc).
const PATH_WITHOUT: &str = "/bin:/usr/bin";

/// Why a command can't be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramError {
    /// There is no such file, or none on PATH.
    NotFound(OsString),
    /// There is one, but it may not be executed.
    NotExecutable(PathBuf),
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(word) if word.as_bytes().contains(&b'/') => write!(f, "there is no {word:?}"),
            Self::NotFound(word) => write!(f, "there is no command {word:?} on PATH"),
            Self::NotExecutable(path) => write!(f, "{path:?} can't be executed: it is no program, or not yours to run"),
        }
    }
}

impl std::error::Error for ProgramError {}

/// The file that a command's first word stands for, with this PATH, where it starts in the folder `from`.
pub fn find(word: &OsStr, path: Option<&OsStr>, from: &Path) -> Result<PathBuf, ProgramError> {
    if word.as_bytes().contains(&b'/') {
        return executable(&from.join(word));
    }
    let mut refused = None;
    for folder in std::env::split_paths(path.unwrap_or(OsStr::new(PATH_WITHOUT))).filter(|_| !word.is_empty()) {
        match executable(&from.join(folder).join(word)) {
            Ok(found) => return Ok(found),
            Err(ProgramError::NotExecutable(path)) => refused = refused.or(Some(path)),
            Err(ProgramError::NotFound(_)) => {}
        }
    }
    Err(refused.map_or_else(|| ProgramError::NotFound(word.to_owned()), ProgramError::NotExecutable))
}

fn executable(path: &Path) -> Result<PathBuf, ProgramError> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() && access(path, Access::EXEC_OK).is_ok() => Ok(path.to_owned()),
        Ok(_) => Err(ProgramError::NotExecutable(path.to_owned())),
        Err(_) => Err(ProgramError::NotFound(path.as_os_str().to_owned())),
    }
}

/// Why Python will not import `sitecustomize` from PYTHONPATH, by its own options; none when it will, or when the command
/// is no Python that can be told by its name.
pub fn refuses_shim(words: &[OsString]) -> Option<String> {
    let (python, rest) = words.split_first()?;
    let name = Path::new(python).file_name()?.to_str()?;
    let version = name.strip_prefix("python")?;
    if !version.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let mut options = rest.iter().map(|word| word.as_bytes());
    while let Some([b'-', letters @ ..]) = options.next() {
        if letters == b"-check-hash-based-pycs" {
            options.next();
        }
        match letters {
            // The program comes on stdin.
            [] => return None,
            [b'-', ..] => continue,
            _ => {}
        }
        for (at, letter) in letters.iter().enumerate() {
            match letter {
                b'I' | b'E' => return Some(format!("{name} -{} reads no PYTHONPATH", char::from(*letter))),
                b'S' => return Some(format!("{name} -S imports no sitecustomize")),
                b'c' | b'm' => return None,
                // These take the rest of the word, or else the next one.
                b'W' | b'X' => {
                    if at + 1 == letters.len() {
                        options.next();
                    }
                    break;
                }
                _ => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn refusal(line: &str) -> Option<String> {
        refuses_shim(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn options_that_keep_the_shim_out_are_seen() {
        assert_eq!(refusal("/usr/bin/python3.11 -I train.py").as_deref(), Some("python3.11 -I reads no PYTHONPATH"));
        assert_eq!(refusal("python -uE train.py").as_deref(), Some("python -E reads no PYTHONPATH"));
        assert_eq!(refusal("python -X dev -Wd -S -m train").as_deref(), Some("python -S imports no sitecustomize"));
    }

    #[test]
    fn options_of_the_script_are_not_pythons() {
        let lines =
            ["python train.py -I", "python -c -I", "python -m x -S", "python -X E a", "python -u - -E", "bash -E x"];
        for line in lines {
            assert_eq!(refusal(line), None, "{line}");
        }
        assert_eq!(refusal("python-config -I"), None);
    }

    #[test]
    fn a_command_is_found_as_the_shell_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str, mode: u32| {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let (runs, rests) = (place("runs", 0o755), place("rests", 0o644));
        let path = std::env::join_paths([Path::new("/nonexistent"), folder.path()]).unwrap();
        assert_eq!(find("runs".as_ref(), Some(&path), Path::new("")), Ok(runs.clone()));
        assert_eq!(find(runs.as_os_str(), None, Path::new("")), Ok(runs));
        assert_eq!(find("rests".as_ref(), Some(&path), Path::new("")), Err(ProgramError::NotExecutable(rests)));
        for missing in ["none", "", "/nonexistent/none"] {
            assert_eq!(find(missing.as_ref(), Some(&path), Path::new("")), Err(ProgramError::NotFound(missing.into())));
        }
        assert!(matches!(find(folder.path().as_os_str(), None, Path::new("")), Err(ProgramError::NotExecutable(_))));
        assert!(find("sh".as_ref(), None, Path::new("")).is_ok());
    }
}
