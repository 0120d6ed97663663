//! The dialog before a rerun: what it shows, when a yes counts, and where Escape leads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/scenes.rs"]
mod scenes;
#[path = "support/stage.rs"]
mod stage;

use std::sync::Arc;

use stage::{PLAIN, SIZES, Stage};
use tftop::data::limits::Caps;
use tftop::data::run::{RerunPlan, ShownValue, VariableChange};
use tftop::tui::messages::effect::Effect;
use tftop::tui::messages::rerun::RerunAnswer;
use tftop::tui::messages::restart::StopStage;
use tftop::tui::state::event::Event;
use tftop::tui::state::parts::Mode;

fn snapshot(name: &str, stage: &Stage) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, stage.text());
    });
}

fn plan() -> RerunPlan {
    let variable = |name: &str, before, after| VariableChange { name: name.into(), before, after };
    RerunPlan {
        command: "/work/venv/bin/python train.py --epochs 5".into(),
        program: "/work/venv/bin/python".into(),
        folder: "/work/project".into(),
        folder_because: "PWD of its environment; the command does not fit /, where it is now".into(),
        variables: vec![
            variable("TF_NUM_INTRAOP_THREADS", ShownValue::Value("8".into()), ShownValue::Value("1".into())),
            variable("TF_NUM_INTEROP_THREADS", ShownValue::Unset, ShownValue::Value("1".into())),
            variable("PYTHONPATH", ShownValue::Unset, ShownValue::Hidden("with tftop's shim in front".into())),
        ],
        kept: vec!["umask 0022".into(), "niceness 3".into()],
        lost: vec![
            "stdin was the terminal /dev/pts/3; keys go to tftop now".into(),
            "stdout and stderr went to /work/project/train.log; now tftop takes it".into(),
            "its terminal was /dev/pts/3: keys like Ctrl-C there no longer reach it".into(),
            "its cgroup 0::/capped: the new run is in tftop's own".into(),
        ],
        ..RerunPlan::default()
    }
}

fn asked(stage: &mut Stage, keys: &str) -> Caps {
    match stage.keys(keys) {
        Some(Effect::RequestRerun(caps)) => caps,
        other => panic!("{other:?}"),
    }
}

fn answer(stage: &mut Stage, caps: Caps, plan: Result<RerunPlan, String>) {
    stage.tell(Event::Rerun(Arc::new(RerunAnswer { caps, plan })));
}

#[test]
fn a_yes_counts_only_for_what_is_on_screen() {
    for (width, height) in SIZES {
        let mut stage = Stage::new(PLAIN, width, height, scenes::training(80));
        let caps = asked(&mut stage, "r");
        assert_eq!(caps, stage.dashboard.scene().headline.caps);
        assert!(!caps.is_empty());
        assert_eq!(stage.keys("y"), None, "nothing is known yet");
        answer(&mut stage, Caps::default(), Ok(plan()));
        assert_eq!(stage.keys("y"), None, "an answer to another question");
        answer(&mut stage, caps, Ok(plan()));
        snapshot(&format!("rerun_{width}x{height}"), &stage);
        assert_eq!(stage.keys("\n"), None);
        assert_eq!(stage.keys("y"), Some(Effect::Rerun(caps)));
    }
}

#[test]
fn what_does_not_fit_can_be_scrolled_to() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    let caps = asked(&mut stage, "r");
    let lost = (0..9).map(|number| format!("loss {number}").into());
    answer(&mut stage, caps, Ok(RerunPlan { lost: plan().lost.into_iter().chain(lost).collect(), ..plan() }));
    assert!(stage.text().contains("more lines") && !stage.text().contains("niceness 3"));
    stage.keys("G");
    assert!(!stage.text().contains("more lines") && stage.text().contains("niceness 3"), "{}", stage.text());
    stage.keys("kg");
    assert!(stage.text().contains("caps "));
}

#[test]
fn what_is_refused_or_doubted_takes_no_yes() {
    let mut stage = Stage::new(PLAIN, 80, 24, scenes::training(80));
    let caps = asked(&mut stage, "r");
    let why = "can't be rerun: its program came on stdin or was typed in: it is lost";
    answer(&mut stage, caps, Err(why.to_owned()));
    snapshot("rerun_refused_80x24", &stage);
    assert_eq!(stage.keys("y"), None);
    let doubts = vec!["it is part of a larger job, started by mpirun (process 7)".into()];
    answer(&mut stage, caps, Ok(RerunPlan { doubts, ..plan() }));
    assert!(stage.text().contains("warning") && stage.text().contains("Nothing is stopped or started"));
    assert_eq!(stage.keys("y"), None);
}

#[test]
fn the_caps_of_the_sliders_are_taken_and_escape_leads_back_to_them() {
    let mut stage = Stage::new(PLAIN, 100, 30, scenes::training(80));
    stage.keys("w0h");
    let Mode::WhatIf(sliders) = stage.dashboard.mode().clone() else { panic!("no sliders") };
    assert_eq!(asked(&mut stage, "r"), sliders.caps);
    stage.keys("\x1b");
    assert_eq!(stage.dashboard.mode(), &Mode::WhatIf(sliders.clone()));
    asked(&mut stage, "r");
    stage.keys("w");
    assert!(matches!(stage.dashboard.mode(), Mode::WhatIf(there) if there.caps == sliders.caps));
    stage.keys("\x1b");
    asked(&mut stage, "r");
    stage.keys("\x1b");
    assert_eq!(stage.dashboard.mode(), &Mode::Browse);
}

#[test]
fn the_stop_of_the_old_run_is_on_screen_until_it_has_ended() {
    for (width, height) in SIZES {
        let mut stage = Stage::new(PLAIN, width, height, scenes::training(80));
        let caps = asked(&mut stage, "r");
        answer(&mut stage, caps, Ok(plan()));
        assert_eq!(stage.keys("y"), Some(Effect::Rerun(caps)));
        stage.tell(Event::Stopping(StopStage::Begins));
        assert!(stage.text().contains("SIGINT is being sent"), "{}", stage.text());
        stage.tell(Event::Stopping(StopStage::Waits { sent: "INT", next: Some(("TERM", 7)) }));
        snapshot(&format!("stopping_{width}x{height}"), &stage);
        assert_eq!(stage.keys("qr\x1by"), None, "nothing else is begun meanwhile");
        assert!(stage.text().contains("y does nothing here; Ctrl-C leaves"), "{}", stage.text());
        assert_eq!(stage.tell(Event::Stopping(StopStage::Ended)), Some(Effect::Rerun(caps)));
        stage.tell(Event::Stopping(StopStage::Failed("process 2430 goes on; nothing was started".to_owned())));
        assert_eq!(stage.dashboard.mode(), &Mode::Browse);
        assert!(stage.text().contains("process 2430 goes on; nothing was started"), "{}", stage.text());
        assert_eq!(stage.tell(Event::Stopping(StopStage::Ended)), None, "nobody agreed to this one");
    }
}
