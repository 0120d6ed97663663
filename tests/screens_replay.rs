//! The dashboard on a recording: its header, the keys that move in time, and what a recording can't do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use stage::{PLAIN, SIZES, Stage};
use tftop::data::scene::{RecordedMoment, Scene};
use tftop::tui::messages::effect::Effect;
use tftop::tui::messages::replay::{ReplayState, ShownMoment, TimeStep};
use tftop::tui::state::event::Event;
use tftop::tui::theme::Appearance;

macro_rules! snapshot {
    ($name:expr, $stage:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $stage.text());
        })
    };
}

fn playing() -> ReplayState {
    ReplayState { paused: false, ..ReplayState::recorded() }
}

/// A scene of a recording of eight minutes that was begun on 2026-11-20 at 14:03:02 UTC.
fn recorded(tick: u64, at_s: f64) -> Scene {
    let moment = RecordedMoment {
        name: "261120-140302".into(),
        tftop: "0.1.0".into(),
        begun_unix_ms: 1_795_183_382_000,
        at_s,
        length_s: 480.0,
        ..RecordedMoment::default()
    };
    Scene { recorded: Some(moment), ..scenes::training(tick) }
}

fn played(width: u16, height: u16, state: ReplayState) -> Stage {
    let mut stage = Stage::new(PLAIN, width, height, recorded(80, 130.0));
    show(&mut stage, recorded(80, 130.0), state);
    stage
}

fn show(stage: &mut Stage, scene: Scene, state: ReplayState) {
    stage.tell(Event::Moment(ShownMoment { scene: Some(Arc::new(scene)), state }));
}

fn press(stage: &mut Stage, code: KeyCode) -> Option<Effect> {
    stage.input(&Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

#[test]
fn the_header_says_which_moment_of_what_it_is() {
    for (width, height) in SIZES {
        let name = format!("replay_{width}x{height}");
        let at = |second| recorded(80, second);
        let mut stage = played(width, height, ReplayState { speed: 4.0, ..ReplayState::recorded() });
        let header = stage.line(0);
        assert!(header.ends_with("replay 14:05:12Z  2m10s of 8m00s  4x  paused"), "{header}");
        snapshot!(name, stage);
        show(&mut stage, at(130.0), ReplayState { speed: 0.5, ..playing() });
        assert!(stage.line(0).ends_with("2m10s of 8m00s  0.5x"), "{}", stage.line(0));
        show(&mut stage, at(130.0), ReplayState { seeking: true, ..playing() });
        assert!(stage.line(0).ends_with("1x  winding"), "{}", stage.line(0));
        let mut ended = recorded(81, 480.0);
        ended.target.ended = true;
        show(&mut stage, ended, ReplayState::recorded());
        assert!(stage.line(0).ends_with("8m00s of 8m00s  1x  target ended"), "{}", stage.line(0));
    }
    let narrow = played(40, 10, playing());
    assert!(narrow.line(0).ends_with("2m10s of 8m00s  1x"), "{}", narrow.line(0));
}

#[test]
fn keys_move_in_time_where_a_table_is_shown_and_nowhere_else() {
    let mut stage = played(80, 24, playing());
    for (key, step) in [
        ('p', TimeStep::PlayOrPause),
        ('[', TimeStep::LookBack),
        (']', TimeStep::LookForward),
        ('{', TimeStep::MinuteBack),
        ('}', TimeStep::MinuteForward),
        ('(', TimeStep::Slower),
        (')', TimeStep::Faster),
    ] {
        assert_eq!(press(&mut stage, KeyCode::Char(key)), Some(Effect::Time(step)), "{key}");
    }
    assert_eq!(press(&mut stage, KeyCode::Home), Some(Effect::Time(TimeStep::Begin)));
    assert_eq!(press(&mut stage, KeyCode::End), Some(Effect::Time(TimeStep::End)));
    stage.keys("/");
    assert_eq!(press(&mut stage, KeyCode::Char('[')), None);
    assert_eq!(stage.dashboard.typed().search, "[");
    stage.keys("\x1b?");
    assert_eq!(press(&mut stage, KeyCode::End), None, "the help has an end of its own");
}

#[test]
fn scenes_come_while_it_is_paused_because_somebody_asked_for_them() {
    let mut stage = played(80, 24, ReplayState::recorded());
    show(&mut stage, recorded(79, 129.0), ReplayState::recorded());
    assert!(stage.line(0).contains("2m09s of 8m00s"), "{}", stage.line(0));
}

#[test]
fn what_takes_a_process_is_refused_in_one_line() {
    for (keys, says) in [
        ("r", "this is a recording: there is no process to stop and start again"),
        ("wr", "this is a recording: there is no process"),
    ] {
        let mut stage = played(80, 24, playing());
        assert_eq!(stage.keys(keys), None, "{keys}");
        assert!(stage.text().contains(says), "{keys}: {}", stage.text());
        stage.keys("\x1bj");
        assert!(!stage.text().contains("this is a recording"), "it is said once: {}", stage.text());
    }
}

#[test]
fn everything_else_works_as_on_a_live_target() {
    let mut stage = played(120, 40, playing());
    for (keys, shows) in [("e", "late-setting"), ("3", "set by"), ("2", "2434"), ("1w", "what if"), ("\x1b?", "KEYS")] {
        stage.keys(keys);
        assert!(stage.text().to_lowercase().contains(&shows.to_lowercase()), "{keys}: {}", stage.text());
    }
    assert_eq!(stage.keys("\x1bq"), Some(Effect::Quit));
    let ascii = Appearance { ascii: true, ..PLAIN };
    let mut stage = Stage::new(ascii, 120, 40, recorded(80, 130.0));
    show(&mut stage, recorded(80, 130.0), playing());
    assert!(stage.text().is_ascii(), "{}", stage.text());
}

#[test]
fn the_course_of_a_thread_is_that_before_the_moment_that_is_shown() {
    let mut stage = played(160, 50, playing());
    stage.keys("jljjd");
    for tick in 81..90 {
        show(&mut stage, recorded(tick, 50.0 + tick as f64), playing());
    }
    let moments = |stage: &Stage| stage.dashboard.watched().unwrap().moments.len();
    assert_eq!(moments(&stage), 10);
    show(&mut stage, recorded(70, 120.0), playing());
    assert_eq!(moments(&stage), 1);
}
