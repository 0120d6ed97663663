//! The kept runs on screen: none, a list to mark, a comparison to read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use stage::{PLAIN, SIZES, Stage};
use tftop::tui::messages::runs::{ComparisonText, RunLine, RunsList, RunsRequest};
use tftop::tui::state::event::Event;

macro_rules! snapshot {
    ($name:expr, $stage:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $stage.text());
        })
    };
}

fn run(id: &str, state: &str, caps: &str, speed: &str) -> RunLine {
    RunLine {
        id: id.to_owned(),
        state: state.to_owned(),
        length: if speed.is_empty() { String::new() } else { "2m10s".to_owned() },
        caps: caps.to_owned(),
        speed: speed.to_owned(),
        held: if caps.is_empty() { String::new() } else { "held".to_owned() },
        command: "/work/venvs/tf/bin/python /home/ana/experiments/train.py --epochs 30".to_owned(),
    }
}

fn shelf() -> RunsList {
    RunsList {
        runs: vec![
            run("261120-202740", "running", "intra=2", ""),
            run("261120-202635", "ended", "intra=1 inter=1 data=1", "24.3/s"),
            run("261120-202548", "ended", "", "12.1/s"),
        ],
        looked: true,
        ..RunsList::default()
    }
}

fn opened(width: u16, height: u16, shelf: RunsList) -> Stage {
    let mut stage = Stage::new(PLAIN, width, height, scenes::training(80));
    stage.keys("c");
    stage.tell(Event::Runs(Arc::new(shelf)));
    stage
}

#[test]
fn without_kept_runs_it_says_how_to_make_one() {
    let mut stage = opened(80, 24, RunsList::default());
    assert!(stage.text().contains("looking for them"), "{}", stage.text());
    stage.tell(Event::Runs(Arc::new(RunsList { looked: true, ..RunsList::default() })));
    snapshot!("runs_none_80x24", stage);
    stage.tell(Event::Runs(Arc::new(RunsList { trouble: Some("it can't be read".into()), ..RunsList::default() })));
    assert!(stage.text().contains("it can't be read"));
}

#[test]
fn runs_are_marked_and_asked_to_be_compared() {
    for (width, height) in SIZES {
        let name = format!("runs_{width}x{height}");
        let mut stage = opened(width, height, shelf());
        assert_eq!(stage.dashboard.runs_request(), RunsRequest { shown: true, compare: vec![] });
        stage.keys("jj kk\n");
        assert_eq!(stage.dashboard.runs_request().compare, [] as [&str; 0], "one alone can't be compared");
        stage.keys("j ");
        snapshot!(name, stage);
        stage.keys("\n");
        assert_eq!(stage.dashboard.runs_request().compare, ["261120-202548", "261120-202635"]);
        assert!(stage.text().contains("reading their samples"));
    }
}

#[test]
fn a_comparison_is_read_and_left_step_by_step() {
    let lines: Vec<String> =
        (0..60).map(|at| if at == 0 { "RUNS".to_owned() } else { format!("  line {at}") }).collect();
    let runs = vec!["261120-202740".to_owned(), "261120-202635".to_owned()];
    let compared = ComparisonText { runs, headline: " NO DIFFERENCE SHOWN  0.10 ms a step".to_owned(), lines };
    let compared_at = |(width, height)| {
        let mut stage = opened(width, height, shelf());
        stage.keys(" j \n");
        stage.tell(Event::Runs(Arc::new(RunsList { compared: Some(compared.clone()), ..shelf() })));
        stage
    };
    for (width, height) in SIZES {
        snapshot!(format!("runs_compared_{width}x{height}"), compared_at((width, height)));
    }
    let mut stage = compared_at((80, 24));
    stage.keys("G");
    let end = stage.text();
    assert!(end.contains("line 59") && end.contains("NO DIFFERENCE SHOWN"), "{end}");
    stage.keys("\x1b");
    assert!(stage.text().contains("[A]") && stage.text().contains("[B]"), "marks stay: {}", stage.text());
    assert!(stage.dashboard.runs_request().compare.is_empty());
    stage.keys("\x1b");
    assert_eq!(stage.dashboard.runs_request(), RunsRequest::default());
    let other = ComparisonText { runs: vec!["x".to_owned()], ..compared };
    stage.tell(Event::Runs(Arc::new(RunsList { compared: Some(other), ..shelf() })));
    stage.keys("c\n");
    assert!(stage.text().contains("reading their samples"), "an answer to another question is none: {}", stage.text());
}

#[test]
fn the_selection_stays_with_its_run_and_a_mark_goes_with_it() {
    let mut stage = opened(80, 24, shelf());
    stage.keys("j j ");
    let mut fewer = shelf();
    fewer.runs.remove(1);
    stage.tell(Event::Runs(Arc::new(fewer)));
    assert_eq!(stage.dashboard.runs().marks(), 1);
    assert_eq!(stage.dashboard.runs().list().runs[stage.dashboard.runs().at()].id, "261120-202548");
    let mut longer = shelf();
    longer.runs.insert(0, run("261120-210000", "running", "", ""));
    stage.tell(Event::Runs(Arc::new(longer)));
    assert_eq!(stage.dashboard.runs().at(), 3);
}

#[test]
fn the_mouse_selects_and_marks() {
    let mut stage = opened(80, 24, shelf());
    stage.click_on("261120-202548");
    assert_eq!(stage.dashboard.runs().at(), 2);
    stage.click_on("261120-202548");
    assert_eq!(stage.dashboard.runs().marks(), 1);
    stage.wheel_down();
    assert_eq!(stage.dashboard.runs().at(), 2);
}
