//! The dashboard of a live target while one goes back in time: what is shown, what keys do, what they refuse.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use stage::{COLOR, PLAIN, SIZES, Stage};
use tftop::data::scene::{Scene, Timeline, Verdict};
use tftop::model::timeline::TimelineBuilder;
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

const SECOND: u64 = 1_000_000_000;
/// The newest look.
const NOW: u64 = 240;
/// 2026-11-20 14:03:02 UTC.
const BOOT_UNIX_MS: u64 = 1_795_183_382_000;

/// The look of a second: more is wanted in the second minute, a pool is born in the third.
fn scene(second: u64) -> Scene {
    let mut scene = scenes::training(80);
    scene.at_ns = second * SECOND;
    scene.headline.condition = if (60..120).contains(&second) { Verdict::Oversubscribed } else { Verdict::Healthy };
    if second < 200 {
        scene.groups.last_mut().unwrap().threads = 0;
    }
    let wave = 2.0 + (second % 60) as f64 / 30.0;
    scene.demand = scene.demand.map(|demand| tftop::data::scene::Demand { wanted: wave, got: wave.min(2.0), ..demand });
    scene
}

fn timeline() -> Timeline {
    let mut builder = TimelineBuilder::new(BOOT_UNIX_MS);
    (0..=NOW).for_each(|second| builder.add(&scene(second)));
    builder.timeline().clone()
}

fn live(look: Appearance, width: u16, height: u16) -> Stage {
    let mut stage = Stage::new(look, width, height, scene(NOW));
    stage.tell(Event::Timeline(Arc::new(timeline())));
    stage.tell(Event::Moment(ShownMoment { scene: None, state: ReplayState::live() }));
    stage
}

/// Shows the look of a second, as whoever was asked for it does.
fn back(stage: &mut Stage, second: u64) {
    stage.tell(Event::Moment(ShownMoment { scene: Some(Arc::new(scene(second))), state: ReplayState::live() }));
}

