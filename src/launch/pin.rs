//! `--pin ORIGIN=CPULIST`: keeps the threads of a group on CPUs, new threads at the next look. Only of a command that tftop
//! started, and only threads that are still those that were looked at.

use std::collections::HashMap;
use std::sync::Arc;
use std::{fs, io};

use rustix::process::Pid as RawPid;
use rustix::thread::{sched_getaffinity, sched_setaffinity};

use crate::data::sample::{Pin, Sample, ThreadFact};
use crate::data::{CpuSet, Pid, ThreadKey};
use crate::launch::caps::machine::{cpus_of, kernel_set};
use crate::linux::proc::stat::Stat;

/// Pins threads and counts what came of it.
#[derive(Clone, Debug, Default)]
pub struct Pinner {
    pins: Vec<(Pin, PinStats)>,
    /// Threads pinned before, and where.
    pinned: HashMap<ThreadKey, Arc<CpuSet>>,
}

/// What came of one pin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinStats {
    /// Threads pinned.
    pub threads: u64,
    /// How often a thread that had been pinned had left and was pinned again.
    pub repeated: u64,
    /// How often it failed.
    pub failures: u64,
    /// Why it failed last.
    pub why: Option<String>,
}

impl Pinner {
    /// Has pinned nothing yet.
    pub fn new(pins: &[Pin]) -> Self {
        Self { pins: pins.iter().map(|pin| (pin.clone(), PinStats::default())).collect(), pinned: HashMap::new() }
    }

    /// Each pin and what came of it.
    pub fn tallies(&self) -> &[(Pin, PinStats)] {
        &self.pins
    }

    /// Completes the masks of the threads that were pinned: the sampler reads masks rarely.
    pub fn look(&self, sample: &mut Sample) {
        if self.pinned.is_empty() {
            return;
        }
        for threads in sample.processes.iter_mut().map(|process| &mut process.threads) {
            for at in 0..threads.len() {
                let thread = &threads[at];
                let Some(cpus) = self.pinned.get(&thread.key) else { continue };
                let Some(mask) = mask_of(thread.key) else { continue };
                if thread.affinity.as_deref() != Some(&mask) {
                    let affinity = Some(if mask == **cpus { cpus.clone() } else { Arc::new(mask) });
                    let completed = ThreadFact { affinity, ..thread.clone() };
                    threads[at] = completed;
                }
            }
        }
    }

    /// Pins whoever is not where a pin wants its group: threads by origin, process and key.
    pub fn pin<'a>(&mut self, threads: impl Iterator<Item = (&'a str, Pid, ThreadKey)>) {
        let mut alive = HashMap::new();
        for (origin, pid, key) in threads {
            let Some((pin, tally)) = self.pins.iter_mut().find(|(pin, _)| pin.origin == origin) else { continue };
            let before = self.pinned.remove(&key);
            let mask = mask_of(key);
            let there = mask.as_ref().is_some_and(|mask| mask.intersection(&pin.cpus) == *mask);
            let cpus = match before {
                Some(cpus) if there => cpus,
                // Where it is by itself counts as well: it is to stay there.
                None if there => Arc::new(pin.cpus.clone()),
                before => match set(pid, key, &pin.cpus) {
                    Ok(true) => {
                        tally.repeated += u64::from(before.is_some());
                        tally.threads += u64::from(before.is_none());
                        Arc::new(mask_of(key).unwrap_or_default())
                    }
                    // It has ended.
                    Ok(false) => continue,
                    Err(error) => {
                        tally.failures += 1;
                        tally.why = Some(error.to_string());
                        continue;
                    }
                },
            };
            alive.insert(key, cpus);
        }
        self.pinned = alive;
    }
}

/// Sets the mask; says no where the thread is gone, or its number somebody else's. Nobody can get the number between the
/// question and the answer: numbers are given in turn, and all others come first.
fn set(pid: Pid, key: ThreadKey, cpus: &CpuSet) -> io::Result<bool> {
    let stat = fs::read(format!("/proc/{pid}/task/{}/stat", key.tid)).unwrap_or_default();
    if Stat::parse(&stat).map(|stat| stat.start_ticks) != Some(key.start_ticks) {
        return Ok(false);
    }
    match sched_setaffinity(raw(key), &kernel_set(cpus)) {
        Err(rustix::io::Errno::SRCH) => Ok(false),
        result => result.map(|()| true).map_err(Into::into),
    }
}

fn mask_of(key: ThreadKey) -> Option<CpuSet> {
    // 0 would be the thread that asks.
    sched_getaffinity(Some(raw(key)?)).ok().map(|set| cpus_of(&set))
}

