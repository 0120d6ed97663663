//! What was recorded of a real run shows at each look what was on screen then.

use std::fs;
use std::io::Seek as _;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tftop::data::Pid;
use tftop::data::sample::Interest;
use tftop::data::scene::Scene;
use tftop::model::build_scene::Model;
use tftop::model::origin::families::Families;
use tftop::output;
use tftop::probe::live::{Live, LiveOptions};
use tftop::runs::history::history_writer::HistoryWriter;
use tftop::runs::history::live_history::SharedHistory;
use tftop::runs::history::live_player::{LivePlayer, OlderLooks};
use tftop::runs::player::Player;
use tftop::runs::recorded::Recorded;
use tftop::runs::recording::format::RecordingHeader;
use tftop::runs::recording::taken_look::TakenLook;
use tftop::runs::recording::writer::RecordingWriter;

use crate::target::Target;
use crate::{NAMING, python};

/// Looks, a fifth of a second apart: enough for a verdict.
const LOOKS: usize = 65;
const INTERVAL: Duration = Duration::from_millis(200);

#[test]
fn a_replay_equals_what_was_shown_live() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "caps.py", &["2", "2"]);
    let options = LiveOptions { interval: INTERVAL, ..LiveOptions::default() };
    let mut live = Live::attach(Pid(target.pid()), options).unwrap();
    let (mut model, mut watch) = (Model::new(Families::builtin()), Model::of_whole_watch(Families::builtin()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("samples.tape");
    let mut file = fs::File::create_new(&path).unwrap();
    let mut writer = RecordingWriter::new(&mut file, RecordingHeader::new(0, 0), u64::MAX).unwrap();
    let mut shown = Vec::new();
    let history = SharedHistory::new();
    let mut kept = HistoryWriter::start(history.clone()).unwrap();
    let mut before = Arc::default();
    let mut last = Scene::default();
    for _ in 0..LOOKS {
        let sample = Arc::new(live.next(&Interest::default(), Duration::ZERO));
        writer.write(sample.clone()).unwrap();
        kept.take(&model, &Arc::new(TakenLook::new(before, sample.clone())), false);
        before = sample.clone();
        shown.push(model.next(sample.clone()));
        last = watch.next(sample);
        std::thread::sleep(INTERVAL);
    }
    kept.finish();
    writer.finish().unwrap();
    file.rewind().unwrap();

    let recorded = Recorded::open(fs::File::open(&path).unwrap(), "samples.tape", false).unwrap();
    let mut player = Player::open(recorded, Families::builtin()).unwrap();
    assert_eq!(player.last() + 1, LOOKS);
    for look in (0..LOOKS).chain((0..LOOKS).rev()) {
        let (reached, scene) = player.go(look, || false).unwrap();
        assert_eq!(reached, look);
        assert_eq!(Scene { recorded: None, ..Scene::clone(&scene) }, shown[look], "look {look}");
    }
    assert!(shown.last().unwrap().groups.iter().any(|group| group.label.contains("intra-op")), "{:?}", last.groups);

    // The same of what the dashboard has in memory.
    let nowhere = OlderLooks::Nowhere("not recorded".to_owned());
    let mut past = LivePlayer::new(history, nowhere, Families::builtin());
    for scene in shown.iter().chain(shown.iter().rev()) {
        assert_eq!(*past.show_at(scene.at_ns).unwrap(), *scene, "the look at {}", scene.at_ns);
    }

    // The report on all of it is the one that a watch of the same looks ends with.
    let mut report = Command::new(env!("CARGO_BIN_EXE_tftop"));
    report.args(["report", path.to_str().unwrap(), "--json", "--for", "1m"]).env("XDG_STATE_HOME", folder.path());
    let printed = report.output().unwrap();
    assert_eq!(printed.status.code(), Some(0), "{printed:?}");
    let mut printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let mut expected: Value = serde_json::from_str(&output::json(&last).unwrap()).unwrap();
    assert!(printed["recording"]["length_s"].as_f64().unwrap() > 12.0 && expected["recording"].is_null());
    assert_ne!(expected["verdict"]["level"], Value::Null);
    for report in [&mut printed, &mut expected] {
        report.as_object_mut().unwrap().remove("recording");
    }
    assert_eq!(printed, expected);
}
