//! What threads say about caps.

use std::sync::Arc;

use super::*;
use crate::data::limits::PRIVATE_POOL_THREAD;
use crate::data::sample::{Identity, NameSource, TargetName};
use crate::data::scene::{Attribution, Group, GroupKey, TargetState, Thread};
use crate::data::{ThreadKey, Tid};

/// Threads of one process: origin, name, tick of birth.
fn scene(pid: u32, threads: &[(&str, &str, u64)]) -> Scene {
    let mut scene = Scene { target: TargetState { pid: Pid(pid), ..TargetState::default() }, ..Scene::default() };
    for (tid, (origin, name, born)) in threads.iter().enumerate() {
        let key = GroupKey { origin: (*origin).into(), library: None };
        let group = scene.groups.iter().position(|group| group.key == key).unwrap_or_else(|| {
            scene.groups.push(Group { key: key.clone(), label: (*origin).to_owned(), ..Group::default() });
            scene.groups.len() - 1
        });
        let target_name = Some(TargetName { name: (*name).into(), source: NameSource::TensorFlow });
        let thread = Thread {
            key: ThreadKey { tid: Tid(tid as u32 + 1), start_ticks: *born },
            pid: Pid(pid),
            group,
            identity: Arc::new(Identity { target_name, ..Identity::default() }),
            attribution: Arc::new(Attribution {
                group: key,
                because: String::new(),
                confidence: Confidence::Certain,
                ..Attribution::default()
            }),
            state: crate::data::sample::ThreadState::Sleeping,
            last_cpu: None,
            affinity: Some(Arc::new("0-1".parse().unwrap())),
            demand: None,
            slices_per_s: None,
        };
        scene.threads.append(&vec![thread].into());
    }
    scene
}

fn pool(origin: &str, threads: usize) -> Scene {
    scene(10, &vec![(origin, "x", 5); threads])
}

/// The answer for the only cap.
fn answer(caps: Caps, scenes: &[Scene], inside: bool) -> (CheckOutcome, String) {
    let mut verification = Verification::new(&LaunchFact { caps, ..LaunchFact::default() });
    scenes.iter().for_each(|scene| verification.update(scene));
    let checks = verification.checks(inside);
    assert_eq!(checks.len(), 1);
    (checks[0].outcome, checks[0].message.clone())
}

const INTRA: Caps = Caps::of([(CapKind::Intra, 2)]);
const DATA: Caps = Caps::of([(CapKind::Data, 2)]);
const OMP: Caps = Caps::of([(CapKind::Omp, 2)]);
const BLAS: Caps = Caps::of([(CapKind::Blas, 2)]);

#[test]
fn a_pool_that_was_ever_too_large_is_exceeded_by_its_name() {
    let held = answer(INTRA, &[pool("tf-intra-op", 1), pool("tf-intra-op", 2)], false);
    assert_eq!(held, (CheckOutcome::Held, "at most 2 threads".to_owned()));
    let exceeded = answer(INTRA, &[pool("tf-intra-op", 3), pool("tf-intra-op", 2)], false);
    assert_eq!(exceeded, (CheckOutcome::Exceeded, "3 threads of tf-intra-op in process 10".to_owned()));
}

#[test]
fn pools_of_different_processes_are_not_added_up() {
    let mut both = pool("tf-intra-op", 2);
    let child = scene(11, &[("tf-intra-op", "x", 5), ("tf-intra-op", "x", 5)]);
    both.threads.append(&child.threads);
    assert_eq!(answer(INTRA, &[both], false).0, CheckOutcome::Held);
}

#[test]
fn what_was_never_seen_is_not_held() {
    assert_eq!(answer(INTRA, &[], false), (CheckOutcome::Unverified, "it ended before the first sample".to_owned()));
    assert_eq!(
        answer(INTRA, &[pool("python", 1)], false),
        (CheckOutcome::Unverified, "no such pool was seen".to_owned())
    );
}

