//! Where the threads of a real process may run, while that is changed from outside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)] // other tests ask for more
#[path = "support/known_threads.rs"]
mod known_threads;

use std::time::Duration;

use known_threads::Target;
use tftop::data::sample::{Interest, Sample};
use tftop::data::{CpuSet, Pid};
use tftop::probe::live::{Live, LiveOptions};

/// As `taskset -ap` does. Threads that sleep are asked rarely, unless one of them has changed.
#[test]
fn threads_that_are_moved_to_one_cpu_while_they_sleep_are_shown_there_soon() {
    let mut target = Target::start();
    target.say("idle 200");
    let mut live = Live::attach(Pid(target.pid()), LiveOptions::default()).unwrap();
    let mut next = || live.next(&Interest::default(), Duration::ZERO);
    // Long enough for them to count as asleep.
    let before = (0..12).map(|_| next()).last().unwrap();
    let process = &before.processes[0];
    assert_eq!(process.threads.len(), 201);
    let cpu = process.fact.cpus_allowed.as_ref().unwrap().iter().next().unwrap();
    let mut set = rustix::thread::CpuSet::new();
    set.set(cpu as usize);
    for thread in process.threads.iter() {
        rustix::thread::sched_setaffinity(rustix::process::Pid::from_raw(thread.key.tid.0 as i32), &set).unwrap();
    }
    let moved = CpuSet::from_iter([cpu]);
    let shown = |sample: &Sample| {
        sample.processes[0].threads.iter().filter(|thread| thread.affinity.as_deref() == Some(&moved)).count()
    };
    assert_eq!((0..3).map(|_| shown(&next())).last(), Some(201));
}
