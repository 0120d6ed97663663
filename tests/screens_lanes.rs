//! The trace of the scheduler on screen: how it begins and ends, and its lanes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use stage::{PLAIN, Stage};
use tftop::data::sample::TraceState;
use tftop::data::scene::{
    Concurrency, GroupConcurrency, Lane, LaneSpan, LaneState, Lanes, Scene, ShortLived, Together, Trace,
};
use tftop::data::{Pid, Tid};

const SECOND: u64 = 1_000_000_000;

/// The training's scene with a trace: its first three groups take turns every 50 ms, the third is often preempted.
fn traced() -> Scene {
    let mut scene = scenes::training(80);
    let to_ns = 100 * SECOND;
    let from_ns = to_ns - 10 * SECOND;
    let mut threads = Vec::new();
    for group in 0..3 {
        let of_group = scene.threads.iter().filter(|thread| thread.group == group).take(2);
        for (at, thread) in of_group.enumerate() {
            let spans = (0..200_u64).map(|turn| {
                let state = match (turn + group as u64 + at as u64) % 3 {
                    0 => LaneState::Running,
                    1 if group == 2 => LaneState::Preempted,
                    _ => LaneState::Blocked,
                };
                LaneSpan { from_ns: from_ns + turn * SECOND / 20, state }
            });
            let name = thread.name().to_owned();
            let spans = spans.collect();
            threads.push(Lane { pid: thread.pid, tid: thread.key.tid, group: Some(group), name, spans });
        }
    }
    let span = |from_ns, state| LaneSpan { from_ns, state };
    let spans = vec![span(to_ns - SECOND, LaneState::Running), span(to_ns - SECOND / 2, LaneState::Gone)];
    let unseen = Lane { pid: Pid(2430), tid: Tid(9999), group: None, name: "made by tf.data".to_owned(), spans };
    threads.push(unseen);
    let concurrency = Concurrency { shares: vec![0.1, 0.5, 0.4], running: 1.1, preempted: 0.2 };
    scene.trace = Some(Trace {
        seconds: 31.0,
        window_s: 31.0,
        switches_per_s: 4_812.0,
        own_cpu: 0.0034,
        target_cpu: 0.0048,
        births: 41,
        exits: 40,
        all: concurrency.clone(),
        groups: vec![GroupConcurrency { group: 0, concurrency }],
        together: vec![Together { groups: (0, 1), share: 0.34, crowded: 0.12 }],
        short_lived: vec![ShortLived { made_by: "tf.data".to_owned(), threads: 40, run_s: 0.5 }],
        lanes: Arc::new(Lanes { from_ns, to_ns, threads }),
        ..Trace::default()
    });
    scene
}

fn refused() -> Scene {
    let mut scene = scenes::training(80);
    let why = "kernel.perf_event_paranoid is 4: `sudo sysctl kernel.perf_event_paranoid=2` allows it".to_owned();
    scene.trace = Some(Trace { state: TraceState::Refused(why), ..Trace::default() });
    scene
}

macro_rules! snapshot {
    ($name:expr, $stage:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $stage.text());
        })
    };
}

#[test]
fn x_asks_for_a_trace_and_ends_it() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    assert!(!stage.dashboard.interest().trace);
    stage.keys("8");
    assert!(stage.text().contains("when each thread runs is not traced; x begins a trace"), "{}", stage.text());
    stage.keys("1x");
    assert!(stage.dashboard.interest().trace);
    assert!(stage.line(22).contains("a trace begins with the next sample; 8 shows it"), "{}", stage.line(22));
    stage.scene(traced());
    stage.keys("j");
    assert!(stage.line(22).contains("trace on for 31s: 4812 switches/s, 0.34 % of a CPU"), "{}", stage.line(22));
    stage.keys("x");
    assert!(!stage.dashboard.interest().trace);
    assert!(stage.line(22).contains("the trace has ended"), "{}", stage.line(22));
}

#[test]
fn lanes_show_who_ran_when() {
    for (width, height) in [(80, 24), (160, 50)] {
        let mut stage = Stage::new(PLAIN, width, height, traced());
        stage.keys("8");
        snapshot!(format!("lanes_{width}x{height}"), stage);
    }
}

#[test]
fn z_shows_less_time_in_larger_steps() {
    let mut stage = Stage::new(PLAIN, 160, 50, traced());
    stage.keys("8");
    for seconds in [5, 2, 1, 10] {
        stage.keys("z");
        assert!(stage.text().contains(&format!(" last {seconds} s ")), "{seconds}: {}", stage.text());
    }
}

#[test]
fn a_filter_leaves_the_groups_that_contain_it() {
    let mut stage = Stage::new(PLAIN, 160, 50, traced());
    let label = stage.dashboard.scene().groups[1].label.clone();
    stage.keys(&format!("8\\{label}\n"));
    let other = &stage.dashboard.scene().groups[0].label;
    let text = stage.text();
    assert!(text.contains(&format!("{label} (2)")) && !text.contains(&format!("{other} (2)")), "{text}");
}

#[test]
fn a_refusal_names_its_step() {
    let mut stage = Stage::new(PLAIN, 80, 24, refused());
    stage.keys("8");
    assert!(stage.text().contains("kernel.perf_event_paranoid is 4"), "{}", stage.text());
}
