//! The runs that are kept: found, read and removed. What lies in the store may be anybody's: no link is followed, no file
//! is read beyond a bound, and nothing is removed but what a run's folder holds by name.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use rustix::fs::{AtFlags, CWD, Dir, FileType, FlockOperation, Mode, OFlags, flock, fstat, openat, unlinkat};
use rustix::io::Errno;

use crate::data::run::run_files::{LOCK, LOG, RUN, SHIM, SOCKET, STEPS, SUMMARY, SUMMARY_MARKDOWN, TAPE, UNFINISHED};
use crate::data::run::{RUN_SCHEMA, RunFact};
use crate::data::{Pid, ProcessKey, Text};
use crate::linux::proc::process::is_running;

/// Longest `run.json` and summary that are read.
const LONGEST_FILE: u64 = 4 << 20;
/// Longest text in a lock.
const LONGEST_LOCK: u64 = 64;
/// Runs that are looked at.
const MOST_RUNS: usize = 10_000;
/// Longest name of a run.
const LONGEST_ID: usize = 32;
/// Deepest folder below the shim's: packages and their compiled files.
const DEEPEST: u32 = 4;

/// Every file that a run's folder holds, what tells that it is one last: half removed it is still a run.
const FILES: &[&str] = &[TAPE, STEPS, LOG, SUMMARY_MARKDOWN, SUMMARY, SOCKET, LOCK, RUN];

/// The folder with all runs.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// None: there is none yet.
    folder: Option<OwnedFd>,
}

/// One run that is kept.
#[derive(Debug)]
pub struct KeptRun {
    /// What it says of itself.
    pub fact: RunFact,
    /// Where it is with its run.
    pub state: RunState,
    path: PathBuf,
    folder: OwnedFd,
}

/// Whether a run is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// The tftop that started it is still there, or the command that it left to itself.
    GoesOn,
    /// It has ended, and there is a summary.
    Ended,
    /// It was only watched, that is over, and there is a summary.
    Watched,
    /// It has no summary and nobody is there to write one.
    Unfinished,
}

/// Why a name names no run.
#[derive(Debug)]
pub enum RunNotFound {
    /// There is none that begins so.
    None,
    /// Several begin so: the newest of them, newest first.
    Several(Vec<Text>),
    /// The store can't be read.
    Io(io::Error),
}

/// What was removed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovedRun {
    /// Everything.
    All,
    /// Everything of tftop's; the folder stays, because there are other files in it.
    AllButForeign,
}

/// Which runs stay; those that still go on do anyway. Runs that were only watched are counted by themselves: looking at a
/// process pushes no run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The newest so many,
    pub newest: usize,
    /// and of those the ones that began since, in milliseconds after 1970; none: whenever they began.
    pub since_unix_ms: Option<u64>,
}

