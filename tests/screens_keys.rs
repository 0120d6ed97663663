//! The key bar, the advice and keys that do nothing: what works now is offered, and what does not says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use stage::{PLAIN, Stage};
use tftop::tui::state::event::Event;

#[test]
fn a_key_that_does_nothing_here_says_so() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    for (keys, says) in [
        ("u", "u does nothing here; ? lists the keys"),
        ("3s", "this view has an order of its own"),
        ("2+", "nothing folds in this view"),
        ("1n", "nothing was searched for yet: / does"),
        ("/zzz\n", "no row contains \"zzz\""),
        ("n", "no row contains \"zzz\""),
        ("\\zzz\n", "no row contains \"zzz\""),
        ("\x1bwu", "u does nothing here; Esc goes back"),
        ("\x1bc\n", "two runs at least are compared: Space marks one"),
        ("\x1b<", "there is no column on that side to sort by"),
    ] {
        stage.keys(keys);
        if says.starts_with("there is no column") {
            (0..9).for_each(|_| drop(stage.keys("<")));
        }
        assert!(stage.line(22).contains(says), "{keys:?}: {}", stage.line(22));
    }
    stage.keys("j");
    assert!(stage.line(22).contains("17 threads"), "the next key takes it away: {}", stage.line(22));
}

#[test]
fn only_what_works_now_is_offered() {
    let mut stage = Stage::new(PLAIN, 200, 60, scenes::training(80));
    assert!(stage.text().contains("r  rerun with intra=1 inter=1 data=1: 4.6 → 1.9 CPUs wanted"), "{}", stage.text());
    assert!(stage.line(59).contains("r rerun") && stage.line(59).contains("b stacks"), "{}", stage.line(59));
    stage.tell(Event::ReadOnly);
    assert!(stage.text().contains(" advised: intra=1 inter=1 data=1: 4.6 → 1.9 CPUs wanted"), "{}", stage.text());
    assert!(!stage.line(59).contains("r rerun"), "{}", stage.line(59));
    assert_eq!(stage.keys("r"), None);
    assert!(stage.line(58).contains("--read-only: nothing is stopped or started"), "{}", stage.line(58));
    let mut scene = scenes::training(81);
    scene.target.ended = true;
    stage.scene(scene);
    assert!(!stage.line(59).contains("b stacks"), "{}", stage.line(59));
    assert_eq!(stage.keys("b"), None);
    assert!(stage.line(58).contains("it has ended"), "{}", stage.line(58));
}

#[test]
fn what_r_does_is_said_at_every_width_and_actions_come_before_the_names_of_tabs() {
    for width in 40..240 {
        let stage = Stage::new(PLAIN, width, 24, scenes::training(80));
        let advice = stage.line(stage.row_with("intra=1 inter=1 data=1"));
        assert!(advice.starts_with(" r  ") && advice.contains("4.6 → 1.9"), "{width}: {advice}");
        let bar = stage.line(23);
        assert!(width < 50 || bar.contains("r rerun"), "{width}: {bar}");
        assert!(!bar.contains("2 Threads") || bar.contains("b stacks"), "{width}: {bar}");
    }
    let mut scene = scenes::training(80);
    if let Some(effect) = &mut scene.headline.effect {
        (effect.wanted, effect.fits) = (3.4, false);
    }
    let stage = Stage::new(PLAIN, 100, 30, scene);
    assert!(stage.text().contains("4.6 → 3.4 CPUs wanted, still more than 2.0"), "{}", stage.text());
}

#[test]
fn a_small_screen_has_a_chart_where_rows_were_empty() {
    let mut small = Stage::new(PLAIN, 80, 24, scenes::training(80));
    assert!(small.text().contains("CPUs wanted = got"), "{}", small.text());
    assert!(small.row_with("ORIGIN") < small.row_with("CPUs wanted = got"), "the table comes first");
    small.keys("+");
    assert!(!small.text().contains("CPUs wanted = got"), "opened groups need the rows: {}", small.text());
}
