//! With what a running process was started, so that it can be started again; or why that can't be told. Reads /proc and
//! looks whether files are there; changes nothing. The environment it reads is never stored or shown.

pub(crate) mod losses;
pub(crate) mod process_attributes;
pub(crate) mod program;
pub(crate) mod relations;
pub(crate) mod source;
pub(crate) mod working_directory;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use crate::data::run::{FullEnvironment, RebuiltProcess};
use crate::data::{Pid, ProcessKey, Text};
use crate::linux::proc::affinity::cpus_allowed;
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::process::{arguments, start_ticks};
use crate::linux::proc::stat::{Stat, ignores_signal, status_field, user_ids};
use crate::probe::restart::source::{BLOCK_LIMIT, LIMIT, ProcessSource, RestartError};
use crate::probe::target::tree::ProcessTree;

/// More words than anyone's command has.
const MOST_WORDS: usize = 100_000;

/// Everything a new run of the process needs, what it will lack, and what speaks against it. `folder` is where it is to
/// start, where a person says so.
pub fn read(proc_root: &Path, pid: Pid, folder: Option<&Path>) -> Result<RebuiltProcess, RestartError> {
    let files = ProcDir::open(&proc_root.join(pid.to_string())).map_err(|_| RestartError::Gone(pid))?;
    let mut subject = ProcessSource { proc_root, pid, folder: files, reader: FileReader::default() };
    let stat_line = subject.read("stat", LIMIT)?;
    let stat = Stat::parse(&stat_line).ok_or(RestartError::Gone(pid))?;
    let key = ProcessKey { pid, start_ticks: stat.start_ticks };
    let status = subject.read("status", LIMIT)?;
    refuse_by_kind(pid, &stat, &status)?;
    relations::refuse_own(&mut subject)?;
    refuse_other_user(pid, &status)?;
    let words = command(&mut subject)?;
    let environment = environment(&mut subject)?;
    losses::refuse_other_world(&mut subject)?;
    let exe = exe(&subject)?;
    let runs = program::of(&words, &exe)?;
    let relations = relations::of(&mut subject, &stat, &words, &environment)?;
    let needs = working_directory::needed(&words, &runs);
    let place = match folder {
        Some(folder) => working_directory::asked_for(folder, &needs)?,
        None => working_directory::of(&subject, &needs, &environment, relations.pwd_is_hearsay)?,
    };
    let mut lost = losses::of(&mut subject, &stat, &status);
    lost.extend(program::changed_since(&runs, &place.folder, proc_root, key));
    lost.extend(relations.lost);
    Ok(RebuiltProcess {
        key,
        exe,
        folder: place.folder,
        folder_because: place.because,
        environment,
        attributes: process_attributes::of(&mut subject, &stat, &status),
        cpus: cpus_allowed(&status),
        ignores_interrupt: ignores_signal(&status, 2),
        lost,
        doubts: relations.doubts,
        words,
    })
}

/// The process and all its descendants that live now, itself first.
pub fn family(proc_root: &Path, pid: Pid) -> Vec<ProcessKey> {
    let mut reader = FileReader::default();
    let Ok(root) = ProcDir::open(proc_root) else { return Vec::new() };
    let others = ProcessTree::new(pid).grow(&root, &mut reader);
    let key = |pid: Pid| start_ticks(proc_root, pid).map(|start_ticks| ProcessKey { pid, start_ticks });
    std::iter::once(pid).chain(others.into_iter().filter(|other| *other != pid)).filter_map(key).collect()
}

fn refuse_by_kind(pid: Pid, stat: &Stat<'_>, status: &[u8]) -> Result<(), RestartError> {
    if stat.has_ended() {
        return Err(RestartError::Impossible(format!(
            "process {pid} has ended already (its parent has not taken its exit code yet); its command line and \
             environment are gone"
        )));
    }
    // Kthread of status is there since Linux 6.8; kthreadd has number 2 in the first pid namespace.
    let is_kernel = status_field(status, "Kthread") == Some(b"1") || (status_field(status, "VmSize").is_none());
    if is_kernel && (stat.parent == 2 || pid == Pid(2) || status_field(status, "Kthread") == Some(b"1")) {
        return Err(RestartError::Impossible(format!("process {pid} is a thread of the kernel: there is no command")));
    }
    if pid == Pid(1) {
        return Err(RestartError::Impossible(
            "process 1 holds everything here up: restart the container or the machine".into(),
        ));
    }
    Ok(())
}

