//! From what a person calls a process, its pid or a name, to one process.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::commands::args::target::TargetArg;
use crate::commands::own_process::exit::CommandError;
use crate::commands::sampling::attach::PROC;
use crate::data::{Pid, Text};
use crate::linux::proc::stat::{number, status_field};
use crate::probe::target::find::{Candidate as FoundProcess, ProcessFinder};

/// How many candidates an error message names.
const SHOWN: usize = 8;

/// The process that was named. A pid is taken as it is: whether it exists shows when it is attached to.
pub(crate) fn find(target: &TargetArg) -> anyhow::Result<Pid> {
    match target {
        TargetArg::Pid(pid) => Ok(*pid),
        TargetArg::Name(name) => by_name(name),
    }
}

/// The process that was named; without a name, the only one that runs a framework.
pub(crate) fn find_or_only(target: Option<&TargetArg>) -> anyhow::Result<Pid> {
    let Some(target) = target else {
        let found = ProcessFinder::new(Path::new(PROC)).framework_processes();
        let candidates = families(Path::new(PROC), found.candidates);
        return only(&candidates).map_err(Into::into);
    };
    find(target)
}

/// The process of this name, or whose command line holds it. Those that run a framework come first; of a family of
/// processes with the same words (forked workers) the eldest is meant.
fn by_name(name: &str) -> anyhow::Result<Pid> {
    let root = Path::new(PROC);
    let mut finder = ProcessFinder::new(root);
    let running = finder.framework_processes().candidates;
    let mut candidates = finder.by_name(name);
    if candidates.iter().any(|candidate| running.iter().any(|found| found.key == candidate.key)) {
        candidates.retain(|candidate| running.iter().any(|found| found.key == candidate.key));
    }
    choose(name, &families(root, candidates)).map_err(Into::into)
}

/// Each with its parent.
fn families(root: &Path, found: Vec<FoundProcess>) -> BTreeMap<Pid, Candidate> {
    let candidate = |found: FoundProcess| {
        let pid = found.key.pid;
        let words: Vec<&str> = found.command.iter().map(Text::as_str).collect();
        (pid, Candidate { parent: parent(root, pid), command: words.join(" ") })
    };
    found.into_iter().map(candidate).collect()
}

struct Candidate {
    /// None when it ended meanwhile.
    parent: Option<Pid>,
    command: String,
}

fn choose(name: &str, candidates: &BTreeMap<Pid, Candidate>) -> Result<Pid, CommandError> {
    match eldest(candidates).as_slice() {
        [] => Err(CommandError::not_found(format!(
            "no process matches {name:?}; `tftop ps` lists the TensorFlow, JAX and PyTorch processes"
        ))),
        [(pid, _)] => Ok(**pid),
        several => Err(CommandError::usage(format!("{} processes match {name:?}; {}", several.len(), by_pid(several)))),
    }
}

fn only(candidates: &BTreeMap<Pid, Candidate>) -> Result<Pid, CommandError> {
    match eldest(candidates).as_slice() {
        [] => Err(CommandError::not_found(
            "no TensorFlow, JAX or PyTorch process is running here; name one, as in `tftop report PID`",
        )),
        [(pid, _)] => Ok(**pid),
        several => Err(CommandError::usage(format!("{} processes; {}", several.len(), by_pid(several)))),
    }
}

/// Those that are not children of another one.
fn eldest(candidates: &BTreeMap<Pid, Candidate>) -> Vec<(&Pid, &Candidate)> {
    let is_child = |candidate: &Candidate| candidate.parent.is_some_and(|parent| candidates.contains_key(&parent));
    candidates.iter().filter(|(_, candidate)| !is_child(candidate)).collect()
}

fn by_pid(several: &[(&Pid, &Candidate)]) -> String {
    let line = |(pid, candidate): &(&Pid, &Candidate)| format!("\n  {pid}  {}", candidate.command);
    let mut listed: String = several.iter().take(SHOWN).map(line).collect();
    if several.len() > SHOWN {
        listed += &format!("\n  and {} more", several.len() - SHOWN);
    }
    format!("name one by its pid:{listed}")
}

/// `PPid` of `/proc/PID/status` (proc_pid_status(5)).
fn parent(proc_root: &Path, pid: Pid) -> Option<Pid> {
    let status = fs::read(proc_root.join(pid.to_string()).join("status")).ok()?;
    number(status_field(&status, "PPid")?).and_then(|parent| u32::try_from(parent).ok()).map(Pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(family: &[(u32, u32, &str)]) -> BTreeMap<Pid, Candidate> {
        let candidate = |&(pid, parent, command): &(u32, u32, &str)| {
            (Pid(pid), Candidate { parent: Some(Pid(parent)), command: command.to_owned() })
        };
        family.iter().map(candidate).collect()
    }

    #[test]
    fn forked_workers_mean_their_eldest() {
        let line = "python train.py";
        assert_eq!(choose("train", &candidates(&[(10, 1, line), (11, 10, line), (12, 11, line)])).unwrap(), Pid(10));
    }

    #[test]
    fn two_that_match_are_listed_and_one_must_be_named() {
        let two = candidates(&[(10, 1, "python train.py --seed 1"), (20, 1, "python train.py")]);
        assert_eq!(
            choose("train", &two).unwrap_err().to_string(),
            "2 processes match \"train\"; name one by its pid:\n  10  python train.py --seed 1\n  20  python train.py"
        );
        let many: Vec<(u32, u32, &str)> = (10..30).map(|pid| (pid, 1, "python")).collect();
        assert!(choose("python", &candidates(&many)).unwrap_err().to_string().ends_with("\n  and 12 more"));
    }

    #[test]
    fn a_name_that_nobody_has_says_where_to_look() {
        let problem = choose("trian", &BTreeMap::new()).unwrap_err().to_string();
        assert!(problem.starts_with("no process matches \"trian\""), "{problem}");
    }

    #[test]
    fn without_a_name_there_must_be_one() {
        assert_eq!(only(&candidates(&[(10, 1, "python train.py"), (11, 10, "python train.py")])).unwrap(), Pid(10));
        let two = only(&candidates(&[(10, 1, "a"), (20, 1, "b")])).unwrap_err().to_string();
        assert_eq!(two, "2 processes; name one by its pid:\n  10  a\n  20  b");
        assert!(only(&BTreeMap::new()).unwrap_err().is_not_found());
    }

    #[test]
    fn the_parent_is_read_and_may_be_gone() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("10")).unwrap();
        assert_eq!(parent(root.path(), Pid(10)), None);
        fs::write(root.path().join("10/status"), "Name:\tx\nPPid:\t7\nTgid:\t10\n").unwrap();
        assert_eq!(parent(root.path(), Pid(10)), Some(Pid(7)));
    }
}
