//! Settings on screen: what the box changes counts at once, is kept only when it is saved, and other keys are named wherever a key
//! is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use stage::{COLOR, PLAIN, Stage};
use tftop::tui::keys::{Key, KeyMap, Remap};
use tftop::tui::messages::effect::Effect;
use tftop::tui::settings::DashboardSettings;
use tftop::tui::state::event::Event;
use tftop::tui::tabs::View;
use tftop::tui::theme::{Appearance, ThemeName};

macro_rules! snapshot {
    ($name:expr, $stage:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $stage.text());
        })
    };
}

fn headings(stage: &Stage) -> String {
    stage.line(stage.row_with("GOT CPUs"))
}

/// Presses a key that is no character.
fn press(stage: &mut Stage, code: KeyCode) -> Option<Effect> {
    stage.input(&Input::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn with_keys(remaps: &[(&str, &[&str])]) -> DashboardSettings {
    let remap = |(line, (name, keys)): (usize, &(&str, &[&str]))| {
        Remap::new(name, keys.iter().map(|key| Key::named(key).unwrap()).collect(), line).unwrap()
    };
    let remaps: Vec<Remap> = remaps.iter().enumerate().map(remap).collect();
    let (keys, conflicts) = KeyMap::with(&remaps);
    assert_eq!(conflicts, []);
    DashboardSettings { keys: keys.into(), ..DashboardSettings::default() }
}

#[test]
fn the_box_shows_all_that_can_be_set_beside_what_it_changes() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    press(&mut stage, KeyCode::F(2));
    snapshot!("settings_80x24", stage);
    stage.keys("G");
    snapshot!("settings_end_80x24", stage);
    stage.resize(120, 40);
    snapshot!("settings_120x40", stage);
    press(&mut stage, KeyCode::F(2));
    assert!(!stage.text().contains("sorted by"), "{}", stage.text());
    let mut narrow = Stage::new(Appearance { ascii: true, ..PLAIN }, 40, 10, scenes::training(80));
    narrow.keys("C");
    assert!(narrow.text().is_ascii() && narrow.text().contains("theme"), "{}", narrow.text());
}

#[test]
fn a_theme_counts_at_once() {
    let mut stage = Stage::new(COLOR, 80, 24, scenes::training(80));
    stage.keys("C");
    for (theme, _) in ThemeName::ALL.into_iter().skip(1).chain(ThemeName::ALL.into_iter().take(1)) {
        stage.keys("l");
        assert_eq!(stage.dashboard.look().theme, theme);
        let black = stage.buffer().content.iter().all(|cell| cell.bg != Color::Reset && cell.fg != Color::Reset);
        assert_eq!(black, theme == ThemeName::HighContrast, "{theme:?}: every cell has colours of its own");
    }
    stage.keys("h");
    assert!(stage.text().contains("< high-contrast >"), "{}", stage.text());
    assert!(stage.text().contains("not saved yet: s saves them"), "{}", stage.text());
}

#[test]
fn columns_are_hidden_shown_and_moved() {
    let mut stage = Stage::new(PLAIN, 120, 40, scenes::training(80));
    assert!(headings(&stage).find("LIMIT") < headings(&stage).find("THREADS"));
    // Behind six settings: ORIGIN, LIMIT.
    stage.keys("Cjjjjjjj");
    assert_eq!(stage.line(stage.row_with("▶")).split('▶').nth(1).map(|it| it.contains("[x] LIMIT")), Some(true));
    stage.keys(" \x1b");
    assert!(!headings(&stage).contains("LIMIT"), "{}", headings(&stage));
    // At its end, and a step back in order.
    stage.keys("CG ");
    assert!(stage.text().contains("[x] LIMIT"), "{}", stage.text());
    stage.keys("h\x1b");
    let moved = headings(&stage);
    assert!(moved.find("LIMIT") < moved.find("ORIGIN"), "{moved}");
    assert_eq!(stage.keys("s"), None, "outside of the box s sorts");
}

#[test]
fn a_table_keeps_a_column_and_what_can_not_be_done_says_why() {
    let mut stage = Stage::new(PLAIN, 120, 40, scenes::training(80));
    stage.keys("5Cjjjjjj");
    for _ in 0..9 {
        stage.keys(" gjjjjjj");
    }
    stage.keys(" ");
    assert!(stage.text().contains("a table has one column at least"), "{}", stage.text());
    stage.keys("h");
    assert!(stage.text().contains("there is no place on that side"), "{}", stage.text());
    stage.keys("jh");
    assert!(stage.text().contains("it is not shown: Space shows it"), "{}", stage.text());
    stage.keys("gjjhhhhhhhhh");
    assert!(stage.text().contains("an interval is 0.1 s to 60 s"), "{}", stage.text());
}

#[test]
fn order_table_start_view_interval_and_mouse_are_changed() {
    let mut stage = Stage::new(PLAIN, 120, 40, scenes::training(80));
    stage.keys("Cjljljljlj ");
    let settings = stage.dashboard.settings();
    assert_eq!((settings.view, settings.interval, settings.mouse), (View::Threads, Duration::from_secs(2), false));
    assert_eq!(stage.dashboard.view(), View::Threads, "the table that is set is shown");
    assert!(stage.text().contains("< WANTED CPUs ascending >"), "{}", stage.text());
    stage.keys("l\x1b");
    assert!(stage.line(stage.row_with("TID")).contains("WAIT %▼"), "{}", stage.text());
    // An order that was chosen in a table is a setting, too.
    stage.keys("I");
    assert!(stage.dashboard.settings().table(View::Threads).unwrap().sort.words() == "WAIT % ascending");
}

#[test]
fn the_mouse_chooses_and_changes() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("C");
    stage.click_on("mouse");
    stage.click_on("mouse");
    assert!(!stage.dashboard.settings().mouse);
    stage.wheel_down();
    assert!(stage.text().contains("< WANTED CPUs >") || stage.text().contains("▶  [x] ORIGIN"), "{}", stage.text());
}