/// Everything of the new run would be tftop's user's: files it writes, what it may read.
fn refuse_other_user(pid: Pid, status: &[u8]) -> Result<(), RestartError> {
    let (ours, Some([real, effective, _])) = (rustix::process::geteuid().as_raw(), user_ids(status)) else {
        return Err(RestartError::Impossible(format!("the user of process {pid} can't be told")));
    };
    if real != effective {
        return Err(RestartError::Impossible(format!(
            "process {pid} has changed its user (uid {real} started it, it is uid {effective} now): start it as it was \
             started"
        )));
    }
    if real != ours {
        let user = format!("'#{real}'");
        return Err(RestartError::Impossible(format!(
            "process {pid} belongs to uid {real}, tftop runs as uid {ours}: start it as that user: sudo -u {user} tftop \
             rerun {pid}"
        )));
    }
    Ok(())
}

fn command(subject: &mut ProcessSource<'_>) -> Result<Vec<OsString>, RestartError> {
    let pid = subject.pid;
    let line = subject.read("cmdline", BLOCK_LIMIT)?;
    let rewritten = |how: &str| {
        Err(RestartError::Impossible(format!(
            "process {pid} {how} (setproctitle does that): how it was started can't be read any more; `tftop run -- \
             COMMAND` starts it with caps"
        )))
    };
    if line.iter().all(|&byte| byte == 0) {
        return rewritten("has wiped its command line");
    }
    // execve(2) ends each word with a NUL, and the kernel shows what comes behind it when the last one is not there.
    let Some(whole) = line.strip_suffix(b"\0") else { return rewritten("has rewritten its command line") };
    if line.len() >= BLOCK_LIMIT || memchr::memchr_iter(0, whole).count() >= MOST_WORDS {
        return Err(RestartError::Impossible(format!(
            "the command line of process {pid} is longer than the kernel allows"
        )));
    }
    let words: Vec<OsString> = arguments(&line).map(|word| OsString::from_vec(word.to_vec())).collect();
    // A title that is shorter than the command line was leaves NULs behind it.
    let is_title = |words: &[OsString]| words.len() > 2 && words[1..].iter().all(|word| word.is_empty());
    if is_title(&words) { rewritten("has rewritten its command line") } else { Ok(words) }
}

fn environment(subject: &mut ProcessSource<'_>) -> Result<FullEnvironment, RestartError> {
    let block = subject.read("environ", BLOCK_LIMIT)?;
    let environment = FullEnvironment::from_block(&block);
    // A process that writes its title over its environment leaves something without names.
    if !block.is_empty() && environment.pairs().next().is_none() {
        return Err(RestartError::Impossible(format!(
            "process {} has overwritten its environment (setproctitle does that): what it was started with can't be read \
             any more",
            subject.pid
        )));
    }
    Ok(environment)
}

fn exe(subject: &ProcessSource<'_>) -> Result<PathBuf, RestartError> {
    let link = subject.link("exe")?;
    let deleted = link.ends_with(b" (deleted)");
    let shown = Text::from_bytes(&link);
    if link.starts_with(b"/memfd:") {
        return Err(RestartError::Impossible(format!(
            "process {} runs a program that was only ever in memory ({shown}): start it as it was started",
            subject.pid
        )));
    }
    if deleted {
        return Err(RestartError::Impossible(format!(
            "the program process {} runs was removed or replaced since it started ({shown}): what would start now is \
             another one",
            subject.pid
        )));
    }
    Ok(PathBuf::from(OsString::from_vec(link)))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
