//! What a command line runs: a script, a module, text of its own, or what a person or a pipe fed to it. Only the first
//! three can be run again.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::data::{ProcessKey, Text};
use crate::probe::cpython::interpreter;
use crate::probe::restart::source::RestartError;

/// Programs and modules whose work is what is typed into them.
const SESSIONS: &[&str] = &[
    "ipython",
    "ipykernel",
    "ipykernel_launcher",
    "jupyter",
    "notebook",
    "jupyterlab",
    "bpython",
    "ptpython",
    "colab_kernel_launcher",
    "idlelib",
    "marimo",
];
/// Texts in the words of a worker that a Python program started for itself.
const WORKERS: &[&str] = &[
    "--multiprocessing-fork",
    "multiprocessing.spawn",
    "multiprocessing.forkserver",
    "multiprocessing.resource_tracker",
    "joblib.externals.loky",
    "loky.backend.popen_loky",
];

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProgramKind {
    /// A file that Python reads.
    Script(PathBuf),
    /// A module, by its name.
    Module(OsString),
    /// Text on the command line.
    Text,
    /// A program that is no Python.
    Program,
}

/// What the words run, or why it can't be run again.
pub(super) fn of(words: &[OsString], exe: &Path) -> Result<ProgramKind, RestartError> {
    let runs = match is_python(words, exe) {
        true => of_python(words)?,
        false => ProgramKind::Program,
    };
    if let Some(word) = words.iter().find(|word| leads_to_descriptor(word)) {
        return Err(RestartError::Impossible(format!(
            "{} names an open file of the old process (a pipe or a file without a name): save it as a file and start that",
            Text::from_bytes(word.as_bytes())
        )));
    }
    let name = match &runs {
        ProgramKind::Script(path) => path.file_stem().unwrap_or_default().to_owned(),
        ProgramKind::Module(module) => module.clone(),
        _ => OsString::new(),
    };
    let name = String::from_utf8_lossy(name.as_bytes()).to_ascii_lowercase();
    let first = name.split(['.', '-']).next().unwrap_or_default();
    // ipython3, ipython3.11.
    if SESSIONS.contains(&first.trim_end_matches(|c: char| c.is_ascii_digit())) {
        return Err(RestartError::Impossible(format!(
            "{name} is an interactive session: what was typed into it, and its variables, would be lost; save the work as \
             a script, or restart the kernel where it was started"
        )));
    }
    Ok(runs)
}

/// Whether these are the words of a worker, which only its parent can start.
pub(super) fn is_worker(words: &[OsString]) -> bool {
    let holds = |word: &OsString, text: &&str| memchr::memmem::find(word.as_bytes(), text.as_bytes()).is_some();
    // A path of a user's own may hold such a name: only options, modules and text count.
    let counts = words.iter().enumerate().skip(1).filter(|(at, word)| {
        word.as_bytes().starts_with(b"-") || words.get(at - 1).is_some_and(|before| before == "-c" || before == "-m")
    });
    counts.into_iter().any(|(_, word)| WORKERS.iter().any(|text| holds(word, text)))
}

/// Whether Python reads these words, by its file's name: of a virtual environment the file has another one than the word.
pub(super) fn is_python(words: &[OsString], exe: &Path) -> bool {
    let named = |path: &Path| path.file_name().and_then(OsStr::to_str).is_some_and(interpreter::is_interpreter);
    named(exe) || words.first().is_some_and(|word| named(Path::new(word)))
}

/// `/dev/fd/63`, `/dev/stdin`, `/proc/self/fd/3`, `/proc/2430/fd/3`.
fn leads_to_descriptor(word: &OsStr) -> bool {
    let word = word.as_bytes();
    let of_process = word.strip_prefix(b"/proc/").and_then(|rest| rest.splitn(2, |&byte| byte == b'/').nth(1));
    word.starts_with(b"/dev/fd/") || word == b"/dev/stdin" || of_process.is_some_and(|rest| rest.starts_with(b"fd/"))
}

/// Python's own options, then its program (python(1), "Command line").
fn of_python(words: &[OsString]) -> Result<ProgramKind, RestartError> {
    let mut rest = words.iter().skip(1);
    let mut inspects = false;
    let runs = loop {
        let Some(word) = rest.next() else { break None };
        match word.as_bytes() {
            b"-" => break None,
            b"--" => break rest.next().map(|script| ProgramKind::Script(script.into())),
            b"--check-hash-based-pycs" => {
                rest.next();
            }
            [b'-', b'-', ..] => {}
            [b'-', letters @ ..] => match of_letters(letters, &mut inspects) {
                Letters::Module([]) => break rest.next().map(|name| ProgramKind::Module(name.clone())),
                Letters::Module(name) => break Some(ProgramKind::Module(OsString::from_vec(name.to_vec()))),
                Letters::Text => break Some(ProgramKind::Text),
                Letters::TakesNext => {
                    rest.next();
                }
                Letters::Done => {}
            },
            _ => break Some(ProgramKind::Script(word.into())),
        }
    };
    match runs {
        None => Err(RestartError::Impossible(
            "its program came on stdin or was typed in (`python -`, or python alone): it is lost; save it as a file and \
             start that"
                .to_owned(),
        )),
        Some(_) if inspects => Err(RestartError::Impossible(
            "python -i is an interactive session: what was typed into it, and its variables, would be lost".to_owned(),
        )),
        Some(runs) => Ok(runs),
    }
}

