//! What stands on screen beside the usual when tftop started the target: steps, caps, the shim.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use stage::{PLAIN, SIZES, Stage};
use tftop::data::limits::Caps;
use tftop::data::sample::{HookFailure, Pace, ReplacedRun, ShimReport, ShimUse, SpeedChange, StepSource};
use tftop::data::scene::{CheckOutcome, Headline, LaunchState, MarkCount, NoMarks, Scene, Speed, Steps, Verdict};
use tftop::tui::Effect;
use tftop::tui::theme::Appearance;

fn snapshot(name: &str, stage: &Stage) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, stage.text());
    });
}

fn launched(change: impl FnOnce(&mut LaunchState)) -> Scene {
    let mut scene = scenes::launched(80);
    change(scene.launch.as_mut().unwrap());
    scene
}

fn with_speed(change: impl FnOnce(&mut Speed)) -> Scene {
    launched(|launch| change(launch.steps.speed.as_mut().unwrap()))
}

#[test]
fn steps_and_caps_at_every_size() {
    for (width, height) in SIZES {
        let mut stage = Stage::new(PLAIN, width, height, scenes::launched(80));
        snapshot(&format!("launched_{width}x{height}"), &stage);
        stage.keys("3g");
        assert_eq!(stage.selected(), "capacity");
        snapshot(&format!("launched_limits_{width}x{height}"), &stage);
    }
}

#[test]
fn a_target_that_was_attached_to_has_nothing_of_it() {
    let text = Stage::new(PLAIN, 160, 50, scenes::training(80)).text();
    assert!(!text.contains("steps") && !text.contains("CAP"), "{text}");
}

#[test]
fn on_a_narrow_screen_the_line_of_steps_loses_its_end() {
    let line = |width| {
        let stage = Stage::new(PLAIN, width, 24, scenes::launched(80));
        stage.line(stage.row_with("24.3/s"))
    };
    let at_80 = " steps 24.3/s  41 ms p50  58 ms p95  epoch 3/30 (62 %)  1234 steps";
    assert_eq!(line(80), at_80);
    assert_eq!(line(160), format!("{at_80}  Keras fit at train.py:48"));
    assert_eq!(line(50), " steps 24.3/s  41 ms p50  58 ms p95");
    assert_eq!(line(40), " steps 24.3/s  41 ms p50  58 ms p95");
}

#[test]
fn what_is_not_known_of_steps_is_not_shown() {
    let mut scene = with_speed(|speed| {
        (speed.per_s, speed.p95_ms, speed.count) = (Some(0.2), None, MarkCount::AtLeast);
        (speed.p50_ms, speed.epoch, speed.processes) = (5000.0, None, 2);
        speed.silent_s = Some(72.0);
    });
    let line = |scene: &Scene| {
        let stage = Stage::new(PLAIN, 120, 40, scene.clone());
        stage.line(stage.row_with(" steps "))
    };
    assert_eq!(
        line(&scene),
        " steps 0.20/s  none for 1m12s  5.0 s p50  pid 2430, 1 of 2  at least 1234 steps  Keras fit at train.py:48"
    );
    scene.target.ended = true;
    assert!(line(&scene).starts_with(" steps at last 0.20/s  5.0 s p50  "), "{}", line(&scene));
}

#[test]
fn calls_of_a_function_are_named() {
    let scene = with_speed(|speed| {
        (speed.source, speed.name, speed.epoch) = (StepSource::Function, Some("train_step".into()), None);
    });
    let stage = Stage::new(PLAIN, 120, 40, scene);
    let line = stage.line(stage.row_with(" steps "));
    assert!(line.ends_with("  1234 steps  calls of tf.function train_step at train.py:48"), "{line}");
}

/// A run that replaced one that made so many steps a second.
fn replaced(before: Option<f64>, now: f64, change: SpeedChange) -> Scene {
    let pace = |steps_per_s, got| Pace { steps_per_s, got: Some(got), seconds: 10.2 };
    let run = ReplacedRun { caps: Caps::default(), before: pace(before, 1.31), now: pace(Some(now), 1.92), change };
    launched(|launch| launch.replaced = Some(Arc::new(run)))
}

