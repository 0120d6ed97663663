//! Verdict, limits, causes and sliders on screen: stories of events as snapshots and as claims about single cells.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use ratatui::style::Modifier;
use scenes::verdicts;
use stage::{COLOR, PLAIN, SIZES, Stage};
use tftop::data::limits::Caps;
use tftop::data::scene::{Scene, Verdict};
use tftop::tui::messages::effect::Effect;
use tftop::tui::run::clip::clip;
use tftop::tui::state::event::Event;
use tftop::tui::theme::{Appearance, ThemeName};

fn snapshot(name: &str, stage: &Stage) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, stage.text());
    });
}

/// Every situation that has a verdict of its own.
fn situations() -> [(&'static str, Scene); 6] {
    [
        ("oversubscribed", scenes::training(80)),
        ("healthy", scenes::healthy(80)),
        ("too_soon", scenes::training(4)),
        ("throttled", scenes::with_quota(80)),
        ("starved", scenes::starved(80)),
        ("hidden", scenes::degraded(80)),
    ]
}

#[test]
fn every_verdict_at_80_columns() {
    for (name, scene) in situations() {
        let mut stage = Stage::new(PLAIN, 80, 24, scene);
        snapshot(&format!("verdict_{name}_80x24"), &stage);
        stage.keys("e");
        snapshot(&format!("explain_{name}_80x24"), &stage);
        stage.keys("3");
        snapshot(&format!("limits_{name}_80x24"), &stage);
    }
}

#[test]
fn limits_causes_and_sliders_at_every_size() {
    for (width, height) in SIZES {
        let mut stage = Stage::new(PLAIN, width, height, scenes::training(80));
        stage.keys("jj3");
        assert_eq!(stage.selected(), "TF inter-op", "the group that was selected comes first");
        snapshot(&format!("limits_{width}x{height}"), &stage);
        stage.keys("e\nj\n");
        assert_eq!(stage.selected(), "other-pool");
        snapshot(&format!("explain_open_{width}x{height}"), &stage);
        stage.keys("wjl");
        snapshot(&format!("what_if_{width}x{height}"), &stage);
    }
}

#[test]
fn a_small_screen_has_verdict_and_table() {
    for keys in ["", "e", "3", "w"] {
        let mut stage = Stage::new(PLAIN, 40, 10, scenes::training(80));
        stage.keys(keys);
        let name = if keys.is_empty() { "1" } else { keys };
        snapshot(&format!("small_{name}_40x10"), &stage);
    }
}

#[test]
fn a_verdict_leaves_the_table_its_rows() {
    for (name, scene) in situations() {
        let stage = Stage::new(PLAIN, 80, 24, scene);
        assert!(stage.row_with("ORIGIN") <= 6, "{name}:\n{}", stage.text());
        assert!(stage.text().contains("Python threads"), "{name}:\n{}", stage.text());
    }
}

#[test]
fn the_condition_is_a_word_and_a_colour() {
    let conditions = [
        Verdict::Severe,
        Verdict::Oversubscribed,
        Verdict::Notice,
        Verdict::Healthy,
        Verdict::Throttled,
        Verdict::Undersubscribed,
        Verdict::Misplaced,
    ];
    let mut colours = Vec::new();
    for condition in conditions {
        let mut scene = scenes::training(80);
        scene.headline.condition = condition;
        let stage = Stage::new(COLOR, 100, 30, scene);
        let word = condition.word().to_uppercase();
        assert!(stage.line(1).starts_with(&format!(" {word}")), "{}", stage.line(1));
        let cell = &stage.buffer()[(1, 1)];
        colours.push((cell.fg, cell.modifier.contains(Modifier::REVERSED)));
    }
    assert!((0..4).all(|at| !colours[..at].contains(&colours[at])), "levels look alike: {colours:?}");
    let mono = Stage::new(Appearance { theme: ThemeName::Mono, ..COLOR }, 100, 30, scenes::training(80));
    assert!(mono.buffer()[(1, 1)].modifier.contains(Modifier::BOLD));
}

#[test]
fn too_soon_is_calm_and_an_end_before_the_verdict_is_said() {
    let mut scene = scenes::training(4);
    assert_eq!(Stage::new(PLAIN, 80, 24, scene.clone()).line(1), " judging, has 4 of 10 s");
    scene.target.ended = true;
    assert_eq!(Stage::new(PLAIN, 80, 24, scene).line(1), " not judged: it ended after 4 s, a verdict needs 10 s");
}

#[test]
fn more_threads_than_the_limit_allows_are_marked() {
    let stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    let blas = stage.line(stage.row_with("OpenBLAS numpy"));
    assert!(blas.contains(" 1! "), "{blas}");
    assert!(!stage.line(stage.row_with("TF intra-op   ")).contains('!'));
    assert!(stage.line(stage.row_with("tf.data")).contains("no limit"));
    assert!(stage.line(stage.row_with("main thread")).contains("as coded"));
}

#[test]
fn limits_that_were_not_read_are_no_limits() {
    let mut scene = scenes::training(80);
    for group in &mut scene.groups {
        group.limits = Default::default();
    }
    let mut stage = Stage::new(PLAIN, 100, 30, scene);
    let row = stage.line(stage.row_with("TF inter-op"));
    assert!(row.contains('–') && !row.contains("as coded"), "{row}");
    stage.keys("3");
    assert!(stage.text().contains("the settings of its process were not read"), "{}", stage.text());
}

#[test]
fn causes_stand_in_the_order_they_are_read() {
    let mut stage = Stage::new(PLAIN, 100, 50, scenes::training(80));
    stage.keys("e");
    let rows: Vec<u16> =
        ["env-overridden", "other-pool", "spinning", "thread-leak", "throttled"].map(|it| stage.row_with(it)).into();
    assert!(rows.is_sorted(), "{rows:?}\n{}", stage.text());
    assert_eq!(stage.selected(), "env-overridden");
}

#[test]
fn a_cause_opens_and_folds_and_stays_selected_when_the_order_changes() {
    let mut stage = Stage::new(PLAIN, 120, 40, scenes::training(80));
    stage.keys("ejl");
    assert_eq!(stage.selected(), "other-pool");
    assert!(stage.text().contains("export TF_NUM_INTRAOP_THREADS=1"), "{}", stage.text());
    assert!(stage.text().contains("a prediction from the last 10s"), "{}", stage.text());
    stage.scene(scenes::healthy(81));
    assert_eq!(stage.selected(), "other-pool");
    assert!(stage.text().contains("Do other pools run beside"), "it is still open");
    stage.keys("h");
    assert!(!stage.text().contains("Do other pools run beside"));
    stage.keys("+");
    assert!(stage.dashboard.rows().len() > 60);
    stage.keys("-");
    assert_eq!(stage.dashboard.rows().len(), 21);
}

#[test]
fn the_last_line_of_a_long_cause_can_be_reached() {
    let mut scene = scenes::training(80);
    if let tftop::data::scene::Answer::Found(finding) = &mut scene.judgements[13].answer {
        let line = |at| tftop::data::scene::Evidence::new(format!("number {at}"), "1");
        finding.evidence = (0..30).map(line).collect();
    }
    let mut stage = Stage::new(PLAIN, 80, 24, scene);
    stage.keys("ej\n");
    assert!(stage.text().contains("number 2 ") && !stage.text().contains("number 29"));
    stage.keys("jjjjjjjjjjjjjjjjjjjjjjjj");
    assert!(stage.text().contains("number 29"), "{}", stage.text());
    for _ in 0..30 {
        stage.keys("j");
    }
    assert_eq!(stage.selected(), "asleep-is-fine");
    stage.keys("gG");
    assert_eq!(stage.selected(), "asleep-is-fine");
}

#[test]
fn a_search_and_a_filter_find_causes_and_limits() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    stage.keys("e/thread-leak\n");
    assert_eq!(stage.selected(), "thread-leak");
    stage.keys("\\openmp\n");
    assert!(stage.dashboard.rows().len() < 5, "{}", stage.text());
    stage.keys("\x1b3\\tf.config\n");
    assert!(stage.text().contains("TF intra-op") && !stage.text().contains("main thread"), "{}", stage.text());
}