#[test]
fn a_pool_may_hide_among_threads_that_nobody_can_name() {
    let mut hidden = pool("tf-intra-op", 3);
    for thread in hidden.threads.iter_mut() {
        let group = GroupKey { origin: "unknown".into(), library: None };
        thread.attribution = Arc::new(Attribution { group, ..Attribution::default() });
        thread.identity = Arc::new(Identity { missing: Some("no permission".to_owned()), ..Identity::default() });
    }
    let why = "the origin of 3 threads can't be told: no permission".to_owned();
    assert_eq!(answer(INTRA, &[hidden.clone()], false), (CheckOutcome::Unverified, why.clone()));
    assert_eq!(answer(BLAS, &[hidden.clone()], false), (CheckOutcome::Unverified, why));
    // One torn look among clear ones hides nothing that the next would not show.
    assert_eq!(answer(INTRA, &[hidden, pool("tf-intra-op", 2)], false).0, CheckOutcome::Held);
}

#[test]
fn a_guess_exceeds_nothing() {
    let mut guessed = pool("tf-intra-op", 9);
    for thread in guessed.threads.iter_mut() {
        thread.attribution = Arc::new(Attribution { confidence: Confidence::Guess, ..(*thread.attribution).clone() });
    }
    assert_eq!(answer(INTRA, &[guessed], false).0, CheckOutcome::Unverified);
}

#[test]
fn private_pools_of_several_iterators_are_told_apart_by_their_birth() {
    let name = PRIVATE_POOL_THREAD;
    let two_of_two =
        scene(10, &[("tf-data", name, 5), ("tf-data", name, 6), ("tf-data", name, 50), ("tf-data", name, 50)]);
    assert_eq!(answer(DATA, &[two_of_two], false), (CheckOutcome::Held, "at most 2 threads an iterator".to_owned()));
    let one_of_four = scene(10, &[("tf-data", name, 5); 4]);
    assert_eq!(answer(DATA, std::slice::from_ref(&one_of_four), false).0, CheckOutcome::Exceeded);
    // Where every pool is sized to the cap, four threads at once are two pools more likely than one.
    assert_eq!(answer(DATA, &[one_of_four], true).0, CheckOutcome::Unverified);
    assert_eq!(answer(DATA, &[scene(10, &[("tf-data", name, 5); 3])], true).0, CheckOutcome::Exceeded);
    let stages = scene(10, &[("tf-data", "tf_data_iterator_resource", 5); 4]);
    assert_eq!(
        answer(DATA, &[stages], true),
        (CheckOutcome::Unverified, "no private pool of tf.data was seen".to_owned())
    );
}

#[test]
fn libraries_count_their_caller_and_teams_can_not_be_told_apart() {
    assert_eq!(answer(BLAS, &[pool("openblas", 1)], false).0, CheckOutcome::Held);
    assert_eq!(answer(BLAS, &[pool("openblas", 2)], false).0, CheckOutcome::Exceeded);
    assert_eq!(answer(BLAS, &[pool("python", 2)], false).0, CheckOutcome::Held);
    assert_eq!(answer(OMP, &[pool("openmp", 1)], false).0, CheckOutcome::Held);
    assert_eq!(answer(OMP, &[pool("openmp", 2)], false).0, CheckOutcome::Unverified);
    assert_eq!(answer(OMP, &[pool("numexpr", 2)], false).0, CheckOutcome::Held);
    assert_eq!(answer(OMP, &[pool("numexpr", 3)], false).0, CheckOutcome::Exceeded);
    // With a cap of one nobody may work beside the caller.
    let own = Caps::of([(CapKind::Omp, 2), (CapKind::Numexpr, 3)]);
    let mut verification = Verification::new(&LaunchFact { caps: own, ..LaunchFact::default() });
    verification.update(&pool("numexpr", 3));
    let outcomes: Vec<_> = verification.checks(false).iter().map(|check| (check.cap.name(), check.outcome)).collect();
    assert_eq!(outcomes, [("omp", CheckOutcome::Held), ("numexpr", CheckOutcome::Held)], "a cap of its own counts");
    let one = Caps::of([(CapKind::Omp, 1)]);
    assert_eq!(answer(one, &[pool("openmp", 1)], false).0, CheckOutcome::Exceeded);
}

#[test]
fn an_ended_target_adds_nothing() {
    let mut ended = pool("tf-intra-op", 9);
    ended.target.ended = true;
    assert_eq!(answer(INTRA, &[pool("tf-intra-op", 1), ended], false).0, CheckOutcome::Held);
}