#[test]
fn after_a_rerun_the_steps_stand_beside_those_of_the_run_before() {
    let line = |width, scene: &Scene| {
        let stage = Stage::new(PLAIN, width, 24, scene.clone());
        stage.line(stage.row_with("24.3/s"))
    };
    let faster = replaced(Some(116.2), 145.1, SpeedChange::Faster);
    assert_eq!(line(80, &faster), " steps 116 → 145/s (+25 %, 10 s each)  now 24.3/s  41 ms p50  58 ms p95");
    let alike = replaced(Some(23.9), 24.1, SpeedChange::NoDifference { why: "too little".into() });
    assert!(line(80, &alike).starts_with(" steps 23.9 → 24.1/s, no difference shown (10 s each)  now 24.3/s"));
    let attached = replaced(None, 24.1, SpeedChange::NotComparable { why: "steps were not counted before".into() });
    let expected = " steps 24.3/s  got 1.3 → 1.9 CPUs (no speed: steps were not counted before)";
    assert_eq!(line(80, &attached), expected);
    let early = replaced(Some(23.9), 24.1, SpeedChange::TooSoon);
    assert!(line(80, &early).starts_with(" steps 24.3/s  before 23.9/s, compared after 10 s of steps  41 ms p50"));
    let why = "neighbours differed: they took 1.00 of 4 CPUs beside the run before and 0.10 beside this run".into();
    let crowded = line(80, &replaced(Some(23.9), 24.1, SpeedChange::NotComparable { why }));
    assert!(
        crowded.starts_with(" steps 23.9 → 24.1/s, not comparable: neighbours differed")
            && crowded.contains("now 24.3/s")
    );
}

#[test]
fn a_slower_run_is_offered_what_was_before() {
    for (width, height) in SIZES {
        let mut scene = replaced(Some(79.0), 62.0, SpeedChange::Slower);
        scene.headline = Headline {
            condition: Verdict::Slower,
            message: "62 steps/s instead of 79 since the rerun with caps".into(),
            advice: "r goes back: it offers to start it again without caps.".into(),
            ..Headline::default()
        };
        let mut stage = Stage::new(PLAIN, width, height, scene);
        snapshot(&format!("slower_{width}x{height}"), &stage);
        assert_eq!(stage.keys("r"), Some(Effect::RequestRerun(Caps::default())));
    }
}

#[test]
fn without_marks_the_reason_stands_where_steps_would() {
    for none in [NoMarks::WithoutShim, NoMarks::NotAttached, NoMarks::NotStarted, NoMarks::NoLoop] {
        let scene = launched(|launch| launch.steps = Steps { none: Some(none), ..Steps::default() });
        let stage = Stage::new(PLAIN, 160, 50, scene);
        let remark = none.remark().map_or(String::new(), |remark| format!("; {remark}"));
        let line = format!(" no step marks: {}{remark}", none.text());
        assert_eq!(stage.line(stage.row_with(" no step marks: ")), line);
        assert!(!stage.text().contains("steps/s █"), "{}", stage.text());
    }
}

#[test]
fn a_cap_that_did_not_hold_is_the_first_thing_said_below() {
    let stage = Stage::new(PLAIN, 80, 24, scenes::launched(80));
    assert!(stage.line(22).starts_with(" ✗ cap exceeded: blas 1 (3 says more)"), "{}", stage.line(22));
    let held = launched(|launch| launch.checks.iter_mut().for_each(|check| check.outcome = CheckOutcome::Held));
    assert!(!Stage::new(PLAIN, 80, 24, held).text().contains("exceeded"));
}

#[test]
fn the_detail_pane_says_how_a_cap_is_known_to_hold() {
    let mut stage = Stage::new(PLAIN, 160, 50, scenes::launched(80));
    stage.keys("jjjd");
    assert!(stage.text().contains("3 unverified: 6 threads of process 2430"), "{}", stage.text());
}

#[test]
fn a_shim_that_is_not_there_or_fails_is_said_in_the_limits() {
    let mut stage = Stage::new(PLAIN, 120, 40, launched(|launch| launch.report = Arc::default()));
    stage.keys("3g");
    assert!(stage.text().contains("not attached so far"), "{}", stage.text());
    let failure = HookFailure { hook: "dataset".into(), caps: vec!["data".into()], why: "no attribute".into() };
    let heard = ShimReport { processes: [7, 8].into(), failures: vec![failure], ..ShimReport::default() };
    stage.scene(launched(|launch| launch.report = Arc::new(heard)));
    let text = stage.text();
    assert!(text.contains("in 2 processes, holds the caps against what the script itself sets"), "{text}");
    assert!(text.contains("its part dataset does not work here and no longer holds data: no attribute"), "{text}");
    stage.scene(launched(|launch| {
        launch.fact = Arc::new(tftop::data::sample::LaunchFact { shim: ShimUse::Off, ..(*launch.fact).clone() })
    }));
    assert!(stage.text().contains("shim    none: what the script"), "{}", stage.text());
}

#[test]
fn every_outcome_has_a_word_or_a_glyph_in_ascii_too() {
    let look = Appearance { ascii: true, ..PLAIN };
    for (width, height) in SIZES {
        let mut stage = Stage::new(look, width, height, scenes::launched(80));
        assert!(stage.text().is_ascii(), "{}", stage.text());
        for glyph in ["3 +", "1 x", "3 ?"] {
            let words = [" held", " exceeded", " unverified"].map(|word| glyph.replacen(' ', &format!("{word} "), 1));
            let text = stage.text();
            assert!(text.contains(glyph) || words.iter().any(|words| text.contains(words.as_str())), "{glyph}: {text}");
        }
        stage.keys("3");
        assert!(stage.text().is_ascii());
    }
}
