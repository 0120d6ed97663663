//! A recording by its name: a kept run, or a file.

use std::fs;
use std::fs::{File, OpenOptions};
use std::io;
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;

use crate::commands::args::span::Moment;
use crate::commands::args::target::TargetArg;
use crate::commands::kept::lookup;
use crate::commands::own_process::exit::CommandError;
use crate::data::run::run_files::TAPE;
use crate::present::format;
use crate::runs::recorded::Recorded;
use crate::runs::recording::reader::RecordingError;
use crate::runs::store::RunState;

/// What a gzip file begins with (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The recording that is meant, where a recording and no process is: "last", a name as `tftop runs` gives them, a file that
/// is one by its end (`.tape`) or its begin, or a run's folder.
///
/// # Errors
/// That there is no such run or file (exit code 3), or that it can't be read (1).
pub(crate) fn named(target: &TargetArg) -> anyhow::Result<Option<Recorded>> {
    let TargetArg::Name(name) = target else { return Ok(None) };
    if is_run(name) {
        return of_run(name).map(Some);
    }
    match file(name) {
        Some(path) => of_file(name, &path).map(Some),
        None => Ok(None),
    }
}

/// The recording with this name, which can be nothing else.
///
/// # Errors
/// As [`named`].
pub(crate) fn open(name: &str) -> anyhow::Result<Recorded> {
    match file(name).filter(|_| !is_run(name)) {
        Some(path) => of_file(name, &path),
        None => of_run(name),
    }
}

/// How long after its begin the moment is that was asked for; its end, where none was.
///
/// # Errors
/// That it is not that long.
pub(crate) fn moment(recorded: &Recorded, at: Option<Moment>) -> Result<Duration, CommandError> {
    let length = recorded.length();
    let found = match at {
        None => Some(length),
        Some(Moment::AfterBegin(time)) => Some(time).filter(|&time| time <= length),
        Some(Moment::BeforeEnd(time)) => length.checked_sub(time),
    };
    let length = format::duration(length.as_secs_f64());
    found.ok_or_else(|| CommandError::usage(format!("--at: the recording is only {length} long")))
}

/// Why this is no recording that can be read.
pub(crate) fn unreadable(name: &str, why: &RecordingError) -> CommandError {
    CommandError::no_recording(format!("{}: {why}", format::clean(name)))
}

fn of_run(name: &str) -> anyhow::Result<Recorded> {
    let kept = lookup::find(&lookup::store()?, name)?;
    let id = &kept.fact.id;
    let opened = kept.tape().map_err(|error| missing(&format!("the {TAPE} of run {id}"), &error))?;
    Ok(Recorded::open(opened, id, kept.state == RunState::GoesOn).map_err(|why| unreadable(id, &why))?)
}

fn of_file(name: &str, path: &Path) -> anyhow::Result<Recorded> {
    let opened = opened(path).map_err(|error| missing(name, &error))?;
    Ok(Recorded::open(opened, name, false).map_err(|why| unreadable(name, &why))?)
}

fn missing(name: &str, error: &io::Error) -> CommandError {
    let says = format!("{}: {error}", format::clean(name));
    match error.kind() {
        io::ErrorKind::NotFound => CommandError::not_found(says),
        _ => CommandError::no_recording(says),
    }
}

/// Names that `tftop runs` gives, and their beginnings: digits in groups. Digits alone are a pid.
fn is_run(name: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    name == "last" || (name.contains('-') && name.split('-').all(digits))
}

/// The file that is meant; none where it is no recording by its name and its begin.
fn file(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(name);
    if path.extension().is_some_and(|end| end == "tape") {
        return Some(path);
    }
    let about = fs::metadata(&path).ok()?;
    if about.is_dir() {
        return Some(path.join(TAPE)).filter(|tape| tape.exists());
    }
    let mut begin = [0; GZIP.len()];
    let read = opened(&path).and_then(|mut file| file.read_exact(&mut begin));
    (read.is_ok() && begin == GZIP).then_some(path)
}

/// A regular file: a pipe of this name would keep its reader waiting.
fn opened(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no file")),
    }
}

#[cfg(test)]
mod tests {
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
        let (gzip, script) = (at("kept.gz", &[0x1f, 0x8b, 8]), at("train.py", b"import tensorflow"));
        assert_eq!(file(&gzip), Some(PathBuf::from(&gzip)));
        assert_eq!((file(&script), file("no/such.gz"), file("/dev/null")), (None, None, None));
        assert_eq!(file("no/such.tape"), Some(PathBuf::from("no/such.tape")));
        assert_eq!(file(folder.path().to_str().unwrap()), None);
        at(TAPE, b"");
        assert_eq!(file(folder.path().to_str().unwrap()), Some(folder.path().join(TAPE)));
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.tape");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
        assert_eq!(opened(&pipe).unwrap_err().to_string(), "this is no file");
        let error = named(&TargetArg::Name("no/such.tape".to_owned())).unwrap_err();
        assert!(error.to_string().starts_with("no/such.tape: No such file"), "{error}");
    }
}
