//! The descendants of a process. Who was a descendant once stays one, also after its parent died and another adopted it.
//! A process whose parent ended before tftop saw the parent is not found: nothing in /proc remembers it.

use std::collections::{HashMap, HashSet};

use super::folder::{Entry, Folder, Reader};
use super::stat::Stat;
use crate::fact::Pid;

/// Descendants followed at most; a target that starts more gets a gap.
pub const MOST_DESCENDANTS: usize = 1024;

/// Watches /proc for new descendants.
#[derive(Debug)]
pub struct Tree {
    /// Entries of /proc seen before and not ours; the inode number tells a reused pid.
    strangers: HashSet<Entry>,
    members: HashMap<u32, Entry>,
    listing: Vec<Entry>,
}

impl Tree {
    /// The tree below this process.
    pub fn new(root: Pid) -> Self {
        let entry = Entry { number: root.0, inode: 0 };
        Self { strangers: HashSet::new(), members: HashMap::from([(root.0, entry)]), listing: Vec::new() }
    }

    /// New descendants, parents before their children. Only stat files of processes not seen before are read.
    pub fn grow(&mut self, proc_root: &Folder, reader: &mut Reader) -> Vec<Pid> {
        let mut listing = std::mem::take(&mut self.listing);
        if reader.numbers(proc_root, &mut listing).is_err() {
            return Vec::new();
        }
        self.strangers.retain(|stranger| listing.binary_search(stranger).is_ok());
        let mut children: HashMap<u32, Vec<Entry>> = HashMap::new();
        for &entry in &listing {
            if self.strangers.contains(&entry) || self.members.contains_key(&entry.number) {
                continue;
            }
            if let Some(parent) = parent_of(proc_root, entry.number, reader) {
                children.entry(parent).or_default().push(entry);
            }
        }
        self.listing = listing;
        let mut found = Vec::new();
        let mut parents: Vec<u32> = self.members.keys().copied().filter(|pid| children.contains_key(pid)).collect();
        while let Some(parent) = parents.pop() {
            for entry in children.remove(&parent).unwrap_or_default() {
                self.members.insert(entry.number, entry);
                found.push(Pid(entry.number));
                parents.push(entry.number);
            }
        }
        self.strangers.extend(children.into_values().flatten());
        found
    }

    /// A descendant ended, or was not followed: its number may belong to another process from now on.
    pub fn forget(&mut self, pid: Pid) {
        self.members.remove(&pid.0);
    }

    /// A descendant that will not be followed: it is not looked at again.
    pub fn leave(&mut self, pid: Pid) {
        self.strangers.extend(self.members.remove(&pid.0));
    }
}

fn parent_of(proc_root: &Folder, pid: u32, reader: &mut Reader) -> Option<u32> {
    let line = reader.read(proc_root, &format!("{pid}/stat"), 4096).ok()?;
    Stat::parse(line).map(|stat| stat.parent)
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

    fn grown(tree: &mut Tree, root: &Path) -> Vec<u32> {
        let found = tree.grow(&Folder::open(root).unwrap(), &mut Reader::default());
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
        let mut tree = Tree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()), [7, 9]);
        assert_eq!(grown(&mut tree, dir.path()), NOBODY);
    }

    #[test]
    fn an_adopted_child_stays_and_its_children_are_ours() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, parent) in [(1, 0), (50, 1), (51, 50)] {
            process(dir.path(), pid, parent);
        }
        let mut tree = Tree::new(Pid(50));
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
        let mut tree = Tree::new(Pid(50));
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
        let mut tree = Tree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()).len(), 1);
        tree.forget(Pid(51));
        process(dir.path(), 51, 1);
        assert_eq!(grown(&mut tree, dir.path()), NOBODY);
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let dir = tempfile::tempdir().unwrap();
        for (pid, parent) in [(50, 52), (51, 50), (52, 51), (53, 53)] {
            process(dir.path(), pid, parent);
        }
        let mut tree = Tree::new(Pid(50));
        assert_eq!(grown(&mut tree, dir.path()), [51, 52]);
    }
}