#[test]
fn sliders_change_the_prediction_and_the_lines_that_set_it() {
    let mut stage = Stage::new(PLAIN, 100, 30, scenes::training(80));
    stage.keys("w");
    let advised = stage.line(stage.row_with("predicted  "));
    assert!(stage.text().contains("prediction from the last 10s"), "{}", stage.text());
    assert!(stage.text().contains("export TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1"));
    stage.keys("0");
    assert!(stage.text().contains("no cap is set"));
    let (predicted, measured) = (stage.line(stage.row_with("predicted  ")), stage.line(stage.row_with("measured ")));
    assert_eq!(predicted.replace("predicted", "measured ").trim_end(), measured);
    assert_ne!(predicted, advised);
    stage.keys("hh");
    assert!(stage.text().contains("export TF_NUM_INTRAOP_THREADS=2"), "{}", stage.text());
    stage.keys("a");
    assert_eq!(stage.line(stage.row_with("predicted  ")), advised);
    stage.keys("w");
    assert!(!stage.text().contains("predicted  "));
}

#[test]
fn sliders_without_a_recording_say_so() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::first());
    stage.keys("w");
    assert!(stage.text().contains("nothing is measured yet"), "{}", stage.text());
}

#[test]
fn the_mouse_works_on_verdict_causes_and_sliders() {
    let mut stage = Stage::new(PLAIN, 100, 30, scenes::training(80));
    stage.click(3, 1);
    assert!(stage.text().contains("ruled out"), "a click on the verdict asks why");
    let row = stage.row_with("other-pool");
    stage.click(20, row);
    assert_eq!(stage.selected(), "other-pool");
    stage.click(20, row);
    let row = stage.row_with("4.60 of 2.00 CPUs");
    stage.click(20, row);
    assert!(!stage.text().contains("4.60 of 2.00 CPUs"), "a click on the opened part folds it");
    stage.keys("w");
    let row = stage.row_with("intra  ");
    stage.click(30, row);
    assert!(stage.line(row).contains("3 of 3"), "{}", stage.text());
    stage.click(12, row);
    assert!(stage.line(row).contains("1 of 3"), "{}", stage.text());
    stage.wheel_down();
    stage.click(31, row);
    assert!(stage.line(row).contains("no cap"), "{}", stage.text());
}

