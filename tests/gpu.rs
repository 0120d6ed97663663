//! GPUs, through the whole program: a stand-in for the driver's library lies on the library path of the tftop under test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "gpu")]

#[path = "support/command.rs"]
#[allow(dead_code)] // other tests ask for more
mod command;
#[path = "support/known_threads.rs"]
#[allow(dead_code)] // other tests ask for more
mod known_threads;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use command::{ended, tftop};
use known_threads::Target;
use serde_json::{Value, json};
use tempfile::TempDir;
use tftop::probe::gpu::LIBRARY;

/// A folder with the stand-in in it.
fn stand_in() -> TempDir {
    let folder = TempDir::new().unwrap();
    let library = folder.path().join(LIBRARY);
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/targets/nvml.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status().unwrap();
    assert!(built.success());
    folder
}

/// tftop with the stand-in on its library path, playing a part.
fn with_driver(arguments: &[&str], library_path: &Path, part: &str, own: u32) -> Command {
    let mut command = tftop(arguments);
    command.env("LD_LIBRARY_PATH", library_path).env("STAND_IN", part).env("STAND_IN_PID", own.to_string());
    command
}

fn report(part: &str) -> Value {
    let (folder, target) = (stand_in(), Target::start());
    let pid = target.pid().to_string();
    let arguments = ["report", &pid, "--for", "1s", "--interval", "0.1s", "--json"];
    let (_, stdout, stderr) = ended(&mut with_driver(&arguments, folder.path(), part, target.pid()));
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{part}: {error}: {stderr}"))
}

/// What is said to be missing of the GPUs; that a busy machine let an answer come late is not.
fn missing(report: &Value) -> Vec<(&str, &str)> {
    let gaps = report["gaps"].as_array().unwrap().iter();
    let texts = gaps.map(|gap| (gap["what"].as_str().unwrap(), gap["why"].as_str().unwrap()));
    texts.filter(|(what, _)| what.contains("GPU") && *what != "what the GPUs do now").collect()
}

/// Whether processes have the machine's numbers here: in a container the driver's list can't be told from tftop's.
fn numbers_are_the_machines() -> bool {
    std::fs::read_link("/proc/self/ns/pid").unwrap().to_str() == Some("pid:[4026531836]")
}

#[test]
fn load_memory_and_the_targets_own_part_are_in_the_report() {
    let report = report("plain");
    let (own, other) = match numbers_are_the_machines() {
        true => (
            json!({ "processes": 1, "busy": 0.85, "used_bytes": 6_000_000_000_u64 }),
            json!({ "processes": 0, "busy": 0.0, "used_bytes": 0 }),
        ),
        false => (Value::Null, Value::Null),
    };
    let gpu = |index: u32, busy: f64, own: Value| {
        json!({
            "index": index, "name": "Stand-in GPU", "busy": busy,
            "used_bytes": 8_000_000_000_u64, "total_bytes": 24_000_000_000_u64, "own": own,
        })
    };
    assert_eq!(report["gpus"], json!([gpu(0, 0.9, own), gpu(1, 0.2, other)]));
    assert_eq!(missing(&report).is_empty(), numbers_are_the_machines(), "{:?}", missing(&report));
}

#[test]
fn they_are_in_the_text_and_in_a_recording_too() {
    let (folder, target) = (stand_in(), Target::start());
    let pid = target.pid().to_string();
    let tape = folder.path().join("watch.tape");
    let tape = tape.to_str().unwrap();
    let arguments = ["record", &pid, "-o", tape, "--for", "2s", "--interval", "0.2s"];
    let (code, _, stderr) = ended(&mut with_driver(&arguments, folder.path(), "plain", target.pid()));
    assert_eq!(code, Some(0), "{stderr}");
    // Without the driver: what is shown stands in the recording.
    let (_, text, stderr) = ended(&mut tftop(&["report", "--full", tape]));
    let own = if numbers_are_the_machines() { "85 %" } else { "-" };
    let row = text.lines().find(|line| line.contains("Stand-in GPU")).unwrap_or_else(|| panic!("{text}{stderr}"));
    let words: Vec<&str> = row.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
    assert_eq!(words[..5], ["0", "Stand-in GPU", "90 %", own, "8.0 GB of 24.0 GB"], "{text}");
}

#[test]
fn a_machine_without_a_driver_lacks_nothing() {
    for report in [report("no driver"), {
        let (empty, target) = (TempDir::new().unwrap(), Target::start());
        let pid = target.pid().to_string();
        let arguments = ["report", &pid, "--for", "0.5s", "--interval", "0.1s", "--json"];
        let (_, stdout, _) = ended(&mut with_driver(&arguments, empty.path(), "plain", target.pid()));
        serde_json::from_str(&stdout).unwrap()
    }] {
        assert_eq!(report["gpus"], json!([]));
        assert_eq!(missing(&report), [], "{report:#}");
    }
}

#[test]
fn missing_rights_are_said() {
    let none = report("no rights");
    assert_eq!(none["gpus"], json!([]));
    let why = "no permission to talk to the driver; whoever may open /dev/nvidiactl, and root, can";
    assert_eq!(missing(&none), [("GPUs", why)]);
    // Rights for one GPU, and none to see whose processes are on it.
    let half = report("half the rights");
    assert_eq!((&half["gpus"][0]["busy"], &half["gpus"][0]["own"]), (&json!(0.9), &Value::Null));
    assert_eq!((&half["gpus"][1]["name"], &half["gpus"][1]["busy"]), (&json!(why), &Value::Null));
}

#[test]
fn what_a_driver_says_that_cannot_be_is_not_shown() {
    let report = report("absurd");
    let gpus = report["gpus"].as_array().unwrap();
    assert_eq!(gpus.len(), 64, "as many as are read");
    for gpu in gpus {
        assert_eq!((&gpu["busy"], &gpu["used_bytes"], &gpu["own"]), (&Value::Null, &Value::Null, &Value::Null));
        assert!(gpu["name"].as_str().unwrap().chars().all(|c| !c.is_control()), "{gpu}");
    }
}

#[test]
fn a_driver_that_hangs_holds_up_neither_a_look_nor_the_end() {
    for part in ["hanging at its start", "hanging later"] {
        let (folder, target) = (stand_in(), Target::start());
        let pid = target.pid().to_string();
        let arguments = ["report", &pid, "--for", "6s", "--interval", "0.2s", "--json"];
        let began = Instant::now();
        let (_, stdout, stderr) = ended(&mut with_driver(&arguments, folder.path(), part, target.pid()));
        assert!(began.elapsed() < Duration::from_secs(30), "{part}: {:?}", began.elapsed());
        let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{part}: {error}: {stderr}"));
        assert_eq!(report["gpus"], json!([]), "{part}");
        let gaps = missing(&report);
        assert!(gaps.len() == 1 && gaps[0].1.starts_with("their driver has not answered for"), "{part}: {gaps:?}");
        assert!(report["window_s"].as_f64().unwrap() > 1.0, "{part}: looks went on");
    }
}
