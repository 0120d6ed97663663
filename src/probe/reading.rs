//! What a look reads at the moment: set by the thread that looks, read by one that says why a look takes long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::data::{Pid, Tid};
use crate::linux::patience::own_tid;

/// What is being read of which process; nothing between looks. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Reading(Arc<ReadingNow>);

#[derive(Debug, Default)]
struct ReadingNow {
    /// The part's place in the list plus one, above the pid.
    what: AtomicU64,
    /// The thread that reads.
    by: AtomicU32,
}

/// A part that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingPart {
    /// The machine's own counters.
    Machine,
    /// Which children it has.
    Children,
    /// Its command line.
    CommandLine,
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
    const ALL: [(Self, &str); 8] = [
        (Self::Machine, "counters of the machine"),
        (Self::Children, "children"),
        (Self::CommandLine, "command line"),
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
        self.0.by.store(own_tid().0, Ordering::Relaxed);
        self.0.what.store((number as u64) << 32 | u64::from(pid.0), Ordering::Release);
    }

    /// The look is over.
    pub fn end(&self) {
        self.0.what.store(0, Ordering::Release);
    }

    /// The thread that reads; none between looks.
    pub fn by(&self) -> Option<Tid> {
        (self.0.what.load(Ordering::Acquire) != 0).then(|| Tid(self.0.by.load(Ordering::Relaxed)))
    }

    /// "memory of 2430"; none between looks.
    pub fn words(&self) -> Option<String> {
        let now = self.0.what.load(Ordering::Acquire);
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
            assert_eq!(shown.by(), Some(own_tid()));
        }
        reading.end();
        assert_eq!((shown.words(), shown.by()), (None, None));
    }
}
