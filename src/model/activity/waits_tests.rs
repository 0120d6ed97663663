//! Details in, words out.

use std::sync::Arc;

use super::*;
use crate::data::sample::{Identity, Syscall};
use crate::data::scene::{Attribution, Demand, Group};
use crate::data::{Pid, Text, Tid};

fn key(tid: u32) -> ThreadKey {
    ThreadKey { tid: Tid(tid), start_ticks: 5 }
}

fn thread(tid: u32, worker: Worker, confidence: Confidence) -> Thread {
    Thread {
        key: key(tid),
        pid: Pid(1),
        group: 0,
        identity: Arc::new(Identity::default()),
        attribution: Arc::new(Attribution { worker, confidence, ..Attribution::default() }),
        state: ThreadState::Sleeping,
        last_cpu: None,
        affinity: None,
        demand: None,
        slices_per_s: None,
    }
}

fn inside(name: &str, file: Option<&str>) -> ThreadDetail {
    let call = Syscall { number: 1, name: Some(name.into()), arguments: [0; 6], file: file.map(Text::from) };
    ThreadDetail { call: Some(SyscallState::Inside(call)), ..ThreadDetail::default() }
}

fn channel(function: &str) -> ThreadDetail {
    ThreadDetail { wait_channel: Some(function.into()), ..ThreadDetail::default() }
}

fn of(call: SyscallState) -> ThreadDetail {
    ThreadDetail { call: Some(call), ..ThreadDetail::default() }
}

/// A scene of one group with these threads' details; none for a thread that is not looked at.
fn scene(details: &[Option<ThreadDetail>]) -> Scene {
    let mut scene = Scene { groups: vec![Group::default()], ..Scene::default() };
    for (tid, detail) in (1..).zip(details) {
        scene.threads.append(&vec![thread(tid, Worker::OfPool, Confidence::Certain)].into());
        scene.details.extend(detail.clone().map(|detail| (key(tid), detail)));
    }
    fill(&mut scene);
    scene
}

fn says(details: &[Option<ThreadDetail>]) -> String {
    scene(details).groups[0].waits.as_ref().map_or("nothing".to_owned(), Waits::text)
}

#[test]
fn a_group_says_how_many_do_what_the_most_frequent_first() {
    let (futex, read) = (Some(inside("futex", None)), Some(inside("read", Some("/data/train.tfrecord"))));
    let running = Some(of(SyscallState::Running));
    let words = says(&[read, futex.clone(), running.clone(), futex.clone(), running, futex]);
    assert_eq!(words, "3 wait for work (futex), 2 running, 1 reads train.tfrecord");
}

#[test]
fn a_thread_that_mostly_waits_for_a_cpu_is_ready_and_not_running() {
    let with =
        |waiting| Thread { demand: Some(Demand::new(0.1, waiting)), ..thread(1, Worker::OfPool, Confidence::Certain) };
    let word = |waiting| doing(&with(waiting), &of(SyscallState::Running)).unwrap().phrase.one;
    assert_eq!((word(0.9).as_str(), word(0.05).as_str()), ("ready", "running"));
}

#[test]
fn what_was_not_looked_at_or_says_nothing_is_counted() {
    assert_eq!(says(&[None, None]), "nothing");
    let words = says(&[None, Some(ThreadDetail::default()), Some(inside("futex", None))]);
    assert_eq!(words, "1 waits for work (futex), 1 not known; 2 of 3 looked at");
}

#[test]
fn many_kinds_are_cut_and_none_is_lost() {
    let reads = (0..9).map(|file| Some(inside("read", Some(&format!("/data/{file}")))));
    assert_eq!(says(&reads.collect::<Vec<_>>()), "1 reads 0, 1 reads 1, 1 reads 2, 6 in 6 other ways");
}

#[test]
fn only_a_pools_worker_of_known_origin_waits_for_work() {
    let words = |worker, confidence| {
        let doing = doing(&thread(1, worker, confidence), &inside("futex", None)).unwrap();
        (doing.phrase.one, doing.grade)
    };
    assert_eq!(words(Worker::OfPool, Confidence::Likely), ("waits for work (futex)".into(), Grade::Inferred));
    assert_eq!(words(Worker::OfPool, Confidence::Guess), ("waits on a futex".into(), Grade::Measured));
    assert_eq!(words(Worker::Other, Confidence::Certain), ("waits on a futex".into(), Grade::Measured));
}

#[test]
fn a_refused_call_leaves_the_wait_channel_and_the_step_that_helps() {
    let why = Text::from("the process belongs to another user (uid 7); run tftop with sudo");
    let refused = ThreadDetail { call: Some(SyscallState::Refused(why.clone())), ..channel("hrtimer_nanosleep") };
    let scene = scene(&[Some(refused)]);
    let waits = scene.groups[0].waits.as_ref().unwrap();
    assert_eq!((waits.text().as_str(), waits.refused.as_ref()), ("1 sleeps", Some(&why)));
    assert_eq!(scene.doing(key(1)).unwrap().grade, Grade::Inferred);
    assert_eq!(scene.doing(key(2)), None);
}

#[test]
fn blocked_outside_a_call_is_not_taken_for_running() {
    let fault = ThreadDetail { call: Some(SyscallState::Outside), ..channel("folio_wait_bit_common") };
    let doing = doing(&thread(1, Worker::OfPool, Confidence::Certain), &fault).unwrap();
    assert_eq!(doing.phrase.one, "waits outside a system call (folio_wait_bit_common)");
    assert_eq!(doing.activity, Blocked::Waits);
}

#[test]
fn a_stopped_thread_is_stopped_wherever_it_stands() {
    let stopped = Thread { state: ThreadState::Stopped, ..thread(1, Worker::OfPool, Confidence::Certain) };
    assert_eq!(doing(&stopped, &inside("futex", None)).unwrap().phrase.one, "stopped");
}

#[test]
fn a_bounded_number_of_threads_of_each_wanted_group_is_looked_at() {
    let mut scene = Scene { groups: vec![Group::default(), Group::default()], ..Scene::default() };
    scene.threads = (0..1000).map(|tid| thread(tid, Worker::Other, Confidence::Guess)).collect();
    scene.threads[999].group = 1;
    assert_eq!(to_look_at(&scene, |_| true).len(), MOST_OF_A_GROUP + 1);
    assert_eq!(to_look_at(&scene, |group| group == 1), [key(999)]);
}
