//! Which threads are read, how deep, and which are not read again.

use std::fs;
use std::time::Duration;

use super::*;
use crate::probe::fake::{FakeProc, StatLine};
use crate::probe::live::Live;

const FUTEX: &str = "202 0x7f1 0x189 0x0 0x0 0x0 0xffffffff 0x7ffe03d81508 0x7fa1b00cb503\n";

/// A process 50 with a thread 51 that waits in a futex.
fn target() -> (FakeProc, Live, ThreadKey) {
    let fake = FakeProc::new();
    fake.process(50, StatLine { threads: 2, ..StatLine::default() });
    fake.thread(50, 51, StatLine::default(), Some("100 20 3\n"));
    fake.write("50/task/51/syscall", FUTEX);
    fake.write("50/task/51/wchan", "futex_do_wait");
    fake.write("50/task/51/stack", "[<0>] futex_do_wait+0x38/0x70\n");
    fake.write("50/task/51/status", "voluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n");
    let mut live = Live::attach(Pid(50), fake.options()).unwrap();
    let key = live.next(&Interest::default(), Duration::ZERO).processes[0].threads[1].key;
    (fake, live, key)
}

fn detail(live: &mut Live, interest: &Interest) -> ThreadDetail {
    let mut details = live.next(interest, Duration::ZERO).details;
    assert_eq!(details.len(), 1);
    details.remove(0).1
}

fn name(detail: &ThreadDetail) -> Option<String> {
    match &detail.call {
        Some(SyscallState::Inside(call)) => Some(format!("{}", call.number)),
        _ => None,
    }
}

#[test]
fn no_more_is_read_than_is_wanted() {
    let (_fake, mut live, key) = target();
    let wait = detail(&mut live, &Interest { waits: vec![key], ..Interest::default() });
    assert_eq!((name(&wait).as_deref(), wait.wait_channel, wait.voluntary_switches), (Some("202"), None, None));
    let row = detail(&mut live, &Interest { details: vec![key], waits: vec![key], stack: None, trace: false });
    assert_eq!((row.voluntary_switches, row.involuntary_switches, row.kernel_stack), (Some(12), Some(3), None));
    assert_eq!(row.wait_channel.as_deref(), Some("futex_do_wait"));
    let stack = detail(&mut live, &Interest { stack: Some(key), waits: vec![key], ..Interest::default() });
    assert_eq!(stack.kernel_stack, Some(KernelStack::Frames(vec!["futex_do_wait".into()])));
}

#[test]
fn a_blocked_thread_that_did_not_run_keeps_its_answer() {
    let (fake, mut live, key) = target();
    let interest = Interest { details: vec![key], ..Interest::default() };
    assert_eq!(name(&detail(&mut live, &interest)).as_deref(), Some("202"));
    fake.write("50/task/51/syscall", "running\n");
    assert_eq!(name(&detail(&mut live, &interest)).as_deref(), Some("202"), "it was read again");
    fake.write("50/task/51/schedstat", "100 20 4\n");
    assert_eq!(detail(&mut live, &interest).call, Some(SyscallState::Running));
    fake.write("50/task/51/syscall", FUTEX);
    assert_eq!(name(&detail(&mut live, &interest)).as_deref(), Some("202"), "one that ran is read at every tick");
}

#[test]
fn without_exact_counters_every_look_is_new() {
    let (fake, mut live, key) = target();
    for tid in [50, 51] {
        fake.write(&format!("50/task/{tid}/schedstat"), "0 0 0\n");
    }
    fake.thread(50, 51, StatLine { cpu_ticks: 7, ..StatLine::default() }, None);
    let interest = Interest { waits: vec![key], ..Interest::default() };
    live.next(&interest, Duration::ZERO);
    fake.write("50/task/51/syscall", "running\n");
    let sample = live.next(&interest, Duration::ZERO);
    assert_eq!(sample.source, CounterSource::StatTicks);
    assert_eq!(sample.details[0].1.call, Some(SyscallState::Running));
}

#[test]
fn a_kernel_without_the_file_leaves_the_wait_channel() {
    let (fake, mut live, key) = target();
    fs::remove_file(fake.root().join("50/task/51/syscall")).unwrap();
    let read = detail(&mut live, &Interest { waits: vec![key], ..Interest::default() });
    assert_eq!((read.call, read.wait_channel.as_deref()), (None, Some("futex_do_wait")));
}

#[test]
fn of_too_many_threads_those_on_screen_come_first() {
    let key = |tid| ThreadKey { tid: Tid(tid), start_ticks: 1 };
    let many: Vec<ThreadKey> = (0..5000).map(key).collect();
    let interest = Interest { details: vec![key(9000)], waits: many, stack: Some(key(9001)), trace: false };
    let wanted = wanted(&interest);
    assert_eq!(wanted.len(), MOST);
    assert_eq!(wanted[MOST - 2..], [(key(9000), Depth::Row), (key(9001), Depth::Stack)]);
}
