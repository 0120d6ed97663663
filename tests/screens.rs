//! What is on screen: stories of events on a backend made for tests, as snapshots and as claims about single cells.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};
use stage::{COLOR, PLAIN, SIZES, Stage};
use tftop::data::sample::{CounterSource, ThreadState};
use tftop::data::scene::{GpuState, OwnGpuUse, Scene};
use tftop::tui::messages::effect::Effect;
use tftop::tui::state::event::Event;
use tftop::tui::svg;
use tftop::tui::theme::{Appearance, ThemeName};

macro_rules! snapshot {
    ($name:literal, $stage:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $stage.text());
        })
    };
}

#[test]
fn the_overview_at_every_size() {
    for (name, width, height) in [
        ("overview_160x50", 160, 50),
        ("overview_100x30", 100, 30),
        ("overview_40x10", 40, 10),
        ("overview_30x8", 30, 8),
    ] {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, Stage::new(PLAIN, width, height, scenes::training(80)).text());
        });
    }
}

#[test]
fn before_there_are_numbers_it_says_so() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::nothing());
    snapshot!("nothing_80x24", stage);
    stage.scene(scenes::first());
    snapshot!("first_80x24", stage);
}

#[test]
fn a_group_opens_and_a_thread_shows_what_is_known_of_it() {
    for (width, height) in SIZES {
        let name = format!("detail_{width}x{height}");
        let mut stage = Stage::new(PLAIN, width, height, scenes::training(80));
        stage.keys("jljjd");
        let interest = stage.dashboard.interest();
        let wanted = interest.details;
        assert!(wanted.contains(&scenes::key(2434)));
        assert_eq!(interest.stack, Some(scenes::key(2435)));
        assert!(interest.waits.contains(&scenes::key(2436)), "threads of the group on screen");
        stage.scene(scenes::detailed(scenes::training(81), &wanted));
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(name, stage.text());
        });
    }
}

#[test]
fn the_other_views() {
    let mut stage = Stage::new(PLAIN, 120, 40, scenes::with_workers(80));
    stage.keys("2");
    stage.keys("5");
    stage.keys("jj\n");
    assert!(stage.text().contains("process 2510") && stage.text().contains("tracker_fd=5"), "{}", stage.text());
    stage.keys("\n");
    stage.resize(80, 24);
    stage.scene(scenes::degraded(81));
    stage.keys("!");
    stage.keys("1");
    assert!(stage.text().contains("TF intra-op?"), "a guess is marked on the group already");
    stage.keys("2");
    assert!(stage.text().contains("TF intra-op?"), "{}", stage.text());
}

#[test]
fn a_quota_binds_on_a_machine_with_many_cpus() {
    let stage = Stage::new(PLAIN, 40, 10, scenes::with_quota(80));
    assert!(stage.text().contains("quota 2.0 ◄ binds"), "{}", stage.text());
}

#[test]
fn the_end_of_the_target_leaves_its_last_state() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    let mut scene = scenes::training(81);
    scene.target.ended = true;
    stage.scene(scene);
    assert!(stage.text().contains("target ended"));
}

#[test]
fn an_estimate_is_called_one() {
    let mut scene = scenes::training(80);
    scene.source = CounterSource::StatTicks;
    let stage = Stage::new(PLAIN, 80, 24, scene);
    assert!(stage.line(stage.row_with("wanted 4.6")).starts_with(" estimated: wanted 4.6"));
}

#[test]
fn ascii_mode_writes_nothing_else() {
    let look = Appearance { ascii: true, ..PLAIN };
    for keys in ["", "+jd", "2", "3", "e+", "5", "6", "w", "?", "s", "/tf"] {
        let mut stage = Stage::new(look, 120, 40, scenes::with_workers(80));
        stage.keys(keys);
        assert!(stage.text().is_ascii(), "{}", stage.text());
    }
    snapshot!("ascii_100x30", Stage::new(look, 100, 30, scenes::training(80)));
}

