//! What a look reads at the moment: set by the thread that looks, read by one that says why a look takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::data::Pid;

/// What is being read of which process; nothing between looks. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Reading(Arc<AtomicU64>);

/// A part that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingPart {
    /// The machine's own counters.
    Machine,
    /// Which children it has.
    Children,
    /// Its threads' counters.
    Threads,
    /// Its cgroups and limits.
    Limits,
    /// What it maps.
    Maps,
    /// Its memory and its libraries.
    Memory,
    /// Its environment, its script and other settings.
    Settings,
}

impl ReadingPart {
    const ALL: [(Self, &str); 7] = [
        (Self::Machine, "counters of the machine"),
        (Self::Children, "children"),
        (Self::Threads, "threads"),
        (Self::Limits, "limits"),
        (Self::Maps, "maps"),
        (Self::Memory, "memory"),
        (Self::Settings, "settings"),
    ];
}

impl Reading {
    /// From now on this is read; of the machine, where the pid is 0.
    pub fn begin(&self, pid: Pid, part: ReadingPart) {
        let number = ReadingPart::ALL.iter().position(|(known, _)| *known == part).map_or(0, |at| at + 1);
        self.0.store((number as u64) << 32 | u64::from(pid.0), Ordering::Relaxed);
    }

    /// The look is over.
    pub fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// "memory of 2430"; none between looks.
    pub fn words(&self) -> Option<String> {
        let now = self.0.load(Ordering::Relaxed);
        let (_, word) = ReadingPart::ALL.get(usize::try_from(now >> 32).ok()?.checked_sub(1)?)?;
        match now & u64::from(u32::MAX) {
            0 => Some((*word).to_owned()),
            pid => Some(format!("{word} of {pid}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_word() {
        let reading = Reading::default();
        let shown = reading.clone();
        assert_eq!(shown.words(), None);
        for (part, word) in ReadingPart::ALL {
            reading.begin(Pid(u32::MAX), part);
            assert_eq!(shown.words().unwrap(), format!("{word} of {}", u32::MAX));
        }
        reading.end();
        assert_eq!(shown.words(), None);
    }
}
