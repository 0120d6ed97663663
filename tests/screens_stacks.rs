//! The box with stacks: what is asked for, that a stop takes a question and a yes, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use stage::{PLAIN, SIZES, Stage};
use tftop::data::Tid;
use tftop::data::scene::Scene;
use tftop::tui::messages::effect::Effect;
use tftop::tui::messages::replay::{ReplayState, ShownMoment};
use tftop::tui::messages::stacks::{
    SampleTimes, ShownStacks, StacksAnswer, StacksMoment, StacksRequest, StopPermission,
};
use tftop::tui::state::event::Event;
use tftop::tui::state::parts::Mode;

fn snapshot(name: &str, stage: &Stage) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, stage.text());
    });
}

const LINES: &str = "\
3 threads: 2 taken without a stop, 1 not taken
No thread was stopped.
tf.data: 1 MapAndBatch waits, 1 asleep in unknown code, 1 not read

tf.data: thread 2450 tf_data_iterator_resource: MapAndBatch waits
  taken without a stop
    0  syscall  libc.so.6
    1  tensorflow::data::experimental::MapAndBatchDatasetOp::Dataset::Iterator::RunnerThread  libtensorflow_cc.so.2
    2  augment  train.py:41  Python

tf.data: thread 2451 tf_data_iterator_resource: asleep in unknown code
  taken without a stop
    0  syscall  libc.so.6
       (the outer frames need a stop: rbp is only known of a stopped thread)

tf.data: thread 2452 tf_data_iterator_resource
  not taken: it is running: only a stop shows its native frames (`tftop stack --stop`)";

fn taken(need_stop: usize, refused: Option<&str>) -> Result<ShownStacks, String> {
    let idle = ["", "14 idle threads of tf.data: waiting for work", "  + shows their stacks"];
    let lines: Vec<String> = LINES.lines().chain(idle).map(str::to_owned).collect();
    let unfolded = lines.iter().cloned().chain(["tf.data: 14 threads 2460 2461: waits for work".to_owned()]).collect();
    Ok(ShownStacks { lines, unfolded, need_stop, stopped_ns: 0, refused: refused.map(str::to_owned) })
}

