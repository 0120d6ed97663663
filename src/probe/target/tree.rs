//! The descendants of a process, but for tftop itself where the process started it. Who was a descendant once stays one, also
//! after its parent died and another adopted it. A process whose parent ended before tftop saw the parent is not found: nothing
//! in /proc remembers it.

use std::collections::{HashMap, HashSet};

use crate::data::Pid;
use crate::linux::proc::proc_dir::{DirEntry, FileReader, ProcDir};
use crate::linux::proc::stat::{Stat, number, status_last_number, words};

/// Descendants followed at most; a target that starts more gets a gap.
pub const MOST_DESCENDANTS: usize = 1024;
/// Numbers tried one by one at most; beyond, listing /proc is cheaper.
const MOST_TRIED: u32 = 512;
/// /proc is listed at least at every so many looks: a number may be handed out of turn (CRIU), or be handed out long
/// before its process can be seen.
const LISTED_EVERY: u32 = 16;

/// Watches /proc for new descendants. Listing /proc costs about 2 us a process of the machine, so mostly only the numbers
/// that the kernel handed out since the last look are tried: it hands them out in turn.
#[derive(Debug)]
pub struct ProcessTree {
    /// Followed or not: their children are descendants either way.
    members: HashSet<u32>,
    /// Entries of /proc listed before and not ours; the inode number tells a reused pid.
    strangers: HashSet<DirEntry>,
    listing: Vec<DirEntry>,
    /// The last number handed out, as of the last look.
    newest: Option<u32>,
    /// Numbers handed out and not seen yet.
    awaited: Vec<DirEntry>,
    looks: u32,
}

impl ProcessTree {
    /// The tree below this process.
    pub fn new(root: Pid) -> Self {
        let members = HashSet::from([root.0]);
        let (strangers, listing, awaited) = (HashSet::new(), Vec::new(), Vec::new());
        Self { members, strangers, listing, newest: None, awaited, looks: 0 }
    }

    /// New descendants, parents before their children. Only stat files of processes not seen before are read.
    pub fn grow(&mut self, proc_root: &ProcDir, reader: &mut FileReader) -> Vec<Pid> {
        let newest = newest_number(proc_root, reader);
        let before = std::mem::replace(&mut self.newest, newest);
        self.looks = self.looks.wrapping_add(1);
        let handed_out = match (before, newest) {
            (Some(before), Some(newest)) if before <= newest && newest - before <= MOST_TRIED => {
                Some(before + 1..=newest)
            }
            _ => None,
        };
        match handed_out.filter(|_| !self.looks.is_multiple_of(LISTED_EVERY)) {
            Some(numbers) => self.try_numbers(numbers, proc_root, reader),
            None => self.list(proc_root, reader),
        }
    }

    fn try_numbers(
        &mut self,
        numbers: std::ops::RangeInclusive<u32>,
        proc_root: &ProcDir,
        reader: &mut FileReader,
    ) -> Vec<Pid> {
        let again = std::mem::take(&mut self.awaited);
        let mut children = Children::default();
        for entry in numbers.map(unlisted) {
            match parent_of(proc_root, entry.number, reader) {
                Some(parent) => children.entry(parent).or_default().push(entry),
                None => self.awaited.push(entry),
            }
        }
        for entry in again {
            if let Some(parent) = parent_of(proc_root, entry.number, reader) {
                children.entry(parent).or_default().push(entry);
            }
        }
        self.adopt(&mut children, proc_root, reader)
    }