#[test]
fn without_colour_there_is_none_and_nothing_is_lost() {
    let coloured = Stage::new(COLOR, 120, 40, scenes::training(80));
    let mono = Stage::new(PLAIN, 120, 40, scenes::training(80));
    let named = Stage::new(Appearance { theme: ThemeName::Mono, ..COLOR }, 120, 40, scenes::training(80));
    for stage in [&mono, &named] {
        let cells = &stage.buffer().content;
        assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        assert_eq!(stage.text(), coloured.text(), "a colour said something that the text does not");
    }
    assert!(coloured.buffer().content.iter().any(|cell| cell.fg != Color::Reset));
}

#[test]
fn got_waiting_and_capacity_have_a_colour_and_a_glyph_each() {
    for theme in [ThemeName::Default, ThemeName::Colorblind] {
        let stage = Stage::new(Appearance { theme, ..COLOR }, 120, 40, scenes::training(80));
        let row = stage.row_with("┃");
        let bar: Vec<_> = (0..120).map(|x| &stage.buffer()[(x, row)]).collect();
        let colour = |glyph: &str| bar.iter().find(|cell| cell.symbol() == glyph).unwrap().fg;
        let (got, waiting, capacity) = (colour("█"), colour("▒"), colour("┃"));
        assert!(got != waiting && waiting != capacity && got != capacity, "{theme:?}");
        for (glyph, is) in [("█", got), ("▒", waiting)] {
            let same = bar.iter().filter(|cell| cell.symbol() == glyph).all(|cell| cell.fg == is);
            assert!(same, "{glyph} has two colours in {theme:?}");
        }
    }
}

#[test]
fn the_selected_row_is_marked_without_colour_too() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("jj");
    let row = stage.row_with("TF inter-op  ");
    assert!(stage.buffer()[(10, row)].modifier.contains(Modifier::REVERSED));
    assert_eq!(stage.buffer()[(0, row)].symbol(), "▶");
}

#[test]
fn the_selection_stays_with_its_group_when_the_order_changes() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("jj");
    let mut scene = scenes::training(81);
    scene.groups[1].demand = Some(tftop::data::scene::Demand::new(9.0, 9.0));
    stage.scene(scene);
    assert_eq!(stage.selected(), "TF inter-op");
    let heading = stage.row_with("ORIGIN");
    assert!(stage.line(heading + 1).contains("TF inter-op"), "it wants most now: {}", stage.text());
}

#[test]
fn a_thread_that_ends_stays_in_its_pane_and_hands_the_selection_on() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("2j\n");
    assert_eq!(stage.selected(), "2434");
    let mut scene = scenes::training(81);
    scene.threads = scene.threads.iter().filter(|thread| thread.key.tid.0 != 2434).cloned().collect();
    stage.scene(scene);
    assert_eq!(stage.selected(), "2435");
    assert!(stage.text().contains("thread 2434 of process 2430, ended"), "{}", stage.text());
    assert!(!stage.dashboard.interest().details.contains(&scenes::key(2434)));
}

#[test]
fn a_filter_keeps_only_what_contains_it() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("\\tf_data_\n");
    snapshot!("filter_80x24", stage);
    stage.keys("\x1b");
    assert!(stage.text().contains("TF intra-op"));
    stage.keys("\\nowhere");
    assert!(stage.text().contains("nothing here contains the filter's text"));
    stage.keys("\x1b");
    assert!(stage.text().contains("TF intra-op"), "an abandoned filter is gone");
}

#[test]
fn a_search_finds_a_thread_inside_a_folded_group() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("/2453\n");
    assert_eq!(stage.selected(), "2453");
    stage.keys("/eigen\n");
    assert_eq!(stage.selected(), "2434");
    stage.keys("n");
    assert_eq!(stage.selected(), "2435");
    stage.keys("NN");
    assert_eq!(stage.selected(), "2436", "the match before the first is the last");
    stage.keys("/nowhere");
    assert!(stage.line(22).contains("no row contains this"), "{}", stage.line(22));
}

#[test]
fn sorting_by_name_turns_the_table() {
    let mut stage = Stage::new(PLAIN, 120, 40, scenes::training(80));
    stage.keys("2<<<<<");
    let heading = stage.row_with("NAME▲");
    assert!(stage.line(heading + 1).contains("Thread-3 (_monitor)"), "{}", stage.text());
    stage.keys("I");
    assert!(stage.line(heading + 1).contains("tf_numa_-1_Eigen"), "{}", stage.text());
}

