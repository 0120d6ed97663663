//! The other ranks of a process's job on this machine. Reads the environment of each process of its user once, and keeps of it nothing
//! but the rank.

use std::path::Path;

use crate::data::Pid;
use crate::data::job::JobKey;
use crate::data::job::rank::Rank;
use crate::linux::proc::proc_dir::{DirEntry, FileReader, ProcDir};
use crate::linux::proc::stat::{Stat, status_field, user_ids};
use crate::linux::unanswered::unanswered_strings;

/// Bytes of an environment, and of the other files.
const ENVIRONMENT_LIMIT: usize = 4 << 20;
const STATUS_LIMIT: usize = 64 << 10;
/// Bytes of all environments together.
const ENVIRONMENTS_LIMIT: usize = 64 << 20;

/// A process that is a rank.
struct RankProcess {
    pid: Pid,
    parent: Pid,
    key: JobKey,
}

/// Those of the job of this process that no other of them started, without itself, by rising pid. None where it is no rank, or its
/// environment can't be read.
pub fn other_ranks(proc_root: &Path, pid: Pid) -> Vec<Pid> {
    let mut reader = FileReader::default();
    let Ok(root) = ProcDir::open(proc_root) else { return Vec::new() };
    let mut room = ENVIRONMENTS_LIMIT;
    let Some(asked) = process(proc_root, pid, None, &mut reader, &mut room) else { return Vec::new() };
    let mut listing: Vec<DirEntry> = Vec::new();
    if reader.numbers(&root, &mut listing).is_err() {
        return Vec::new();
    }
    let uid = uid_of(proc_root, pid, &mut reader);
    let ranks: Vec<RankProcess> = listing
        .iter()
        .map(|entry| Pid(entry.number))
        .filter(|other| *other != pid && other.0 != std::process::id())
        .filter_map(|other| process(proc_root, other, uid, &mut reader, &mut room))
        .filter(|other| other.key == asked.key)
        .collect();
    let started = |parent: Pid| parent == pid || ranks.iter().any(|other| other.pid == parent);
    // Launchers that hand the environment on are not among them: they are no rank themselves.
    ranks.iter().filter(|rank| !started(rank.parent) && rank.pid != asked.parent).map(|rank| rank.pid).collect()
}

/// None of one that is no rank, is another user's, or can't be read.
fn process(
    proc_root: &Path,
    pid: Pid,
    uid: Option<u32>,
    reader: &mut FileReader,
    room: &mut usize,
) -> Option<RankProcess> {
    if uid.is_some() && uid_of(proc_root, pid, reader) != uid {
        return None;
    }
    let folder = ProcDir::open(&proc_root.join(pid.to_string())).ok()?;
    if unanswered_strings(&folder, reader).is_some() {
        return None;
    }
    let parent = Stat::parse(reader.read(&folder, "stat", STATUS_LIMIT).ok()?)?.parent;
    let block = reader.read(&folder, "environ", ENVIRONMENT_LIMIT.min(*room)).ok()?;
    *room -= block.len();
    Some(RankProcess { pid, parent: Pid(parent), key: JobKey::new(&Rank::from_block(block)?, None) })
}

/// The effective user id.
fn uid_of(proc_root: &Path, pid: Pid, reader: &mut FileReader) -> Option<u32> {
    let folder = ProcDir::open(&proc_root.join(pid.to_string())).ok()?;
    let status = reader.read(&folder, "status", STATUS_LIMIT).ok()?;
    // A number of a thread answers, too, and is its process's.
    let process = status_field(status, "Tgid").and_then(|tgid| std::str::from_utf8(tgid).ok()?.trim().parse().ok());
    (process == Some(pid.0)).then(|| user_ids(status).map(|[_, effective, _]| effective)).flatten()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn started(root: &Path, pid: u32, parent: u32, uid: u32, environ: &str) {
        let folder = root.join(pid.to_string());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("stat"), format!("{pid} (x) S {parent} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0")).unwrap();
        fs::write(folder.join("status"), format!("Name:\tx\nTgid:\t{pid}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"))
            .unwrap();
        fs::write(folder.join("environ"), environ.replace(' ', "\0")).unwrap();
    }

    #[test]
    fn the_ranks_of_a_job_are_found_and_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let rank = |rank: u32, job: &str| format!("PMI_RANK={rank} PMI_SIZE=3 SLURM_JOB_ID={job}");
        started(dir.path(), 10, 5, 1000, &rank(0, "7"));
        started(dir.path(), 11, 5, 1000, &rank(1, "7"));
        started(dir.path(), 12, 11, 1000, &rank(1, "7"));
        started(dir.path(), 13, 5, 1000, &rank(2, "7"));
        started(dir.path(), 14, 5, 1000, &rank(2, "8"));
        started(dir.path(), 15, 5, 1001, &rank(2, "7"));
        started(dir.path(), 16, 5, 1000, "HOME=/");
        assert_eq!(other_ranks(dir.path(), Pid(10)), [Pid(11), Pid(13)]);
        assert_eq!(other_ranks(dir.path(), Pid(11)), [Pid(10), Pid(13)], "its own child is followed as such");
        assert_eq!(other_ranks(dir.path(), Pid(16)), []);
        assert_eq!(other_ranks(dir.path(), Pid(99)), []);
    }
}