#[test]
fn colour_says_nothing_alone_in_the_new_views() {
    for keys in ["", "e+", "3", "w"] {
        let [mut coloured, mut mono] = [COLOR, PLAIN].map(|look| Stage::new(look, 120, 40, scenes::training(80)));
        coloured.keys(keys);
        mono.keys(keys);
        assert_eq!(coloured.text(), mono.text(), "{keys:?}");
    }
    let mut ascii = Stage::new(Appearance { ascii: true, ..PLAIN }, 100, 30, scenes::with_quota(80));
    ascii.keys("e");
    snapshot("ascii_explain_100x30", &ascii);
    ascii.keys("3");
    snapshot("ascii_limits_100x30", &ascii);
    ascii.keys("w");
    snapshot("ascii_what_if_100x30", &ascii);
}

#[test]
fn the_script_is_shown_rather_than_the_folders_of_its_interpreter() {
    let mut scene = scenes::training(80);
    scene.target.command = "/opt/environments/tensorflow-2.21/bin/python /home/ana/project/train.py --epochs 30".into();
    let wide = Stage::new(PLAIN, 200, 30, scene.clone());
    assert!(wide.line(0).contains("/opt/environments/tensorflow-2.21/bin/python"), "{}", wide.line(0));
    let narrow = Stage::new(PLAIN, 80, 24, scene);
    assert!(narrow.line(0).contains("python train.py --epo"), "{}", narrow.line(0));
}

#[test]
fn a_run_without_any_cap_to_advise_has_no_empty_line() {
    let mut scene = scenes::training(80);
    (scene.headline.caps, scene.headline.advice) = (Caps::default(), String::new());
    scene.headline.message = "2.4 threads want 2.0 CPUs".into();
    let stage = Stage::new(PLAIN, 80, 24, scene);
    assert!(stage.line(1).ends_with("2.4 threads want 2.0 CPUs  e why"), "{}", stage.line(1));
    assert!(stage.line(2).starts_with(" wanted"), "{}", stage.line(2));
    assert_eq!(verdicts::healthy().advice, "");
}

#[test]
fn the_remedy_a_row_and_a_table_can_be_copied() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    let copied = |stage: &mut Stage, key: &str| match stage.keys(key) {
        Some(Effect::Copy(part)) => clip(&stage.dashboard, part).unwrap(),
        other => panic!("{other:?}"),
    };
    let advised = copied(&mut stage, "y");
    assert_eq!(advised.what, "the advised setting");
    assert!(advised.text.contains("TF_NUM_INTRAOP_THREADS=1") && advised.text.contains("# shell"), "{}", advised.text);
    let row = copied(&mut stage, "jy");
    assert_eq!(row.what, "the row");
    assert!(
        row.text.contains("TF intra-op") && row.text.contains("2 wait for work (futex), 1 running"),
        "{}",
        row.text
    );
    assert!(!row.text.contains('▶') && !row.text.contains('…'), "{}", row.text);
    let table = copied(&mut stage, "Y");
    let lines: Vec<&str> = table.text.lines().collect();
    assert!(lines[0].starts_with("ORIGIN") && lines.len() == 7, "{}", table.text);
    let threads = copied(&mut stage, "2Y").text;
    assert!(threads.contains("2452") && threads.contains("BECAUSE"), "{threads}");
    stage.keys("e");
    let remedy = copied(&mut stage, "y");
    assert_eq!(remedy.what, "the remedy");
    assert!(!remedy.text.is_empty());
    stage.keys("w0");
    let Some(Effect::Copy(part)) = stage.keys("y") else { panic!("no copy") };
    assert_eq!(clip(&stage.dashboard, part).unwrap_err(), "nothing to copy: no cap is set on the sliders");
    assert!(copied(&mut stage, "ay").text.contains("TF_NUM_INTRAOP_THREADS=1"));
    stage.tell(Event::Copied(Ok("the row by OSC 52, if the terminal supports it".to_owned())));
    assert!(stage.line(22).contains("copied the row by OSC 52"), "{}", stage.line(22));
}