impl Store {
    /// The store in this folder, which need not be there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let folder = match openat(CWD, path, FOLDER - OFlags::NOFOLLOW, Mode::empty()) {
            Ok(folder) => Some(folder),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { path: path.to_owned(), folder })
    }

    /// Every run, newest first. What is no run is passed over.
    pub fn list(&self) -> io::Result<Vec<KeptRun>> {
        let names = self.names()?;
        Ok(names.iter().rev().filter_map(|name| self.kept(name)).take(MOST_RUNS).collect())
    }

    /// The run with this name or the only one that begins so; "last" is the newest.
    pub fn find(&self, name: &str) -> Result<KeptRun, RunNotFound> {
        let names = self.names().map_err(RunNotFound::Io)?;
        if name == "last" {
            return names.iter().rev().find_map(|name| self.kept(name)).ok_or(RunNotFound::None);
        }
        if let Some(kept) = names.iter().find(|id| *id == name).and_then(|id| self.kept(id)) {
            return Ok(kept);
        }
        let begins = names.iter().rev().filter(|id| !name.is_empty() && id.starts_with(name));
        let mut kept: Vec<KeptRun> = begins.filter_map(|id| self.kept(id)).take(MOST_RUNS).collect();
        match kept.len() {
            0 => Err(RunNotFound::None),
            1 => kept.pop().ok_or(RunNotFound::None),
            _ => Err(RunNotFound::Several(kept.into_iter().map(|kept| kept.fact.id).collect())),
        }
    }

    /// Removes a run; one that goes on is not removed ([`io::ErrorKind::ResourceBusy`]).
    pub fn remove(&self, kept: &KeptRun) -> io::Result<RemovedRun> {
        let Some(store) = &self.folder else { return Err(io::ErrorKind::NotFound.into()) };
        // Asked again: it may have been looked at long ago.
        if goes_on(&kept.folder) {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        remove_shim(&kept.folder)?;
        for name in FILES {
            remove_file(&kept.folder, name)?;
            remove_file(&kept.folder, &format!("{name}{UNFINISHED}"))?;
        }
        match unlinkat(store, kept.fact.id.as_str(), AtFlags::REMOVEDIR) {
            Ok(()) => Ok(RemovedRun::All),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(RemovedRun::AllButForeign),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the oldest runs beyond this number; those that go on stay and count. What was removed, and the first
    /// reason why one was not.
    pub fn prune(&self, retention: Retention) -> io::Result<(Vec<Text>, Option<io::Error>)> {
        let (mut removed, mut failed) = (Vec::new(), None);
        let (mut started, mut watched) = (0, 0);
        for kept in self.list()? {
            let newer = if kept.fact.watched.is_some() { &mut watched } else { &mut started };
            *newer += 1;
            let old = retention.since_unix_ms.is_some_and(|since| kept.fact.started_unix_ms < since);
            if kept.state == RunState::GoesOn || (*newer <= retention.newest && !old) {
                continue;
            }
            match self.remove(&kept) {
                Ok(_) => removed.push(kept.fact.id),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        Ok((removed, failed))
    }

    /// Names that could be runs', oldest first.
    fn names(&self) -> io::Result<Vec<String>> {
        let Some(folder) = &self.folder else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_str().unwrap_or_default();
            if is_id(name) {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn kept(&self, id: &str) -> Option<KeptRun> {
        let folder = openat(self.folder.as_ref()?, id, FOLDER, Mode::empty()).ok()?;
        let fact: RunFact = serde_json::from_slice(&read(&folder, RUN, LONGEST_FILE).ok()?).ok()?;
        if *fact.schema != *RUN_SCHEMA || *fact.id != *id {
            return None;
        }
        let state = match (goes_on(&folder), file(&folder, SUMMARY).is_ok()) {
            (true, _) => RunState::GoesOn,
            (false, true) if fact.watched.is_some() => RunState::Watched,
            (false, true) => RunState::Ended,
            (false, false) => RunState::Unfinished,
        };
        Some(KeptRun { fact, state, path: self.path.join(id), folder })
    }
}

impl KeptRun {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its summary, as JSON.
    pub fn summary(&self) -> io::Result<Vec<u8>> {
        read(&self.folder, SUMMARY, LONGEST_FILE)
    }

    /// Its samples, compressed and not yet looked at.
    pub fn tape(&self) -> io::Result<File> {
        file(&self.folder, TAPE)
    }
}

impl fmt::Display for RunNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        match self {
            Self::None => f.write_str("there is no such run; `tftop runs` lists those that are kept"),
            Self::Several(ids) => {
                let shown: Vec<&str> = ids.iter().take(SHOWN).map(|id| id.as_str()).collect();
                let more = if ids.len() > SHOWN { ", …" } else { "" };
                write!(f, "{} runs begin so: {}{more}", ids.len(), shown.join(", "))
            }
            Self::Io(error) => write!(f, "the folder of the runs can't be read: {error}"),
        }
    }
}

impl std::error::Error for RunNotFound {}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Names that tftop gives: digits in groups. Anything else in the store is somebody else's.
fn is_id(name: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    name.len() <= LONGEST_ID && name.split('-').all(digits)
}

/// A regular file. A pipe of this name would keep its reader waiting, a link lead elsewhere: neither is opened.
fn file(folder: &OwnedFd, name: &str) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = openat(folder, name, flags, Mode::empty())?;
    match FileType::from_raw_mode(fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(file.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "not a file")),
    }
}

fn read(folder: &OwnedFd, name: &str, limit: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file(folder, name)?.take(limit + 1).read_to_end(&mut text)?;
    match text.len() as u64 > limit {
        true => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than any that tftop writes")),
        false => Ok(text),
    }
}

/// Whether somebody holds its lock, or the process that it names still lives. Where that can't be told, it might.
fn goes_on(folder: &OwnedFd) -> bool {
    let Ok(lock) = file(folder, LOCK) else { return false };
    if flock(&lock, FlockOperation::NonBlockingLockShared).is_err() {
        return true;
    }
    let mut text = String::new();
    let read = lock.take(LONGEST_LOCK).read_to_string(&mut text).is_ok();
    let key = text.split_once(' ').and_then(|(pid, started)| {
        Some(ProcessKey { pid: Pid(pid.parse().ok()?), start_ticks: started.parse().ok()? })
    });
    read && key.is_some_and(|key| is_running(Path::new("/proc"), key))
}

/// A file that is not there is no error. A folder of this name is not removed.
fn remove_file(folder: &OwnedFd, name: &str) -> io::Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT | Errno::ISDIR | Errno::PERM) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What was put in front of the script, where the run did not get to removing it itself.
fn remove_shim(folder: &OwnedFd) -> io::Result<()> {
    match openat(folder, SHIM, FOLDER, Mode::empty()) {
        Ok(shim) => {
            remove_below(&shim, DEEPEST)?;
            match unlinkat(folder, SHIM, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(()),
                Err(error) => Err(error.into()),
            }
        }
        // A link or a file of this name is not tftop's.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Python files and what Python made of them, by folders that are opened one from the other.
fn remove_below(folder: &OwnedFd, depth: u32) -> io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if let Ok(inner) = openat(folder, name, FOLDER, Mode::empty()) {
            if depth > 0 {
                remove_below(&inner, depth - 1)?;
                let _ = unlinkat(folder, name, AtFlags::REMOVEDIR);
            }
        } else if name.to_bytes().ends_with(b".py") || name.to_bytes().ends_with(b".pyc") {
            let _ = unlinkat(folder, name, AtFlags::empty());
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