enum Letters<'a> {
    Module(&'a [u8]),
    Text,
    TakesNext,
    Done,
}

fn of_letters<'a>(letters: &'a [u8], inspects: &mut bool) -> Letters<'a> {
    for (at, letter) in letters.iter().enumerate() {
        let rest = letters.get(at + 1..).unwrap_or_default();
        match letter {
            b'm' => return Letters::Module(rest),
            b'c' => return Letters::Text,
            b'W' | b'X' if rest.is_empty() => return Letters::TakesNext,
            b'W' | b'X' => return Letters::Done,
            b'i' => *inspects = true,
            _ => {}
        }
    }
    Letters::Done
}

/// A script that was written to after the process started is not what it runs.
pub(super) fn changed_since(runs: &ProgramKind, folder: &Path, proc_root: &Path, key: ProcessKey) -> Option<Text> {
    /// Clocks of files tick more coarsely than those of processes.
    const CLOCK_DIFFERENCE: Duration = Duration::from_secs(2);
    let ProgramKind::Script(script) = runs else { return None };
    let changed = std::fs::metadata(folder.join(script)).and_then(|metadata| metadata.modified()).ok()?;
    let changed_ago = SystemTime::now().duration_since(changed).ok()?;
    let age = age(proc_root, key)?;
    (changed_ago.saturating_add(CLOCK_DIFFERENCE) < age).then(|| {
        Text::from(format!(
            "{} was changed after the process started: the new run runs what it is now",
            script.display()
        ))
    })
}

fn age(proc_root: &Path, key: ProcessKey) -> Option<Duration> {
    let uptime = std::fs::read_to_string(proc_root.join("uptime")).ok()?;
    let uptime_s: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    let started_s = key.start_ticks as f64 / rustix::param::clock_ticks_per_second().max(1) as f64;
    Duration::try_from_secs_f64((uptime_s - started_s).max(0.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(line: &str) -> Result<ProgramKind, RestartError> {
        of(&line.split(' ').map(OsString::from).collect::<Vec<_>>(), Path::new("/usr/bin/python3.11"))
    }

    #[test]
    fn what_python_runs_is_found_behind_its_options() {
        let script = |path: &str| Ok(ProgramKind::Script(path.into()));
        assert_eq!(runs("python -u -X dev -Wd -OO train.py -i -"), script("train.py"));
        assert_eq!(runs("/v/bin/python -- train.py"), script("train.py"));
        assert_eq!(runs("python --check-hash-based-pycs always a/train.py"), script("a/train.py"));
        assert_eq!(runs("python -um pkg.train --fast"), Ok(ProgramKind::Module("pkg.train".into())));
        assert_eq!(runs("python -mpkg"), Ok(ProgramKind::Module("pkg".into())));
        assert_eq!(runs("python -c pass"), Ok(ProgramKind::Text));
    }

    #[test]
    fn a_program_that_nobody_has_any_more_is_refused() {
        for line in ["python", "python -", "python3 -u", "python -u - x", "python -X dev"] {
            assert!(matches!(runs(line), Err(RestartError::Impossible(why)) if why.contains("stdin")), "{line}");
        }
        for line in [
            "python -i train.py",
            "python -m ipykernel_launcher -f x.json",
            "python /v/bin/jupyter-lab",
            "python /v/bin/ipython3",
            "python -m IPython",
            "python -m jupyterlab",
        ] {
            assert!(matches!(runs(line), Err(RestartError::Impossible(why)) if why.contains("interactive")), "{line}");
        }
        for line in ["python /dev/fd/63", "python /proc/self/fd/3", "python /dev/stdin", "python x.py /proc/7/fd/3"] {
            assert!(matches!(runs(line), Err(RestartError::Impossible(why)) if why.contains("open file")), "{line}");
        }
    }

    #[test]
    fn a_worker_is_known_by_what_python_gives_it() {
        let is = |words: &[&str]| is_worker(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert!(is(&["python", "-c", "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)", "x"]));
        assert!(is(&["python", "x", "--multiprocessing-fork"]));
        assert!(is(&["python", "-m", "joblib.externals.loky.backend.popen_loky_posix"]));
        assert!(!is(&["python", "/home/me/multiprocessing.spawn/train.py"]));
        assert!(!is(&["python", "-m", "train"]));
    }
}
