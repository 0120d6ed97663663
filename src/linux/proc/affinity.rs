//! The CPUs each thread may run on. Equal masks are kept once. Reads masks, never sets one.

use std::sync::Arc;

use rustix::thread::CpuSet as KernelSet;

use crate::data::{CpuSet, Tid};
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat::status_field;

/// Different masks kept at once; a process with more just shares less.
const MOST_MASKS: usize = 64;

/// Reads and shares affinity masks.
#[derive(Debug)]
pub struct AffinityReader {
    /// Whether the numbers in /proc are those system calls of this process take.
    own_numbers: bool,
    asked: Vec<(KernelSet, Arc<CpuSet>)>,
    listed: Vec<Arc<CpuSet>>,
}

impl AffinityReader {
    /// For threads listed under this root.
    pub fn new(proc_root: &ProcDir) -> Self {
        Self { own_numbers: proc_root.shows_own_numbers(), asked: Vec::new(), listed: Vec::new() }
    }

    /// The mask of a thread of the process whose task folder this is; none when it is gone.
    pub fn of(&mut self, task: &ProcDir, tid: Tid, reader: &mut FileReader) -> Option<Arc<CpuSet>> {
        if self.own_numbers
            && let Some(pid) = i32::try_from(tid.0).ok().and_then(rustix::process::Pid::from_raw)
            && let Ok(set) = rustix::thread::sched_getaffinity(Some(pid))
        {
            return Some(self.share(set));
        }
        self.listed_in_status(task, tid, reader)
    }

    fn share(&mut self, set: KernelSet) -> Arc<CpuSet> {
        if let Some((_, shared)) = self.asked.iter().find(|(known, _)| *known == set) {
            return Arc::clone(shared);
        }
        let cpus = (0..KernelSet::MAX_CPU).filter(|&cpu| set.is_set(cpu));
        let shared = Arc::new(cpus.map(|cpu| cpu as u32).collect::<CpuSet>());
        if self.asked.len() >= MOST_MASKS {
            self.asked.clear();
        }
        self.asked.push((set, Arc::clone(&shared)));
        shared
    }

    /// For a /proc of other numbers, and for machines with more CPUs than the system call's fixed set holds.
    fn listed_in_status(&mut self, task: &ProcDir, tid: Tid, reader: &mut FileReader) -> Option<Arc<CpuSet>> {
        let status = reader.read(task, &format!("{tid}/status"), 8192).ok()?;
        let set = cpus_allowed(status)?;
        if let Some(shared) = self.listed.iter().find(|known| ***known == set) {
            return Some(Arc::clone(shared));
        }
        let shared = Arc::new(set);
        if self.listed.len() >= MOST_MASKS {
            self.listed.clear();
        }
        self.listed.push(Arc::clone(&shared));
        Some(shared)
    }
}

/// `Cpus_allowed_list` of a status file (proc_pid_status(5)).
pub fn cpus_allowed(status: &[u8]) -> Option<CpuSet> {
    std::str::from_utf8(status_field(status, "Cpus_allowed_list")?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn masks(own_numbers: bool) -> AffinityReader {
        let masks = AffinityReader::new(&ProcDir::open(Path::new("/proc")).unwrap());
        assert!(masks.own_numbers);
        AffinityReader { own_numbers, ..masks }
    }

    fn own() -> (ProcDir, Tid) {
        (ProcDir::open(Path::new("/proc/self/task")).unwrap(), Tid(std::process::id()))
    }

    #[test]
    fn the_system_call_and_the_status_file_agree() {
        let (task, tid) = own();
        let mut reader = FileReader::default();
        let asked = masks(true).of(&task, tid, &mut reader).unwrap();
        let listed = masks(false).of(&task, tid, &mut reader).unwrap();
        assert!(!asked.is_empty());
        assert_eq!(asked, listed);
    }

    #[test]
    fn equal_masks_are_one() {
        let (task, tid) = own();
        let mut reader = FileReader::default();
        for own_numbers in [true, false] {
            let mut masks = masks(own_numbers);
            let first = masks.of(&task, tid, &mut reader).unwrap();
            let second = masks.of(&task, tid, &mut reader).unwrap();
            assert!(Arc::ptr_eq(&first, &second));
        }
    }

    #[test]
    fn a_thread_that_is_gone_has_no_mask() {
        let (task, _) = own();
        assert_eq!(masks(true).of(&task, Tid(u32::MAX), &mut FileReader::default()), None);
    }
}