fn press(stage: &mut Stage, code: KeyCode) -> Option<Effect> {
    stage.input(&Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// The second a key or line goes to.
fn goes_to(effect: Option<Effect>) -> Option<u64> {
    match effect {
        Some(Effect::Time(TimeStep::To(at_ns))) => Some(at_ns / SECOND),
        _ => None,
    }
}

#[test]
fn the_past_says_how_long_ago_it_was() {
    for (width, height) in SIZES {
        let name = format!("past_{width}x{height}");
        let mut stage = live(PLAIN, width, height);
        assert!(stage.line(0).contains("● live"));
        back(&mut stage, 110);
        assert!(stage.line(0).ends_with("◄ 2m10s ago 14:04:52Z"), "{}", stage.line(0));
        assert!(stage.text().contains("back in time; End returns to now"), "{}", stage.text());
        snapshot!(name, stage);
        let coloured = {
            let mut stage = live(COLOR, width, height);
            back(&mut stage, 110);
            stage
        };
        assert_eq!(coloured.text(), stage.text(), "a colour says nothing alone");
        let playing = ReplayState { speed: 4.0, paused: false, ..ReplayState::live() };
        stage.tell(Event::Moment(ShownMoment { scene: Some(Arc::new(scene(111))), state: playing }));
        assert!(stage.line(0).ends_with("◄ 2m09s ago 14:04:53Z  4x"), "{}", stage.line(0));
    }
    let mut narrow = live(PLAIN, 40, 10);
    back(&mut narrow, 110);
    assert!(narrow.line(0).ends_with("◄ 2m10s ago"), "{}", narrow.line(0));
    let mut ascii = live(Appearance { ascii: true, ..PLAIN }, 160, 50);
    back(&mut ascii, 110);
    assert!(ascii.text().is_ascii());
}

#[test]
fn looks_go_on_to_come_while_the_past_is_shown_and_are_there_afterwards() {
    let mut stage = live(PLAIN, 80, 24);
    back(&mut stage, 110);
    let mut newer = scene(NOW + 60);
    newer.groups[0].label = "something new".into();
    stage.scene(newer);
    assert!(!stage.text().contains("something new") && stage.line(0).contains("◄ 3m10s ago"), "{}", stage.text());
    stage.tell(Event::Moment(ShownMoment { scene: None, state: ReplayState::live() }));
    assert!(stage.text().contains("something new") && stage.line(0).contains("● live"), "{}", stage.text());
    // The same where the last look came meanwhile.
    back(&mut stage, 110);
    stage.tell(Event::NoMoreScenes);
    assert!(stage.line(0).contains("◄ 3m10s ago"), "{}", stage.line(0));
    stage.tell(Event::Moment(ShownMoment { scene: None, state: ReplayState::live() }));
    assert!(stage.line(0).contains("measuring stopped"), "{}", stage.line(0));
}

#[test]
fn a_target_that_ended_has_a_past() {
    let mut stage = live(PLAIN, 80, 24);
    let mut ended = scene(NOW);
    ended.target.ended = true;
    stage.scene(ended);
    back(&mut stage, 110);
    assert!(stage.line(0).contains("◄ 2m10s before its end"), "{}", stage.line(0));
}

#[test]
fn the_same_keys_move_in_time_as_in_a_recording() {
    let mut stage = live(PLAIN, 80, 24);
    for (key, step) in [
        ('[', TimeStep::LookBack),
        ('{', TimeStep::MinuteBack),
        (']', TimeStep::LookForward),
        ('}', TimeStep::MinuteForward),
    ] {
        assert_eq!(press(&mut stage, KeyCode::Char(key)), Some(Effect::Time(step)), "{key}");
        back(&mut stage, 110);
    }
    for (key, step) in [('p', TimeStep::PlayOrPause), ('(', TimeStep::Slower), (')', TimeStep::Faster)] {
        assert_eq!(press(&mut stage, KeyCode::Char(key)), Some(Effect::Time(step)), "{key}");
    }
    assert_eq!(press(&mut stage, KeyCode::Home), Some(Effect::Time(TimeStep::Begin)));
    assert_eq!(press(&mut stage, KeyCode::End), Some(Effect::Time(TimeStep::End)));
    let mut now = live(PLAIN, 80, 24);
    for key in [']', '}', ')'] {
        assert_eq!(press(&mut now, KeyCode::Char(key)), None, "{key}");
        assert!(now.text().contains("this is now: [ goes back in time"), "{key}: {}", now.text());
    }
    // A frozen screen goes back from where it stands, and on with now.
    now.keys("p");
    assert_eq!(press(&mut now, KeyCode::Char('[')), Some(Effect::Time(TimeStep::LookBack)));
    assert_eq!(press(&mut now, KeyCode::End), None);
    assert!(now.line(0).contains("● live"));
    let mut nothing = Stage::new(PLAIN, 80, 24, scene(NOW));
    assert_eq!(nothing.keys("["), None);
    assert!(nothing.text().contains("only the newest look is kept here"));
}

#[test]
fn marks_are_jumped_between_and_said() {
    let mut stage = live(PLAIN, 160, 50);
    assert_eq!(goes_to(stage.keys(",")), Some(200));
    assert!(stage.text().contains("14:06:22Z: "), "{}", stage.text());
    back(&mut stage, 200);
    assert!(stage.text().contains("14:06:22Z: "), "it stays until the next key");
    assert_eq!(goes_to(stage.keys(",")), Some(120));
    back(&mut stage, 120);
    assert_eq!(goes_to(stage.keys(".")), Some(200));
    back(&mut stage, 10);
    assert_eq!(stage.keys(","), None);
    assert!(stage.text().contains("nothing is marked before this"), "{}", stage.text());
    assert_eq!(goes_to(stage.keys(".")), Some(60));
}

#[test]
fn the_chart_shows_where_one_is_and_what_happened() {
    let mut stage = live(PLAIN, 160, 50);
    let axis = |stage: &Stage| (0..50).map(|y| stage.line(y)).find(|line| line.starts_with('└')).unwrap();
    assert!(!axis(&stage).contains('▲') && axis(&stage).contains('p'), "{}", stage.text());
    back(&mut stage, 100);
    let line = axis(&stage);
    assert!(line.contains('▲') && line.contains('v'), "{}", stage.text());
    assert!(stage.text().contains("wanted = got █ + waiting ▒, 14:0"), "{}", stage.text());
    stage.keys("z");
    assert!(stage.text().contains("14:03:02Z to 14:07:02Z"), "four looks a cell: {}", stage.text());
    assert_eq!(axis(&stage).matches('v').count(), 2, "{}", stage.text());
    snapshot!("past_zoomed_160x50", stage);
    stage.keys("zzz");
    assert_eq!(axis(&stage), line, "the round is closed");
}

#[test]
fn a_typed_time_is_gone_to() {
    let mut stage = live(PLAIN, 80, 24);
    stage.keys("t");
    assert!(stage.line(22).contains("3m ago, 14:05 (UTC), 90s after begin, oversubscribed"), "{}", stage.line(22));
    for (typed, second) in [("3m ago", 60), ("1m", 180), ("14:05", 118), ("14:05:12", 130), ("1m30s after begin", 90)] {
        assert_eq!(goes_to(stage.keys(&format!("\x1bt{typed}\n"))), Some(second), "{typed}");
    }
    assert_eq!(stage.keys("tnow\n"), None, "this is now");
    assert!(stage.keys("t3 sheep\n").is_none());
    assert!(stage.line(22).contains("3 sheep   write 3m ago, 14:05 (UTC), 90s after begin"), "{}", stage.line(22));
    stage.keys("\x7f");
    assert!(!stage.line(22).contains("write"), "{}", stage.line(22));
    assert!(stage.keys("\x1bt13:00\n").is_none());
    assert!(stage.line(22).contains("that is not between 14:03:02Z and 14:07:02Z"), "{}", stage.line(22));
    stage.keys("\x1b");
    back(&mut stage, 110);
    assert_eq!(stage.keys("tnow\n"), Some(Effect::Time(TimeStep::End)));
}

#[test]
fn when_something_was_so_is_found() {
    let mut stage = live(PLAIN, 100, 30);
    assert_eq!(goes_to(stage.keys("toversubscribed\n")), Some(60));
    let told = "oversubscribed at 14:04:02Z for 1m00s, 1 of 1; n before, N after";
    assert!(stage.text().contains(told), "{}", stage.text());
    back(&mut stage, 60);
    assert!(stage.text().contains(told), "{}", stage.text());
    assert_eq!(stage.keys("n"), None);
    assert!(stage.text().contains("\"oversubscribed\" is nowhere before this"), "{}", stage.text());
    back(&mut stage, 10);
    assert_eq!(goes_to(stage.keys("N")), Some(60));
    assert_eq!(goes_to(stage.keys("thealthy\n")), Some(0), "the nearest before");
    back(&mut stage, 0);
    assert_eq!(goes_to(stage.keys("thea\n")), Some(120), "else the nearest after");
    assert_eq!(stage.keys("tthrottled\n"), None);
    assert!(stage.text().contains("\"throttled\" is nowhere after this"), "{}", stage.text());
    // The last search is the one that n goes on with.
    stage.keys("/tf\n");
    assert_eq!(stage.keys("n"), None);
    assert!(!stage.text().contains("nowhere"), "{}", stage.text());
}

#[test]
fn what_acts_on_the_process_is_refused_in_the_past() {
    for (keys, says) in [
        ("r", "this is the past, and r stops the process as it is now: End first"),
        ("wr", "this is the past, and r stops the process"),
    ] {
        let mut stage = live(PLAIN, 80, 24);
        back(&mut stage, 110);
        assert_eq!(stage.keys(keys), None, "{keys}");
        assert!(stage.text().contains(says), "{keys}: {}", stage.text());
        stage.tell(Event::Moment(ShownMoment { scene: None, state: ReplayState::live() }));
        stage.keys("\x1b");
        assert!(!stage.text().contains("this is the past"), "{}", stage.text());
        assert!(matches!(stage.keys("r"), Some(Effect::RequestRerun(_))));
    }
}

#[test]
fn why_there_is_nothing_older_is_said_until_the_next_key() {
    let mut stage = live(PLAIN, 120, 30);
    let says = "memory holds the last 62 min; what was before is not to be had: nothing is recorded";
    let state = ReplayState { says: Some(says.into()), ..ReplayState::live() };
    stage.tell(Event::Moment(ShownMoment { scene: Some(Arc::new(scene(2))), state }));
    assert!(stage.text().contains(says), "{}", stage.text());
    stage.keys("j");
    assert!(!stage.text().contains(says), "{}", stage.text());
}
