//! `tftop attach NAME`: from a part of a command line to one process.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use super::attach::PROC;
use super::exit::Problem;
use crate::fact::{Pid, Text};
use crate::probe::find;

/// How much of a command line is searched, in bytes.
const LONGEST_COMMAND: u64 = Text::LONGEST as u64;
/// How many candidates an error message names.
const SHOWN: usize = 8;

/// The process whose command line contains `name`. TensorFlow processes come first; of a family of processes with the
/// same words (forked workers) the eldest is meant.
pub(super) fn by_name(name: &str) -> anyhow::Result<Pid> {
    let commands = matching(Path::new(PROC), name);
    let tensorflow = find::tensorflow_processes(Path::new(PROC));
    let mut candidates: BTreeMap<Pid, Candidate> = commands.clone();
    candidates.retain(|pid, _| tensorflow.contains(pid));
    if candidates.is_empty() {
        candidates = commands;
    }
    choose(name, &candidates).map_err(Into::into)
}

/// A process with the name in its command line.
#[derive(Clone, Debug)]
struct Candidate {
    parent: Pid,
    command: Text,
}

fn choose(name: &str, candidates: &BTreeMap<Pid, Candidate>) -> Result<Pid, Problem> {
    let eldest = candidates.iter().filter(|(_, candidate)| !candidates.contains_key(&candidate.parent));
    let eldest: Vec<(&Pid, &Candidate)> = eldest.collect();
    match eldest.as_slice() {
        [] => Err(Problem::not_found(format!(
            "no process has {name:?} in its command line; `tftop ps` lists the TensorFlow processes of this machine"
        ))),
        [(pid, _)] => Ok(**pid),
        several => {
            let shown = several.iter().take(SHOWN).map(|(pid, candidate)| format!("\n  {pid}  {}", candidate.command));
            let more = several.len().saturating_sub(SHOWN);
            let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
            let listed: String = shown.collect();
            Err(Problem::usage(format!(
                "{} processes match {name:?}; name one by its pid:{listed}{rest}",
                several.len()
            )))
        }
    }
}

/// Every other process whose command line contains the name. Kernel threads have none; unreadable ones are left out.
fn matching(proc_root: &Path, name: &str) -> BTreeMap<Pid, Candidate> {
    let entries = fs::read_dir(proc_root).into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).map(Pid);
    pids.filter(|pid| pid.0 != std::process::id())
        .filter_map(|pid| Some((pid, candidate(proc_root, pid, name)?)))
        .collect()
}

fn candidate(proc_root: &Path, pid: Pid, name: &str) -> Option<Candidate> {
    let folder = proc_root.join(pid.to_string());
    let mut command = Vec::new();
    File::open(folder.join("cmdline")).ok()?.take(LONGEST_COMMAND).read_to_end(&mut command).ok()?;
    command.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
    let command = Text::from_bytes(command.trim_ascii());
    if !command.contains(name) {
        return None;
    }
    Some(Candidate { parent: parent(&fs::read_to_string(folder.join("status")).ok()?)?, command })
}

/// `PPid` of a status file (proc_pid_status(5)).
fn parent(status: &str) -> Option<Pid> {
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok().map(Pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(root: &Path, pid: u32, parent: u32, command: &[u8]) {
        let folder = root.join(pid.to_string());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("cmdline"), command).unwrap();
        fs::write(folder.join("status"), format!("Name:\tx\nPPid:\t{parent}\n")).unwrap();
    }

    #[test]
    fn forked_workers_mean_their_eldest() {
        let root = tempfile::tempdir().unwrap();
        process(root.path(), 10, 1, b"python\0train.py\0");
        process(root.path(), 11, 10, b"python\0train.py\0");
        process(root.path(), 12, 11, b"python\0train.py\0");
        process(root.path(), 13, 1, b"python\0serve.py\0");
        fs::write(root.path().join("uptime"), "1").unwrap();
        let found = matching(root.path(), "train.py");
        assert_eq!(found.len(), 3);
        assert_eq!(choose("train.py", &found).unwrap(), Pid(10));
    }

    #[test]
    fn two_that_match_are_listed_and_one_must_be_named() {
        let root = tempfile::tempdir().unwrap();
        process(root.path(), 10, 1, b"python\0train.py\0--seed\x001\0");
        process(root.path(), 20, 1, b"python\0\x1b[31mtrain.py\0");
        let problem = choose("train", &matching(root.path(), "train")).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "2 processes match \"train\"; name one by its pid:\n  10  python train.py --seed 1\n  20  python ^[[31mtrain.py"
        );
    }

    #[test]
    fn a_process_that_is_half_gone_is_left_out() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("10")).unwrap();
        fs::write(root.path().join("10/cmdline"), "python train.py").unwrap();
        assert!(matching(root.path(), "train").is_empty());
        assert!(choose("train", &BTreeMap::new()).unwrap_err().to_string().starts_with("no process has \"train\""));
    }
}
