//! Whole samples of a /proc in a temporary folder.

use super::*;
use crate::probe::fake::{FakeProc, StatLine};

fn next(live: &mut Live) -> Sample {
    live.next(&Interest::default(), Duration::ZERO)
}

fn pids(sample: &Sample) -> Vec<(u32, bool)> {
    sample.processes.iter().map(|process| (process.fact.key.pid.0, process.ended)).collect()
}

#[test]
fn a_descendant_is_shown_as_ended_once_and_the_root_for_ever() {
    let fake = FakeProc::new();
    fake.process(50, StatLine::default());
    fake.process(40, StatLine { parent: 50, ..StatLine::default() });
    let mut live = Live::attach(Pid(50), fake.options()).unwrap();
    assert_eq!(pids(&next(&mut live)), [(50, false), (40, false)]);
    // A kept file outlives its name in a temporary folder, unlike in /proc: the zombie comes first.
    fake.process(40, StatLine { state: 'Z', ..StatLine::default() });
    assert_eq!(pids(&next(&mut live)), [(50, false), (40, true)]);
    fake.remove("40");
    assert_eq!(pids(&next(&mut live)), [(50, false)]);
    fake.process(50, StatLine { state: 'Z', ..StatLine::default() });
    for _ in 0..3 {
        let sample = next(&mut live);
        assert_eq!(pids(&sample), [(50, true)]);
        assert_eq!(sample.processes[0].threads.len(), 1, "the threads of its last sight");
    }
}

#[test]
fn a_main_thread_that_ended_before_the_others_is_no_end() {
    let fake = FakeProc::new();
    fake.process(50, StatLine { threads: 2, ..StatLine::default() });
    fake.thread(50, 51, StatLine::default(), Some("1 1 1"));
    let mut live = Live::attach(Pid(50), fake.options()).unwrap();
    assert_eq!(next(&mut live).processes[0].threads.len(), 2);
    fake.process(50, StatLine { state: 'Z', threads: 2, ..StatLine::default() });
    let sample = next(&mut live);
    assert!(!sample.processes[0].ended);
    assert_eq!(sample.processes[0].threads.len(), 2);
}

#[test]
fn another_program_in_the_same_process_is_described_anew() {
    let fake = FakeProc::new();
    fake.process(50, StatLine { command_address: 7000, ..StatLine::default() });
    let mut live = Live::attach(Pid(50), fake.options()).unwrap();
    assert_eq!(next(&mut live).processes[0].fact.command[1].as_str(), "train.py");
    fake.process(50, StatLine { command_address: 9000, comm: "java", ..StatLine::default() });
    fake.write("50/cmdline", "java\0-jar\0");
    let fact = next(&mut live).processes[0].fact.clone();
    assert_eq!((fact.command[1].as_str(), fact.comm.as_str(), fact.parent), ("-jar", "java", Pid(1)));
    fake.process(50, StatLine { command_address: 0, comm: "java", ..StatLine::default() });
    let after = next(&mut live).processes[0].fact.clone();
    assert_eq!(after.command, fact.command, "an address that is no longer shown proves nothing");
}

#[test]
fn a_process_seen_in_the_middle_of_exec_is_described_when_it_shows_its_command_line() {
    let fake = FakeProc::new();
    fake.process(50, StatLine { command_address: 7000, ..StatLine::default() });
    fake.write("50/cmdline", "");
    fake.write("50/environ", "");
    let mut live = Live::attach(Pid(50), fake.options()).unwrap();
    assert_eq!(next(&mut live).processes[0].fact.command, []);
    fake.write("50/cmdline", "python\0train.py\0");
    fake.write("50/environ", "OMP_NUM_THREADS=3\0");
    let fact = next(&mut live).processes[0].fact.clone();
    assert_eq!(fact.command[1].as_str(), "train.py");
    assert_eq!(fact.environment.as_ref().unwrap().get("OMP_NUM_THREADS"), Some("3"));
}

#[test]
fn where_addresses_are_hidden_a_new_name_and_a_new_command_line_are_an_exec() {
    let fake = FakeProc::new();
    fake.process(50, StatLine::default());
    let mut live = Live::attach(Pid(50), fake.options()).unwrap();
    next(&mut live);
    fake.process(50, StatLine { comm: "renamed", ..StatLine::default() });
    assert_eq!(next(&mut live).processes[0].fact.comm.as_str(), "python", "a thread may rename itself");
    fake.write("50/cmdline", "other\0");
    assert_eq!(next(&mut live).processes[0].fact.comm.as_str(), "renamed");
}