fn asked(stage: &mut Stage, keys: &str) -> StacksRequest {
    match stage.keys(keys) {
        Some(Effect::RequestStacks(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn answer(stage: &mut Stage, request: &StacksRequest, taken: Result<ShownStacks, String>) {
    stage.tell(Event::Stacks(Arc::new(StacksAnswer { request: request.clone(), taken })));
}

#[test]
fn a_stop_takes_a_question_and_a_yes() {
    for (width, height) in SIZES {
        let mut stage = Stage::new(PLAIN, width, height, scenes::training(80));
        let request = asked(&mut stage, "jb");
        assert_eq!(request.stops, StopPermission::Never);
        assert!(!request.tids.is_empty());
        assert!(stage.text().contains("being taken, without a stop"));
        assert_eq!(stage.keys("Sy"), None, "nothing is known yet");
        answer(&mut stage, &StacksRequest { tids: vec![Tid(1)], ..request.clone() }, taken(9, None));
        assert!(stage.text().contains("being taken"), "an answer to another request");
        answer(&mut stage, &request, taken(2, None));
        snapshot(&format!("stacks_{width}x{height}"), &stage);
        assert_eq!(stage.keys("y"), None, "nothing was asked");
        stage.keys("S");
        snapshot(&format!("stacks_question_{width}x{height}"), &stage);
        assert_eq!(stage.keys("\x1by"), None, "Escape takes the question back");
        assert!(matches!(stage.dashboard.mode(), Mode::Stacks(_)));
        let agreed = asked(&mut stage, "Sy");
        assert_eq!(agreed, StacksRequest { stops: StopPermission::Agreed, ..request });
        let stopped = taken(1, None).map(|taken| ShownStacks { stopped_ns: 1_230_000, ..taken });
        answer(&mut stage, &agreed, stopped);
        assert!(stage.text().contains("stopped threads for 1.23 ms"), "{}", stage.text());
        assert_eq!(stage.keys("Sy"), None, "stopped once, nothing more is offered");
        assert_eq!(asked(&mut stage, "b").stops, StopPermission::Never, "taken again as at first");
        stage.keys("\x1b");
        assert_eq!(stage.dashboard.mode(), &Mode::Browse);
    }
}

#[test]
fn idle_threads_are_one_line_until_their_stacks_are_asked_for() {
    let mut stage = Stage::new(PLAIN, 160, 50, scenes::training(80));
    let request = asked(&mut stage, "jb");
    answer(&mut stage, &request, taken(0, None));
    let (folded, unfolded) = ("14 idle threads of tf.data", "14 threads 2460 2461");
    assert!(stage.text().contains(folded) && !stage.text().contains(unfolded), "{}", stage.text());
    assert_eq!(stage.keys("+"), None);
    assert!(stage.text().contains(unfolded), "{}", stage.text());
    assert_eq!(stage.keys("-"), None);
    assert!(!stage.text().contains(unfolded), "{}", stage.text());
}

#[test]
fn under_read_only_no_stop_is_offered_and_it_says_why() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    let request = asked(&mut stage, "jb");
    answer(&mut stage, &request, taken(2, Some("--read-only stops nothing")));
    assert!(
        stage.text().contains("A stop would show more of 2 threads: --read-only stops nothing"),
        "{}",
        stage.text()
    );
    assert_eq!(stage.keys("Sy"), None);
}

#[test]
fn samples_take_a_question_too_and_none_where_nothing_may_be_stopped() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    let request = asked(&mut stage, "jb");
    assert_eq!(stage.keys("my"), None, "nothing is known yet");
    answer(&mut stage, &request, taken(0, None));
    assert_eq!(stage.keys("m"), None);
    assert!(stage.text().contains("Stops threads one at a time for 3 s, less than 1 % of that."), "{}", stage.text());
    assert_eq!(stage.keys("\x1by"), None, "Escape takes the question back");
    let agreed = asked(&mut stage, "my");
    assert_eq!(agreed, StacksRequest { stops: StopPermission::Agreed, times: SampleTimes::Sampled, ..request.clone() });
    assert!(stage.text().contains("being taken for 3 s, with stops"), "{}", stage.text());
    answer(&mut stage, &agreed, taken(0, None));
    assert_eq!(asked(&mut stage, "b"), request, "taken again as at first");

    answer(&mut stage, &request, taken(2, Some("--read-only stops nothing")));
    let sampled = asked(&mut stage, "m");
    assert_eq!(sampled, StacksRequest { times: SampleTimes::Sampled, ..request });
    assert!(stage.text().contains("being taken for 3 s, without a stop"), "{}", stage.text());
}

#[test]
fn what_does_not_fit_can_be_scrolled_to_and_a_failure_is_said() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    let request = asked(&mut stage, "jb");
    let lines = (0..99).map(|at| format!("frame {at} of many")).collect();
    answer(
        &mut stage,
        &request,
        Ok(ShownStacks { lines, unfolded: Vec::new(), need_stop: 0, stopped_ns: 0, refused: None }),
    );
    assert!(stage.text().contains("more lines") && !stage.text().contains("frame 98 "));
    stage.keys("G");
    assert!(!stage.text().contains("more lines") && stage.text().contains("frame 98 "), "{}", stage.text());
    stage.keys("g");
    assert!(stage.text().contains("frame 0 "));
    answer(&mut stage, &request, Err("no process 2430 here any more".to_owned()));
    assert!(stage.text().contains("no process 2430 here any more"));
    assert_eq!(stage.keys("Sy"), None);
}

#[test]
fn stacks_of_a_thread_are_of_that_thread_alone() {
    let mut stage = Stage::new(PLAIN, 100, 30, scenes::training(80));
    let request = asked(&mut stage, "2jb");
    assert_eq!(request.tids.len(), 1);
    assert!(stage.text().contains(&format!("stack of thread {}", request.tids[0])), "{}", stage.text());
}

/// What comes of a request about the past.
fn of_the_past() -> Result<ShownStacks, String> {
    let taken = LINES.replace("3 threads: 2 taken", "Taken 12s before this moment\n3 threads: 2 taken");
    let lines = taken.lines().chain(["1 of the 4 threads has no stack from before this moment."]);
    let refused = Some("this is the past".to_owned());
    Ok(ShownStacks {
        lines: lines.map(str::to_owned).collect(),
        unfolded: Vec::new(),
        need_stop: 0,
        stopped_ns: 0,
        refused,
    })
}

#[test]
fn of_the_past_those_taken_before_are_shown_and_nothing_is_stopped() {
    for (width, height) in SIZES {
        let mut stage = Stage::new(PLAIN, width, height, scenes::training(80));
        let past = Arc::new(Scene { at_ns: 5, ..scenes::training(80) });
        let moment = |scene| Event::Moment(ShownMoment { scene, state: ReplayState::live() });
        stage.tell(moment(Some(past.clone())));
        let request = asked(&mut stage, "jb");
        assert_eq!((&request.at, request.stops), (&StacksMoment::Past(past), StopPermission::Never));
        assert!(stage.text().contains("looking for them"), "{}", stage.text());
        answer(&mut stage, &request, of_the_past());
        snapshot(&format!("stacks_past_{width}x{height}"), &stage);
        assert_eq!(stage.keys("y"), None);
        for key in ["S", "m"] {
            assert_eq!(stage.keys(key), None, "{key}");
            assert!(stage.text().contains("this is the past: nothing is stopped there"), "{key}: {}", stage.text());
        }
        // Played on to another moment, the same key asks for the stacks of that one.
        let later = Arc::new(Scene { at_ns: 6, ..scenes::training(80) });
        stage.tell(moment(Some(later.clone())));
        assert_eq!(asked(&mut stage, "b"), StacksRequest { at: StacksMoment::Past(later), ..request.clone() });
        answer(&mut stage, &request, of_the_past());
        assert!(stage.text().contains("looking for them"), "an answer about another moment");
        stage.tell(moment(None));
        assert_eq!(asked(&mut stage, "b"), StacksRequest { at: StacksMoment::Now, ..request });
    }
}
