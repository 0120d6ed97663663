//! Threads of a /proc in a temporary folder: births, deaths, reused numbers, names, missing files.

use std::collections::HashMap;
use std::time::Duration;

use super::*;
use crate::data::sample::{NameSource, TargetName};
use crate::linux::budget::WorkLimits;
use crate::linux::proc::affinity::AffinityReader;
use crate::probe::fake::{FakeProc, StatLine};

pub(super) fn means(room: usize) -> ReadContext {
    let masks = AffinityReader::new(&ProcDir::open("/sys".as_ref()).unwrap());
    let source = CounterSource::Schedstat;
    let newborn = Arc::default();
    ReadContext { reader: FileReader::default(), masks, source, room, newborn, most_unread_ns: 500_000 }
}

fn threads(fake: &FakeProc) -> ThreadReader {
    ThreadReader::new(Pid(10), ProcDir::open(&fake.root().join("10/task")).unwrap(), None)
}

pub(super) fn look(threads: &mut ThreadReader, expected: u64, means: &mut ReadContext) {
    threads.refresh(means);
    threads.find(expected, &Budget::default(), means);
}

fn told(threads: &ThreadReader) -> Vec<(u32, u64)> {
    threads.facts().iter().map(|fact| (fact.key.tid.0, fact.counters.run_ns)).collect()
}

#[test]
fn threads_come_sorted_and_go_silently() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    fake.thread(10, 9, StatLine::default(), Some("5 0 1"));
    fake.thread(10, 12, StatLine::default(), Some("7 0 1"));
    let (mut threads, mut means) = (threads(&fake), means(2));
    look(&mut threads, 3, &mut means);
    assert_eq!(told(&threads), [(9, 5), (10, 1000), (12, 7)]);
    assert_eq!(means.room, 0, "one of three has no descriptor of its own");
    fake.thread(10, 12, StatLine::default(), Some("8 0 2"));
    fake.remove("10/task/9");
    fake.thread(10, 11, StatLine::default(), Some("1 0 1"));
    look(&mut threads, 4, &mut means);
    assert_eq!(told(&threads), [(10, 1000), (11, 1), (12, 8)]);
    assert_eq!(threads.unreadable, None);
    threads.close(&mut means);
    assert_eq!(means.room, 2);
}

#[test]
fn a_reused_number_is_another_thread() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    let (mut threads, mut means) = (threads(&fake), means(0));
    look(&mut threads, 1, &mut means);
    let before = threads.facts()[0].key;
    fake.thread(10, 10, StatLine { start_ticks: 900, ..StatLine::default() }, Some("3 0 1"));
    look(&mut threads, 1, &mut means);
    let after = threads.facts()[0].clone();
    assert_ne!(before, after.key);
    assert_eq!((after.key.start_ticks, after.counters.run_ns), (900, 3));
    assert!(threads.counters(after.key).is_some() && threads.counters(before).is_none());
}

#[test]
fn the_folder_is_listed_only_when_the_number_of_threads_does_not_fit() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    let (mut threads, mut means) = (threads(&fake), means(9));
    look(&mut threads, 1, &mut means);
    fake.thread(10, 11, StatLine::default(), Some("1 0 1"));
    look(&mut threads, 1, &mut means);
    assert_eq!(told(&threads).len(), 1);
    look(&mut threads, 2, &mut means);
    assert_eq!(told(&threads).len(), 2);
}

#[test]
fn threads_beyond_a_looks_budget_are_counted_and_read_by_the_next_look() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    (11..110).for_each(|tid| fake.thread(10, tid, StatLine::default(), Some("1 0 1")));
    let (mut threads, mut means) = (threads(&fake), means(200));
    let spent = Budget::default();
    let limits = WorkLimits { cpu: Duration::ZERO, ..WorkLimits::OF_A_PROCESS };
    for _ in 0..2 {
        spent.begin(limits);
        threads.refresh(&mut means);
        let before = told(&threads).len();
        threads.find(100, &spent, &mut means);
        assert!(told(&threads).len() > before, "each look gets on");
        assert_eq!(told(&threads).len() + threads.later, 100);
    }
    assert_eq!(threads.later, 0);
}

#[test]
fn a_name_set_after_birth_is_seen_and_one_set_late_once_the_thread_runs() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    let (mut threads, mut means) = (threads(&fake), means(9));
    let comm = |threads: &ThreadReader| threads.facts()[0].identity.comm.to_string();
    look(&mut threads, 1, &mut means);
    let named = |comm| StatLine { comm, ..StatLine::default() };
    fake.thread(10, 10, named("tf_Compute"), None);
    look(&mut threads, 1, &mut means);
    assert_eq!(comm(&threads), "tf_Compute");
    look(&mut threads, 1, &mut means);
    look(&mut threads, 1, &mut means);
    fake.thread(10, 10, named("la) te\x1b"), None);
    look(&mut threads, 1, &mut means);
    assert_eq!(comm(&threads), "tf_Compute", "it slept: nothing of it is read but its counters");
    fake.thread(10, 10, named("la) te\x1b"), Some("2000 0 9"));
    look(&mut threads, 1, &mut means);
    assert_eq!(comm(&threads), "la) te^[");
}