#[test]
fn saving_says_where_and_what_is_not_saved_stays_so() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    assert!(!stage.dashboard.has_unsaved_settings());
    stage.keys("Cl");
    assert!(stage.dashboard.has_unsaved_settings());
    assert_eq!(stage.keys("s"), Some(Effect::SaveSettings));
    stage.tell(Event::SettingsSaved(Err("config.toml: no room".to_owned())));
    assert!(stage.line(22).contains("not saved: config.toml: no room"), "{}", stage.text());
    assert!(stage.dashboard.has_unsaved_settings());
    stage.tell(Event::SettingsSaved(Ok("/home/me/.config/tftop/config.toml".to_owned())));
    assert!(stage.line(22).contains("saved /home/me/.config/tftop/config.toml"), "{}", stage.text());
    assert!(!stage.dashboard.has_unsaved_settings() && stage.text().contains("nothing to save"), "{}", stage.text());
}

#[test]
fn what_is_wrong_with_the_file_is_said_until_a_key_is_pressed() {
    let mut stage = Stage::new(PLAIN, 100, 24, scenes::training(80));
    let problems = ["settings line 3: theme = 'x': write default, colorblind", "settings line 4: y"];
    stage.tell(Event::SettingsProblems(problems.map(str::to_owned).to_vec()));
    let said = "settings line 3: theme = 'x': write default, colorblind (`tftop config` says 1 more)";
    assert!(stage.line(22).contains(said), "{}", stage.text());
    stage.keys("j");
    assert!(!stage.text().contains("settings line 3"), "{}", stage.text());
}

#[test]
fn other_keys_are_named_wherever_a_key_is() {
    let settings = with_keys(&[
        ("rerun", &["F9"]),
        ("help", &["F12", "?"]),
        ("explain", &["X"]),
        ("threads", &["V"]),
        ("back", &["Esc", "B"]),
        ("pause", &[]),
        ("search", &["Ctrl-F"]),
        ("page-down", &["PgDn"]),
    ]);
    let mut stage = Stage::with_settings(PLAIN, (80, 24), scenes::training(80), settings.clone());
    snapshot!("remapped_80x24", stage);
    assert!(stage.text().contains(" F9  rerun with intra=1"), "{}", stage.text());
    let bar = stage.line(23);
    assert!(bar.contains("F9 rerun") && bar.contains("F12 help") && !bar.contains("pause"), "{bar}");
    assert!(bar.contains(" V ") && bar.contains("X why"), "{bar}");
    stage.keys("r");
    assert!(stage.line(22).contains("r does nothing here; F12 lists the keys"), "{}", stage.line(22));
    stage.keys("n");
    assert!(stage.line(22).contains("nothing was searched for yet: Ctrl-F does"), "{}", stage.line(22));
    press(&mut stage, KeyCode::F(12));
    let help = stage.text();
    assert!(help.contains("F12 ?") && help.contains("[rerun]"), "{help}");
    stage.keys("B");
    assert!(press(&mut stage, KeyCode::F(9)).is_some(), "it asks what a rerun would do");
    let wide = Stage::with_settings(PLAIN, (200, 60), scenes::training(80), settings);
    assert!(wide.line(59).contains("V Threads") && wide.line(59).contains("X Explain"), "{}", wide.line(59));
}

#[test]
fn a_start_view_is_the_first_one() {
    let settings = DashboardSettings { view: View::Limits, ..DashboardSettings::default() };
    let stage = Stage::with_settings(PLAIN, (80, 24), scenes::training(80), settings);
    assert_eq!(stage.dashboard.view(), View::Limits);
    let settings = DashboardSettings { view: View::Output, ..DashboardSettings::default() };
    let stage = Stage::with_settings(PLAIN, (80, 24), scenes::training(80), settings);
    assert_eq!(stage.dashboard.view(), View::Overview, "there is no output");
}
