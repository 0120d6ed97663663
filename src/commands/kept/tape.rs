//! A recording by what a person calls it: a run that is kept, or a file.

use std::fs::{File, OpenOptions};
use std::io;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::commands::args::target::TargetArg;
use crate::commands::kept::lookup;
use crate::commands::own_process::exit::CommandError;
use crate::data::run::run_files::TAPE;
use crate::present::format;
use crate::runs::recorded::Recorded;
use crate::runs::recording::reader::RecordingError;
use crate::runs::store::{KeptRun, RunState};

/// What a gzip file begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The recording that is meant, where a process can be meant as well: "last", a name as `tftop runs` gives them, a file that is
/// a recording by its end (`.tape`) or its begin, or a run's folder. None: it is a process.
///
/// # Errors
/// As [`open`].
pub(crate) fn named(target: &TargetArg) -> anyhow::Result<Option<Recorded>> {
    let TargetArg::Name(name) = target else { return Ok(None) };
    if is_run(name) {
        return of_run(name).map(Some);
    }
    let path = file(name);
    let is_recording =
        has_tape_name(Path::new(name)) || (has_tape_name(&path) && path.exists()) || begins_as_gzip(&path);
    is_recording.then(|| of_file(name, &path)).transpose()
}

/// The recording with this name, where nothing else can be meant: any beginning of a run's name is a run too, and any file is
/// tried.
///
/// # Errors
/// That there is no such run or file (exit code 3), or that it can't be read (1).
pub(crate) fn open(name: &str) -> anyhow::Result<Recorded> {
    match names_a_run(name) {
        true => of_run(name),
        false => of_file(name, &file(name)),
    }
}

/// Whether a run is meant by this name, or by this beginning of one, where no process can be meant; else it is a file.
pub(crate) fn names_a_run(name: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    name == "last" || name.split('-').all(digits)
}

/// Why this is no recording that can be read.
pub(crate) fn unreadable(name: &str, why: &RecordingError) -> CommandError {
    CommandError::no_recording(format!("{}: {why}", format::clean(name)))
}

fn of_run(name: &str) -> anyhow::Result<Recorded> {
    of_kept(&lookup::find(&lookup::store()?, name)?)
}

/// The recording of a run.
///
/// # Errors
/// That it has none (exit code 3), or that it can't be read (1).
pub(crate) fn of_kept(kept: &KeptRun) -> anyhow::Result<Recorded> {
    let id = &kept.fact.id;
    let opened = kept.tape().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CommandError::not_found(format!("run {id} has no {TAPE}")),
        _ => CommandError::no_recording(format!("the {TAPE} of run {id}: {error}")),
    })?;
    Ok(Recorded::open(opened, id, kept.state == RunState::GoesOn).map_err(|why| unreadable(id, &why))?)
}

fn of_file(name: &str, path: &Path) -> anyhow::Result<Recorded> {
    let opened = opened(path).map_err(|error| {
        let path = format::clean(&path.to_string_lossy());
        match error.kind() {
            io::ErrorKind::NotFound => CommandError::not_found(format!(
                "{path}: no such file, and no run with this name; `tftop runs` lists the runs that are kept"
            )),
            _ => CommandError::no_recording(format!("{path}: {error}")),
        }
    })?;
    Ok(Recorded::open(opened, name, false).map_err(|why| unreadable(name, &why))?)
}

/// Names that `tftop runs` gives, and their beginnings: digits in groups. Digits alone may be a pid.
fn is_run(name: &str) -> bool {
    names_a_run(name) && !name.bytes().all(|byte| byte.is_ascii_digit())
}

/// The file that is meant: of a run's folder its tape.
fn file(name: &str) -> PathBuf {
    let path = PathBuf::from(name);
    if path.is_dir() { path.join(TAPE) } else { path }
}

fn has_tape_name(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "tape")
}

fn begins_as_gzip(path: &Path) -> bool {
    let mut begin = [0; GZIP.len()];
    let read = opened(path).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && begin == GZIP
}

/// A regular file: a pipe of this name would keep its reader waiting.
fn opened(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_recording_is_told_from_a_process_by_its_name() {
        for run in ["last", "261120-161909", "261120-1619", "261120-161909-02"] {
            assert!(is_run(run), "{run}");
        }
        for process in ["2430", "train.py", "lasts", "-1", "1-", "a-1", "python train.py"] {
            assert!(!is_run(process), "{process}");
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, text: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let is_recording = |name: &str| named(&TargetArg::Name(name.to_owned())).map_or(true, |found| found.is_some());
        let (gzip, script) = (at("kept.gz", &[0x1f, 0x8b, 8]), at("train.py", b"import tensorflow"));
        for recording in [&gzip, "no/such.tape"] {
            assert!(is_recording(recording), "{recording}");
        }
        let bare = folder.path().to_str().unwrap().to_owned();
        for process in [&script, "no/such.gz", "/dev/null", &bare] {
            assert!(!is_recording(process), "{process}");
        }
        at(TAPE, &[0x1f, 0x8b, 8]);
        assert_eq!((is_recording(&bare), file(&bare)), (true, folder.path().join(TAPE)));
    }

    #[test]
    fn where_nothing_else_can_be_meant_any_name_is_a_recording() {
        let folder = tempfile::tempdir().unwrap();
        let error = |name: &str| open(name).unwrap_err().to_string();
        let script = folder.path().join("train.py");
        fs::write(&script, "import tensorflow").unwrap();
        assert!(error(script.to_str().unwrap()).contains("this is no tape"));
        let nothing = "no such file, and no run with this name; `tftop runs` lists the runs that are kept";
        let bare = folder.path().to_str().unwrap();
        assert_eq!(error("train.py.gz"), format!("train.py.gz: {nothing}"));
        assert_eq!(error(bare), format!("{bare}/{TAPE}: {nothing}"));
        assert!(names_a_run("2611") && !is_run("2611") && !names_a_run("./2611"));
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.tape");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        assert_eq!(opened(&pipe).unwrap_err().to_string(), "not a file");
        let error = named(&TargetArg::Name("no/such.tape".to_owned())).unwrap_err();
        assert!(error.to_string().starts_with("no/such.tape: no such file, and no run"), "{error}");
    }
}