fn raw(key: ThreadKey) -> Option<RawPid> {
    i32::try_from(key.tid.0).ok().and_then(RawPid::from_raw)
}

/// `ORIGIN=CPULIST`; whether there is such an origin is for others to say.
pub fn parse(text: &str) -> Result<Pin, String> {
    let (origin, list) = text.split_once('=').unwrap_or((text, ""));
    let cpus: CpuSet = list.parse().map_err(|_| "write ORIGIN=CPULIST: tf-data=0-1".to_owned())?;
    match (origin.is_empty(), cpus.is_empty()) {
        (false, false) => Ok(Pin { origin: origin.to_owned(), cpus }),
        (true, _) => Err("write ORIGIN=CPULIST: tf-data=0-1".to_owned()),
        (_, true) => Err("the list names no CPU; write ORIGIN=CPULIST: tf-data=0-1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::data::Tid;

    /// A thread of this process that waits to be let go.
    fn thread() -> (ThreadKey, mpsc::Sender<()>, std::thread::JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel();
        let (go, wait) = mpsc::channel();
        let handle = std::thread::spawn(move || {
            let tid = rustix::thread::gettid();
            sender.send(tid.as_raw_nonzero().get() as u32).unwrap();
            let _ = wait.recv();
        });
        let tid = receiver.recv().unwrap();
        let stat = fs::read(format!("/proc/self/task/{tid}/stat")).unwrap();
        (ThreadKey { tid: Tid(tid), start_ticks: Stat::parse(&stat).unwrap().start_ticks }, go, handle)
    }

    fn first_cpu() -> CpuSet {
        cpus_of(&sched_getaffinity(None).unwrap()).iter().take(1).collect()
    }

    fn pin(pinner: &mut Pinner, origin: &str, key: ThreadKey) {
        pinner.pin([(origin, Pid(std::process::id()), key)].into_iter());
    }

    #[test]
    fn a_thread_is_pinned_and_pinned_again_when_it_left() {
        let (key, go, handle) = thread();
        let all = mask_of(key).unwrap();
        let mut pinner = Pinner::new(&[Pin { origin: "tf-data".to_owned(), cpus: first_cpu() }]);
        pin(&mut pinner, "tf-intra-op", key);
        assert_eq!(mask_of(key).unwrap(), all, "another group's thread was pinned");
        pin(&mut pinner, "tf-data", key);
        assert_eq!(mask_of(key).unwrap(), first_cpu());
        let left = all.count() > 1;
        sched_setaffinity(raw(key), &kernel_set(&all)).unwrap();
        pin(&mut pinner, "tf-data", key);
        assert_eq!(mask_of(key).unwrap(), first_cpu());
        let expected = PinStats { threads: u64::from(left), repeated: u64::from(left), ..PinStats::default() };
        assert_eq!(pinner.tallies()[0].1, expected);
        drop(go);
        handle.join().unwrap();
    }

    #[test]
    fn a_number_that_is_somebody_elses_by_now_is_left_alone() {
        let (key, go, handle) = thread();
        let all = mask_of(key).unwrap();
        let reused = ThreadKey { start_ticks: key.start_ticks + 1, ..key };
        let other: CpuSet = "8000".parse().unwrap();
        for gone in [reused, ThreadKey { tid: Tid(0), ..key }, ThreadKey { tid: Tid(u32::MAX), ..key }] {
            assert!(!set(Pid(std::process::id()), gone, &other).unwrap());
        }
        assert_eq!(mask_of(key).unwrap(), all);
        drop(go);
        handle.join().unwrap();
    }

    #[test]
    fn what_the_kernel_refuses_is_counted_with_its_reason() {
        let (key, go, handle) = thread();
        let mut pinner = Pinner::new(&[Pin { origin: "x".to_owned(), cpus: "1000".parse().unwrap() }]);
        pin(&mut pinner, "x", key);
        let tally = &pinner.tallies()[0].1;
        assert_eq!((tally.threads, tally.failures), (0, 1));
        assert!(tally.why.as_ref().unwrap().contains("Invalid argument"), "{tally:?}");
        drop(go);
        handle.join().unwrap();
    }

    #[test]
    fn nonsense_pins_nothing() {
        for bad in ["", "tf-data", "=0", "tf-data=", "tf-data=x", "tf-data=3-1", "tf-data=99999"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(parse("tf-data=0-1").unwrap().to_string(), "tf-data=0-1");
    }
}
