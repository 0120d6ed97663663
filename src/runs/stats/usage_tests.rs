//! Totals of processes and CPUs that come and go.

use std::sync::Arc;

use super::*;
use crate::data::Pid;
use crate::data::sample::{ProcessFact, ProcessSample};

const SECOND: u64 = 1_000_000_000;

fn sample(second: u64, processes: &[(u32, u64, u64)]) -> Sample {
    let process = |&(pid, start_ticks, cpu_ticks): &(u32, u64, u64)| ProcessSample {
        fact: Arc::new(ProcessFact { key: ProcessKey { pid: Pid(pid), start_ticks }, ..ProcessFact::default() }),
        cpu_ticks,
        ..ProcessSample::default()
    };
    Sample { at_ns: second * SECOND, processes: processes.iter().map(process).collect(), ..Sample::default() }
}

#[test]
fn a_child_counts_from_its_birth_and_what_it_used_stays_when_it_is_gone() {
    let mut usage = Usage::default();
    usage.add(&sample(10, &[(1, 5, 700)]), &Scene::default());
    usage.add(&sample(11, &[(1, 5, 750), (2, 1050, 40)]), &Scene::default());
    usage.add(&sample(12, &[(1, 5, 800), (3, 5, 9000)]), &Scene::default());
    let used = usage.between(0, u64::MAX).unwrap();
    assert!((used.totals.own_s - 1.4).abs() < 1e-9, "{used:?}");
    assert_eq!(used.seconds, 2.0);
}

#[test]
fn looks_that_are_not_later_and_looks_at_the_dead_say_nothing() {
    let mut usage = Usage::default();
    usage.add(&sample(10, &[(1, 5, 700)]), &Scene::default());
    usage.add(&sample(10, &[(1, 5, 900)]), &Scene::default());
    usage.add(&sample(3, &[(1, 5, 900)]), &Scene::default());
    let ended =
        Scene { target: crate::data::scene::TargetState { ended: true, ..Default::default() }, ..Scene::default() };
    usage.add(&sample(11, &[(1, 5, 900)]), &ended);
    assert_eq!(usage.span_ns(), None);
    assert!(usage.between(0, u64::MAX).is_none());
}

#[test]
fn points_that_were_thinned_out_still_cover_all_the_time() {
    let mut usage = Usage::default();
    for second in 1..=50_000_u64 {
        usage.add(&sample(second, &[(1, 5, 100 * second)]), &Scene::default());
    }
    assert!(usage.points.len() <= MOST_POINTS && usage.points.len() >= MOST_POINTS / 4, "{}", usage.points.len());
    assert_eq!(usage.span_ns(), Some((SECOND, 50_000 * SECOND)));
    let part = usage.between(10_000 * SECOND, 20_000 * SECOND).unwrap();
    assert!((part.totals.own_s - 10_000.0).abs() < 1e-6, "{}", part.totals.own_s);
}