#[test]
fn a_kernel_without_schedstat_is_estimated_and_says_so() {
    let fake = FakeProc::new();
    fake.process(50, StatLine::default());
    fake.thread(50, 50, StatLine { cpu_ticks: 9, ..StatLine::default() }, Some("0 0 0\n"));
    let mut live = Live::attach(Pid(50), fake.options()).unwrap();
    let sample = next(&mut live);
    assert_eq!(sample.source, CounterSource::StatTicks);
    assert!(sample.gaps.iter().any(|gap| gap.why.contains("estimated")));
    fake.thread(50, 50, StatLine { cpu_ticks: 9, ..StatLine::default() }, Some("900 0 1\n"));
    assert_eq!(next(&mut live).source, CounterSource::Schedstat);
}

#[test]
fn a_thread_that_never_ran_does_not_make_the_numbers_estimates() {
    let fake = FakeProc::new();
    fake.process(50, StatLine::default());
    fake.thread(50, 50, StatLine::default(), Some("0 0 0\n"));
    let sample = next(&mut Live::attach(Pid(50), fake.options()).unwrap());
    assert_eq!((sample.source, sample.gaps.len()), (CounterSource::Schedstat, 0));
}

#[test]
fn the_number_of_a_thread_stands_for_its_process() {
    let fake = FakeProc::new();
    fake.process(50, StatLine::default());
    fake.write("51/status", "Tgid:\t50\n");
    assert_eq!(pids(&next(&mut Live::attach(Pid(51), fake.options()).unwrap())), [(50, false)]);
}

#[test]
fn nobody_there_is_not_found() {
    let fake = FakeProc::new();
    assert!(matches!(Live::attach(Pid(50), fake.options()), Err(AttachError::NotFound(Pid(50)))));
    fake.process(50, StatLine { state: 'Z', ..StatLine::default() });
    assert!(matches!(Live::attach(Pid(50), fake.options()), Err(AttachError::NotFound(Pid(50)))));
}

#[test]
fn children_are_left_out_when_they_are_not_wanted() {
    let fake = FakeProc::new();
    fake.process(50, StatLine::default());
    fake.process(51, StatLine { parent: 50, ..StatLine::default() });
    let options = LiveOptions { children: false, ..fake.options() };
    assert_eq!(pids(&next(&mut Live::attach(Pid(50), options).unwrap())).len(), 1);
}

#[test]
fn what_does_not_change_is_shared_between_samples() {
    let fake = FakeProc::new();
    fake.process(50, StatLine::default());
    let mut live = Live::attach(Pid(50), fake.options()).unwrap();
    next(&mut live);
    let (one, two) = (next(&mut live), next(&mut live));
    assert!(std::sync::Arc::ptr_eq(&one.processes[0].fact, &two.processes[0].fact));
    let identity = |sample: &Sample| sample.processes[0].threads[0].identity.clone();
    assert!(std::sync::Arc::ptr_eq(&identity(&one), &identity(&two)));
    assert!(one.cost.bytes_read > 0 && two.at_ns > one.at_ns);
}

#[test]
fn details_are_read_for_the_asked_threads_only_and_only_while_they_are_the_same() {
    let fake = FakeProc::new();
    fake.process(50, StatLine::default());
    fake.write("50/task/50/wchan", "futex_wait_queue");
    let mut live = Live::attach(Pid(50), fake.options()).unwrap();
    let key = next(&mut live).processes[0].threads[0].key;
    let reused = ThreadKey { start_ticks: 1, ..key };
    let interest = Interest { details: vec![key, reused], ..Interest::default() };
    let details = live.next(&interest, Duration::ZERO).details;
    assert_eq!(details.len(), 1);
    assert_eq!(details[0].1.wait_channel.as_deref(), Some("futex_wait_queue"));
}

#[test]
fn more_descendants_than_are_followed_are_said() {
    let fake = FakeProc::new();
    fake.process(50, StatLine::default());
    for pid in 100..105 {
        fake.process(pid, StatLine { parent: 50, ..StatLine::default() });
    }
    let mut live = Live { most_descendants: 2, ..Live::attach(Pid(50), fake.options()).unwrap() };
    let sample = next(&mut live);
    assert_eq!(sample.processes.len(), 3);
    assert_eq!(sample.gaps[0].what, "3 descendants of the target");
    assert_eq!(next(&mut live).gaps[0].what, "3 descendants of the target");
}