#[test]
fn without_schedstat_clock_ticks_are_read_at_every_tick() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    fake.remove("10/task/10");
    let mut means = means(9);
    let ticked = |cpu_ticks| fake.thread(10, 10, StatLine { cpu_ticks, ..StatLine::default() }, None);
    ticked(5);
    let mut threads = threads(&fake);
    look(&mut threads, 1, &mut means);
    assert_eq!(threads.evidence_of_source(), (false, true));
    means.source = CounterSource::StatTicks;
    for ticks in 6..12 {
        ticked(ticks);
        look(&mut threads, 1, &mut means);
        assert_eq!(threads.facts()[0].cpu_ticks, ticks);
    }
    assert_eq!(threads.facts()[0].counters, Counters::default());
}

#[test]
fn counters_that_are_garbled_keep_their_last_value() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    let (mut threads, mut means) = (threads(&fake), means(9));
    look(&mut threads, 1, &mut means);
    fake.write("10/task/10/schedstat", "gar bled");
    look(&mut threads, 1, &mut means);
    assert_eq!(told(&threads), [(10, 1000)]);
}

#[test]
fn missing_evidence_is_asked_for_a_few_times_and_then_left_with_the_reason() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    fake.thread(10, 11, StatLine::default(), Some("1 0 1"));
    let (mut threads, mut means) = (threads(&fake), means(9));
    look(&mut threads, 2, &mut means);
    for _ in 0..TRIES {
        assert_eq!(threads.unidentified(false, &mut means.reader).len(), 2);
        threads.identify(Identification { missing: Some("no right".to_owned()), ..Identification::default() });
    }
    assert_eq!(threads.unidentified(false, &mut means.reader).len(), 0);
    let facts = threads.facts();
    assert_eq!((facts[0].identity.main, &facts[0].identity.missing), (true, &None));
    assert_eq!(facts[1].identity.missing.as_deref(), Some("no right"));
}

#[test]
fn evidence_that_came_is_not_asked_for_again() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    fake.thread(10, 11, StatLine::default(), Some("1 0 1"));
    fake.write("10/task/11/status", "NSpid:\t11\t4\n");
    let (mut threads, mut means) = (threads(&fake), means(9));
    look(&mut threads, 2, &mut means);
    let wanted = threads.unidentified(true, &mut means.reader);
    assert_eq!(wanted.iter().map(|one| (one.tid.0, one.namespaced_tid)).collect::<Vec<_>>(), [(11, 4)]);
    let name = TargetName { name: "tf_Compute".into(), source: NameSource::TensorFlow };
    let found = HashMap::from([(Tid(11), (None, Some(name.clone())))]);
    threads.identify(Identification { threads: found, ..Identification::default() });
    assert_eq!(threads.facts()[1].identity.target_name, Some(name));
    assert_eq!(threads.unidentified(false, &mut means.reader).iter().map(|one| one.tid.0).collect::<Vec<_>>(), [10]);
}

#[test]
fn stat_stays_open_while_a_thread_runs_and_room_is_left() {
    for (room, kept) in [(1000, 2), (200, 1)] {
        let fake = FakeProc::new();
        fake.process(10, StatLine::default());
        let (mut threads, mut means) = (threads(&fake), means(room));
        for ran in 0..6 {
            let named = StatLine { comm: &format!("run {ran}"), ..StatLine::default() };
            fake.thread(10, 10, named, Some(&format!("{}000 0 9", ran + 1)));
            look(&mut threads, 1, &mut means);
            assert_eq!(threads.facts()[0].identity.comm.as_str(), format!("run {ran}"));
        }
        assert_eq!(means.room, room - kept);
        (0..9).for_each(|_| look(&mut threads, 1, &mut means));
        assert_eq!(means.room, room - 1, "it sleeps");
        threads.close(&mut means);
        assert_eq!(means.room, room);
    }
}

#[test]
fn threads_that_are_alike_share_what_is_known_of_them() {
    let fake = FakeProc::new();
    fake.process(10, StatLine::default());
    (11..14).for_each(|tid| fake.thread(10, tid, StatLine::default(), Some("1 0 1")));
    fake.thread(10, 14, StatLine { comm: "another", ..StatLine::default() }, Some("1 0 1"));
    let (mut threads, mut means) = (threads(&fake), means(9));
    look(&mut threads, 5, &mut means);
    let shared = |threads: &ThreadReader, a: usize, b: usize| {
        Arc::ptr_eq(&threads.facts()[a].identity, &threads.facts()[b].identity)
    };
    assert!(shared(&threads, 1, 2) && shared(&threads, 2, 3) && !shared(&threads, 3, 4) && !shared(&threads, 0, 1));
    let name = TargetName { name: "tf_Compute".into(), source: NameSource::TensorFlow };
    let found = [11, 12].map(|tid| (Tid(tid), (None, Some(name.clone()))));
    let evidence = Identification {
        threads: HashMap::from(found),
        missing: Some("no right".to_owned()),
        ..Identification::default()
    };
    threads.identify(evidence);
    assert!(shared(&threads, 1, 2) && !shared(&threads, 2, 3));
    assert_eq!(threads.facts()[2].identity.target_name, Some(name));
    assert_eq!(threads.facts()[3].identity.missing.as_deref(), Some("no right"));
    fake.thread(10, 12, StatLine { comm: "renamed", ..StatLine::default() }, Some("2 0 2"));
    look(&mut threads, 5, &mut means);
    assert_eq!(threads.facts()[2].identity.comm.as_str(), "renamed");
    assert_ne!(threads.facts()[1].identity.comm.as_str(), "renamed", "the others keep their name");
}
