//! What masks, cpusets and quotas say about caps of the whole.

use std::sync::Arc;

use super::*;
use crate::data::sample::{Identity, ThreadState};
use crate::data::scene::{Attribution, Capacity};
use crate::data::{Gap, ThreadKey, Tid};

fn term(kind: TermKind, cpus: f64, set: Option<&str>, throttled_share: Option<f64>) -> Term {
    Term { kind, cpus, set: set.map(|set| set.parse().unwrap()), place: None, throttled_share }
}

/// Threads by their masks, under these terms.
fn scene(masks: &[&str], terms: Vec<Term>) -> Scene {
    let thread = |(tid, mask): (usize, &&str)| Thread {
        key: ThreadKey { tid: Tid(tid as u32 + 1), start_ticks: 5 },
        pid: Pid(10),
        group: 0,
        identity: Arc::new(Identity::default()),
        attribution: Arc::new(Attribution::default()),
        state: ThreadState::Sleeping,
        last_cpu: None,
        affinity: Some(Arc::new(mask.parse().unwrap())),
        demand: None,
        slices_per_s: None,
    };
    Scene {
        threads: masks.iter().enumerate().map(thread).collect(),
        capacity: Capacity { terms, ..Capacity::default() },
        ..Scene::default()
    }
}

fn seen(fact: &LaunchFact, scenes: &[Scene]) -> CpuBounds {
    let mut bounds = CpuBounds::new(fact);
    scenes.iter().for_each(|scene| bounds.update(scene));
    bounds
}

fn cpus(scenes: &[Scene]) -> (CheckOutcome, String) {
    let fact = LaunchFact { cpus: Some("0-1".parse().unwrap()), ..LaunchFact::default() };
    let (value, answer) = seen(&fact, scenes).cpus().unwrap();
    assert_eq!(value, "0-1");
    answer
}

fn quota(scenes: &[Scene]) -> (CheckOutcome, String) {
    let quota = Some(Quota { quota_us: 150_000, period_us: 100_000 });
    let (value, answer) = seen(&LaunchFact { quota, ..LaunchFact::default() }, scenes).quota().unwrap();
    assert_eq!(value, "1.5");
    answer
}

#[test]
fn a_thread_that_widened_its_mask_is_seen() {
    let said = cpus(&[scene(&["0-1", "0-1"], vec![]), scene(&["0-1", "0-2"], vec![]), scene(&["0"], vec![])]);
    assert_eq!(said, (CheckOutcome::Exceeded, "1 thread of process 10 may run elsewhere".to_owned()));
}

#[test]
fn a_cpuset_holds_where_it_was_there_at_every_look() {
    let inside = scene(&["0-1"], vec![term(TermKind::Cpuset, 2.0, Some("0-1"), None)]);
    let wide = scene(&["0-1"], vec![term(TermKind::Cpuset, 4.0, Some("0-3"), None)]);
    assert!(cpus(std::slice::from_ref(&inside)).1.ends_with("a cpuset cgroup holds it"));
    for other in [wide, scene(&["0-1"], vec![])] {
        let (outcome, says) = cpus(&[inside.clone(), other]);
        assert!(outcome == CheckOutcome::Held && says.ends_with("affinity alone holds it"), "{says}");
    }
    assert_eq!(cpus(&[]).0, CheckOutcome::Unverified);
}

#[test]
fn a_quota_holds_while_everybody_is_in_it() {
    let inside = |share| scene(&["0-1"], vec![term(TermKind::Quota, 1.5, None, share)]);
    let outside = scene(&["0-1"], vec![term(TermKind::Quota, 2.0, None, None)]);
    assert_eq!(quota(&[inside(None)]), (CheckOutcome::Held, "a cgroup holds it".to_owned()));
    let throttled = quota(&[inside(Some(0.4)), inside(None)]);
    assert_eq!(throttled, (CheckOutcome::Held, "a cgroup holds it; throttled in 40 % of its periods".to_owned()));
    // Once may be a process that just ends.
    assert_eq!(quota(&[inside(None), outside.clone(), inside(None), outside.clone()]).0, CheckOutcome::Held);
    assert_eq!(quota(&[inside(None), outside.clone(), outside]).0, CheckOutcome::Exceeded);
}

#[test]
fn a_quota_that_can_not_be_read_is_not_held() {
    let hidden = Scene { gaps: vec![Gap::new("CPU quotas", "no permission")], ..scene(&["0-1"], vec![]) };
    assert_eq!(quota(&[hidden.clone(), hidden]), (CheckOutcome::Unverified, "no permission".to_owned()));
    assert_eq!(quota(&[]).0, CheckOutcome::Unverified);
    assert_eq!(quota(&[scene(&["0-1"], vec![])]).0, CheckOutcome::Unverified);
}

#[test]
fn a_pinned_thread_must_be_there_from_its_second_look_on() {
    let pin = Pin { origin: "tf-data".to_owned(), cpus: "0".parse().unwrap() };
    let fact = LaunchFact { pins: vec![pin], ..LaunchFact::default() };
    let answer = |looks: &[&[&str]]| {
        let scenes: Vec<Scene> = looks.iter().map(|masks| of_tf_data(scene(masks, vec![]))).collect();
        let (value, answer) = seen(&fact, &scenes).pins().next().unwrap();
        assert_eq!(value, "tf-data=0");
        answer
    };
    assert_eq!(answer(&[]).0, CheckOutcome::Unverified);
    assert_eq!(answer(&[&["0-1"]]), (CheckOutcome::Unverified, "no thread of tf-data was seen twice".to_owned()));
    assert_eq!(answer(&[&["0-1"], &["0", "0-1"], &["0", "0"]]).0, CheckOutcome::Held);
    let left = answer(&[&["0-1"], &["0"], &["0-1"]]);
    assert_eq!(left, (CheckOutcome::Exceeded, "1 thread of tf-data in process 10 may run elsewhere".to_owned()));
    // Somebody else's threads are nobody's business, and a guess is none.
    let others = seen(&fact, &[scene(&["0-1"], vec![]), scene(&["0-1"], vec![])]);
    assert_eq!(others.pins().next().unwrap().1.0, CheckOutcome::Unverified);
}

fn of_tf_data(mut scene: Scene) -> Scene {
    let key = crate::data::scene::GroupKey { origin: "tf-data".into(), library: None };
    for thread in scene.threads.iter_mut() {
        let confidence = Confidence::Certain;
        thread.attribution = Arc::new(Attribution { group: key.clone(), confidence, ..Attribution::default() });
    }
    scene
}