    fn list(&mut self, proc_root: &ProcDir, reader: &mut FileReader) -> Vec<Pid> {
        self.awaited.clear();
        let mut listing = std::mem::take(&mut self.listing);
        if reader.numbers(proc_root, &mut listing).is_err() {
            return Vec::new();
        }
        self.strangers.retain(|stranger| listing.binary_search(stranger).is_ok());
        self.members.retain(|pid| listing.binary_search_by_key(pid, |entry| entry.number).is_ok());
        let mut children = Children::default();
        for &entry in &listing {
            if !self.strangers.contains(&entry)
                && !self.members.contains(&entry.number)
                && let Some(parent) = parent_of(proc_root, entry.number, reader)
            {
                children.entry(parent).or_default().push(entry);
            }
        }
        self.listing = listing;
        let found = self.adopt(&mut children, proc_root, reader);
        self.strangers.extend(children.into_values().flatten());
        found
    }

    /// Takes in who descends from a member. Numbers of threads answer in /proc too, as if they were processes.
    fn adopt(&mut self, children: &mut Children, proc_root: &ProcDir, reader: &mut FileReader) -> Vec<Pid> {
        let mut found = Vec::new();
        let mut parents: Vec<u32> = self.members.iter().copied().filter(|pid| children.contains_key(pid)).collect();
        while let Some(parent) = parents.pop() {
            for entry in children.remove(&parent).unwrap_or_default() {
                let other = entry.number != std::process::id() || !proc_root.shows_own_numbers();
                if other && !is_thread(proc_root, entry.number, reader) && self.members.insert(entry.number) {
                    found.push(Pid(entry.number));
                    parents.push(entry.number);
                }
            }
        }
        found
    }

    /// Takes in a process beside the root: its children are followed, too.
    pub fn add(&mut self, pid: Pid) {
        self.members.insert(pid.0);
    }

    /// A descendant ended: its number may belong to another process from now on.
    pub fn forget(&mut self, pid: Pid) {
        self.members.remove(&pid.0);
    }
}

type Children = HashMap<u32, Vec<DirEntry>>;

fn unlisted(number: u32) -> DirEntry {
    DirEntry { number, inode: 0 }
}

/// The last number this pid namespace handed out: the last word of loadavg (proc_loadavg(5)). It is told of the reader's
/// namespace, so it is of use only where /proc shows that namespace too.
fn newest_number(proc_root: &ProcDir, reader: &mut FileReader) -> Option<u32> {
    if !proc_root.shows_own_numbers() {
        return None;
    }
    let line = reader.read(proc_root, "loadavg", 256).ok()?;
    words(line).last().and_then(number).and_then(|number| u32::try_from(number).ok())
}

fn parent_of(proc_root: &ProcDir, pid: u32, reader: &mut FileReader) -> Option<u32> {
    let line = reader.read(proc_root, &format!("{pid}/stat"), 4096).ok()?;
    Stat::parse(line).map(|stat| stat.parent)
}