#[test]
fn tree_and_flat_table_keep_the_selected_thread() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("/2453\nT");
    assert!(stage.text().contains("TID"));
    assert_eq!(stage.selected(), "2453");
    stage.keys("-T");
    assert_eq!(stage.selected(), "2453");
    stage.keys("-");
    assert_eq!(stage.selected(), "tf.data");
}

#[test]
fn a_paused_screen_stands_still_and_says_how_far_behind_it_is() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("p");
    let mut scene = scenes::training(92);
    scene.groups[0].label = "something new".into();
    stage.scene(scene);
    assert!(stage.line(0).contains("paused, 12s behind"), "{}", stage.line(0));
    assert!(!stage.text().contains("something new"));
    stage.keys("p");
    assert!(stage.text().contains("something new"));
    assert!(stage.line(0).contains("● live"));
}

#[test]
fn a_crowd_scrolls_and_asks_only_for_what_is_on_screen() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::crowd(5_000));
    stage.keys("2");
    let visible = stage.dashboard.interest().details.len();
    assert_eq!(visible, 17);
    stage.keys("G");
    assert_eq!(stage.dashboard.interest().details.len(), visible);
    let last = stage.selected();
    stage.keys("g");
    assert_ne!(stage.selected(), last);
    for _ in 0..40 {
        stage.wheel_down();
    }
    assert!(!stage.text().contains(&stage.selected()), "the wheel moves the screen, not the selection");
    stage.keys("F");
    assert!(stage.text().contains(&stage.selected()), "following brings it back");
}

#[test]
fn the_mouse_selects_opens_sorts_and_changes_the_view() {
    let mut stage = Stage::new(PLAIN, 170, 24, scenes::training(80));
    let row = stage.row_with("tf.data");
    stage.click(20, row);
    assert_eq!(stage.selected(), "tf.data");
    stage.click(20, row);
    assert!(stage.text().contains("2450"), "a second click opens the group");
    stage.click(1, row);
    assert!(!stage.text().contains("2450"), "its mark folds it");
    stage.click_on("GOT CPUs");
    assert!(stage.text().contains("GOT CPUs▼"));
    stage.click_on("GOT CPUs");
    assert!(stage.text().contains("GOT CPUs▲"));
    stage.click_on("2 Threads");
    assert!(stage.text().contains("TID"));
    stage.click_on("p pause");
    assert!(stage.line(0).contains("paused"));
}

#[test]
fn every_state_has_a_word() {
    let words = "R running, S asleep, D disk, T stopped, t traced, Z zombie, X gone, I idle, P parked, ? unknown";
    for (letter, word) in words.split(", ").map(|pair| pair.split_once(' ').unwrap()) {
        let mut scene = scenes::training(80);
        scene.threads[0].state = ThreadState::from_letter(letter.as_bytes()[0]);
        scene.activities.clear();
        let mut stage = Stage::new(PLAIN, 80, 24, scene);
        stage.keys("jl");
        let row = stage.row_with("2434");
        assert!(stage.line(row).contains(&format!(" {word} ")), "{letter}: {}", stage.line(row));
    }
}

#[test]
fn leaving_is_an_effect() {
    for keys in ["q", "\x03", "?q", "sq", "/\x03"] {
        let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
        assert_eq!(stage.keys(keys), Some(Effect::Quit), "{keys:?}");
    }
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    assert_eq!(stage.keys("/q"), None, "a letter of a search");
}

#[test]
fn the_end_of_the_feed_is_said() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.dashboard.update(Event::NoMoreScenes);
    assert!(stage.text_now().contains("measuring stopped"));
}

#[test]
fn typing_shows_the_cursor_behind_the_text() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("/日本");
    assert_eq!(stage.cursor(), Position::new(13, 22));
    assert!(stage.line(22).contains("日"));
}

#[test]
fn nothing_is_drawn_on_a_screen_of_another_size() {
    let scene = Arc::new(scenes::training(80));
    let dashboard = tftop::tui::state::Dashboard::new(PLAIN, ratatui::layout::Size::new(200, 60), scene);
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.dashboard = dashboard;
    assert!(stage.text_now().trim().is_empty());
}

