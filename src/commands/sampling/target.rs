//! From what a person calls a process, its pid or a name, to one process.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::commands::args::target::TargetArg;
use crate::commands::own_process::exit::CommandError;
use crate::commands::sampling::attach::PROC;
use crate::data::{Pid, Text};
use crate::linux::proc::stat::{number, status_field};
use crate::probe::target::find::ProcessFinder;

/// How many candidates an error message names.
const SHOWN: usize = 8;

/// The process that was named. A pid is taken as it is: whether it exists shows when it is attached to.
pub(crate) fn find(target: &TargetArg) -> anyhow::Result<Pid> {
    match target {
        TargetArg::Pid(pid) => Ok(*pid),
        TargetArg::Name(name) => by_name(name),
    }
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
    let families = candidates.into_iter().map(|candidate| {
        let pid = candidate.key.pid;
        let words: Vec<&str> = candidate.command.iter().map(Text::as_str).collect();
        (pid, Candidate { parent: parent(root, pid), command: words.join(" ") })
    });
    choose(name, &families.collect()).map_err(Into::into)
}

struct Candidate {
    /// None when it ended meanwhile.
    parent: Option<Pid>,
    command: String,
}

fn choose(name: &str, candidates: &BTreeMap<Pid, Candidate>) -> Result<Pid, CommandError> {
    let is_child = |candidate: &Candidate| candidate.parent.is_some_and(|parent| candidates.contains_key(&parent));
    let eldest: Vec<_> = candidates.iter().filter(|(_, candidate)| !is_child(candidate)).collect();
    match eldest.as_slice() {
        [] => Err(CommandError::not_found(format!(
            "no process is called {name:?} or has it in its command line; `tftop ps` lists this machine's \
             processes of TensorFlow, JAX and PyTorch"
        ))),
        [(pid, _)] => Ok(**pid),
        several => {
            let line = |(pid, candidate): &(&Pid, &Candidate)| format!("\n  {pid}  {}", candidate.command);
            let mut listed: String = several.iter().take(SHOWN).map(line).collect();
            if several.len() > SHOWN {
                listed += &format!("\n  and {} more", several.len() - SHOWN);
            }
            Err(CommandError::usage(format!(
                "{} processes match {name:?}; name one by its pid:{listed}",
                several.len()
            )))
        }
    }
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
        assert!(problem.starts_with("no process is called \"trian\""), "{problem}");
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