fn is_thread(proc_root: &ProcDir, pid: u32, reader: &mut FileReader) -> bool {
    let status = reader.read(proc_root, &format!("{pid}/status"), 64 << 10).unwrap_or_default();
    status_last_number(status, "Tgid").is_some_and(|process| process != u64::from(pid))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    const NOBODY: [u32; 0] = [];

    fn process(root: &Path, pid: u32, parent: u32) {
        fs::create_dir_all(root.join(pid.to_string())).unwrap();
        let line = format!("{pid} (x) S {parent} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 5 0");
        fs::write(root.join(format!("{pid}/stat")), line).unwrap();
    }

    fn grown(tree: &mut ProcessTree, root: &Path) -> Vec<u32> {
        let found = tree.grow(&ProcDir::open(root).unwrap(), &mut FileReader::default());
        let mut found: Vec<_> = found.iter().map(|found| found.0).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn grandchildren_are_found_whatever_their_numbers() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, parent) in [(1, 0), (50, 1), (9, 50), (7, 9), (60, 1), (61, 60)] {
            process(dir.path(), pid, parent);
        }
        let mut tree = ProcessTree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()), [7, 9]);
        assert_eq!(grown(&mut tree, dir.path()), NOBODY);
    }

    #[test]
    fn an_adopted_child_stays_and_its_children_are_ours() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, parent) in [(1, 0), (50, 1), (51, 50)] {
            process(dir.path(), pid, parent);
        }
        let mut tree = ProcessTree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()), [51]);
        process(dir.path(), 51, 1);
        process(dir.path(), 52, 51);
        assert_eq!(grown(&mut tree, dir.path()), [52]);
    }

    #[test]
    fn a_reused_number_of_a_stranger_is_looked_at_again() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, parent) in [(50, 1), (60, 1)] {
            process(dir.path(), pid, parent);
        }
        let mut tree = ProcessTree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()), NOBODY);
        // A new directory gets another inode number while the old one is still in use.
        fs::rename(dir.path().join("60"), dir.path().join("old")).unwrap();
        process(dir.path(), 60, 50);
        assert_eq!(grown(&mut tree, dir.path()), [60]);
    }

    #[test]
    fn a_member_that_ended_makes_room_for_another_of_its_number() {
        let dir = tempfile::tempdir().unwrap();
        process(dir.path(), 50, 1);
        process(dir.path(), 51, 50);
        let mut tree = ProcessTree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()).len(), 1);
        tree.forget(Pid(51));
        process(dir.path(), 51, 1);
        assert_eq!(grown(&mut tree, dir.path()), NOBODY);
    }

    fn handed_out(root: &Path, newest: u32) {
        let own = root.join("self");
        let _ = fs::remove_file(&own);
        std::os::unix::fs::symlink(std::process::id().to_string(), own).unwrap();
        fs::write(root.join("loadavg"), format!("0.1 0.2 0.3 1/99 {newest}\n")).unwrap();
    }

    #[test]
    fn only_new_numbers_are_tried_and_threads_are_no_children() {
        let dir = tempfile::tempdir().unwrap();
        process(dir.path(), 50, 1);
        handed_out(dir.path(), 60);
        let mut tree = ProcessTree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()), NOBODY);
        for pid in [40, 61, 62, 64] {
            process(dir.path(), pid, 50);
        }
        fs::write(dir.path().join("62/status"), "Tgid:\t61\n").unwrap();
        handed_out(dir.path(), 64);
        assert_eq!(grown(&mut tree, dir.path()), [61, 64], "40 was not handed out, 62 is a thread");
        process(dir.path(), 63, 50);
        assert_eq!(grown(&mut tree, dir.path()), [63], "handed out before it could be seen");
        assert_eq!(grown(&mut tree, dir.path()), NOBODY);
        let later: Vec<_> = (0..LISTED_EVERY).flat_map(|_| grown(&mut tree, dir.path())).collect();
        assert_eq!(later, [40], "whatever was missed is found by the next listing");
    }

    #[test]
    fn a_tftop_that_the_process_started_is_no_part_of_it() {
        let dir = tempfile::tempdir().unwrap();
        process(dir.path(), 50, 1);
        process(dir.path(), std::process::id(), 50);
        process(dir.path(), 51, 50);
        assert_eq!(grown(&mut ProcessTree::new(Pid(50)), dir.path()).len(), 2, "numbers are another namespace's");
        handed_out(dir.path(), 60);
        assert_eq!(grown(&mut ProcessTree::new(Pid(50)), dir.path()), [51]);
    }

    #[test]
    fn numbers_that_start_again_from_the_beginning_are_no_trouble() {
        let dir = tempfile::tempdir().unwrap();
        process(dir.path(), 50, 1);
        handed_out(dir.path(), 32_700);
        let mut tree = ProcessTree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()), NOBODY);
        process(dir.path(), 32_767, 50);
        process(dir.path(), 301, 50);
        handed_out(dir.path(), 301);
        assert_eq!(grown(&mut tree, dir.path()), [301, 32_767]);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, parent) in [(50, 52), (51, 50), (52, 51), (53, 53)] {
            process(dir.path(), pid, parent);
        }
        let mut tree = ProcessTree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()), [51, 52]);
    }
}