/// The letters of a picture, each in its cell: 8.4 by 18, with 12 around all of them.
fn letters(svg: &str, width: usize, height: usize) -> Vec<String> {
    let mut cells = vec![vec![' '; width]; height];
    for element in svg.split("<text ").skip(1) {
        let number = |name: &str| -> f64 {
            let (_, rest) = element.split_once(name).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let (column, row) = ((number("x=\"") - 12.0) / 8.4, (number("y=\"") - 25.5) / 18.0);
        assert!((column - column.round()).abs() < 0.02 && (row - row.round()).abs() < 0.02, "{element}");
        let text = element.split_once('>').unwrap().1.split('<').next().unwrap();
        assert!(!text.contains("  ") && text.trim() == text, "spaces are not kept: {element}");
        for (at, letter) in text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").chars().enumerate() {
            cells[row.round() as usize][column.round() as usize + at] = letter;
        }
    }
    cells.into_iter().map(|row| row.into_iter().collect::<String>().trim_end().to_owned()).collect()
}

#[test]
fn a_picture_has_every_letter_of_the_screen_in_its_cell() {
    for keys in ["", "2", "e", "jjd", "?", "w"] {
        let mut stage = Stage::new(COLOR, 100, 30, scenes::training(80));
        stage.keys(keys);
        let svg = svg::picture(&stage.dashboard, "a screen");
        let is_drawn = |c: char| "▁▂▃▄▅▆▇█░▒─━│┃┌┐└┘├┤┬┴┼".contains(c);
        let lines = (0..30).map(|y| stage.line(y).replace(is_drawn, " ").trim_end().to_owned());
        assert_eq!(letters(&svg, 100, 30), lines.collect::<Vec<_>>(), "{keys}");
        let drawn = stage.text().chars().filter(|&c| is_drawn(c)).count();
        assert!(svg.matches("<rect ").count() >= drawn, "blocks and lines are drawn");
    }
}

#[test]
fn the_screen_is_saved_by_a_key_and_the_status_line_says_where() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    for keys in ["P", "?P", "eP"] {
        assert_eq!(stage.keys(keys), Some(Effect::SaveScreen), "{keys}");
    }
    stage.tell(Event::Saved(Ok("tftop-261120-140512.svg".to_owned())));
    assert!(stage.text().contains("saved ./tftop-261120-140512.svg"), "{}", stage.text());
    stage.keys("1");
    assert!(!stage.text().contains("saved"), "it is said once");
    stage.tell(Event::Saved(Err("tftop-261120-140512.svg is there already".to_owned())));
    assert!(stage.text().contains("not saved: tftop-261120-140512.svg is there already"), "{}", stage.text());
    stage.keys("/P");
    assert_eq!(stage.dashboard.typed().search, "P");
}

#[test]
fn gpus_have_a_line_of_their_own_where_there_is_room() {
    let gpu = |index, own| GpuState {
        index,
        name: "NVIDIA A100".into(),
        busy: Some(0.87),
        used_bytes: Some(12_100_000_000),
        total_bytes: Some(80_000_000_000),
        own: Some(own),
    };
    let used = OwnGpuUse { processes: 1, busy: Some(0.8), used_bytes: Some(11_900_000_000) };
    let gpus = vec![gpu(0, used), gpu(1, OwnGpuUse::default()), gpu(2, used), gpu(3, used)];
    let mut stage = Stage::new(PLAIN, 120, 40, Scene { gpus, ..scenes::training(80) });
    snapshot!("gpus_120x40", stage);
    let row = stage.row_with("GPU 0");
    stage.resize(80, 24);
    let first = " GPU 0 87 %, own 80 %, 12.1 GB of 80.0 GB, own 11.9 GB │ 3 more";
    assert_eq!(stage.line(row).trim_end(), first);
    stage.resize(80, 15);
    assert!(!stage.text().contains("GPU 0"), "{}", stage.text());
    stage.resize(80, 24);
    stage.keys("3");
    assert!(!stage.text().contains("GPU 0"), "not in the list of limits: {}", stage.text());
}
