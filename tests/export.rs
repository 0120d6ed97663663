//! `tftop export` on recordings: what every format holds, and what becomes of recordings and files that are not as they
//! should be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A run of 15 s on two CPUs with one thread a pool, written by version 0.1.0.
const RECORDED: &str = "tests/data/tape/first.tape";
/// Looks on it but the last, which came after the command had ended.
const LOOKS: u64 = 15;

fn export(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
    let Output { status, stdout, stderr } =
        command.arg("export").args(arguments).stdin(Stdio::null()).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn exported(arguments: &[&str]) -> String {
    let (code, stdout, stderr) = export(arguments);
    assert_eq!(code, Some(0), "{stderr}");
    stdout
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn json_lines_have_a_row_a_group_and_look_and_say_at_the_end_what_is_missing() {
    let mut rows = lines(&exported(&[RECORDED, "--json-lines"]));
    let last = rows.pop().unwrap();
    assert_eq!(last["schema"], "tftop.export-end/1");
    assert_eq!((&last["recording"], &last["looks"]), (&RECORDED.into(), &LOOKS.into()));
    assert_eq!(last["rows"], rows.len());
    assert_eq!(last["left_out"][0], "1 look came after the target had ended");
    let (first, newest) = (&rows[0], rows.last().unwrap());
    assert_eq!((&first["schema"], &first["offset_s"]), (&"tftop.export/1".into(), &0.0.into()));
    assert_eq!(first["time"], "2026-11-20T19:56:14.649Z");
    // One look alone shows no demand.
    assert!(["awake", "got", "waiting", "wanted"].iter().all(|name| first[*name].is_null()), "{first}");
    assert_eq!((&newest["effective_cpus"], &newest["processes"]), (&2.0.into(), &1.into()));
    let intra = rows.iter().rev().find(|row| row["origin"] == "tf-intra-op").unwrap();
    assert_eq!((&intra["label"], &intra["limit"]), (&"TF intra-op".into(), &1.into()));
    let sum = intra["got"].as_f64().unwrap() + intra["waiting"].as_f64().unwrap();
    assert!((sum - intra["wanted"].as_f64().unwrap()).abs() < 1e-5, "{intra}");
    let offsets: Vec<f64> = rows.iter().map(|row| row["offset_s"].as_f64().unwrap()).collect();
    assert!(offsets.is_sorted() && offsets[offsets.len() - 1] > 10.0, "{offsets:?}");
}

#[test]
fn csv_has_the_same_rows_under_the_same_names() {
    let csv = exported(&[RECORDED, "--csv"]);
    let rows = lines(&exported(&[RECORDED, "--json-lines"]));
    let mut records = csv.split("\r\n").map(|line| line.split(',').collect::<Vec<_>>());
    let names = records.next().unwrap();
    assert_eq!(rows[0].as_object().unwrap().len(), names.len() + 1, "every name but the schema's");
    for (row, cells) in rows.iter().zip(records.by_ref()).take(rows.len() - 1) {
        assert_eq!(cells.len(), names.len());
        for (name, cell) in names.iter().zip(cells) {
            match row.get(name).unwrap() {
                Value::Null => assert_eq!(cell, "", "{name}"),
                Value::String(text) => assert_eq!(cell, text),
                other => assert_eq!(cell, other.to_string()),
            }
        }
    }
    assert_eq!(csv.matches("\r\n").count(), rows.len());
    assert!(csv.ends_with("\r\n"));
}

/// The rules of the Trace Event Format that Perfetto's importer relies on.
#[test]
fn a_trace_obeys_the_rules_of_its_format() {
    let trace: Value = serde_json::from_str(&exported(&[RECORDED, "--perfetto"])).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let mut newest = 0;
    for event in events {
        assert!(event["name"].is_string() && event["args"].is_object(), "{event}");
        assert_eq!(event["pid"], 10_022);
        let ts = event["ts"].as_u64().unwrap();
        assert!(ts >= newest, "times rise: {event}");
        newest = ts;
        let args = event["args"].as_object().unwrap();
        match event["ph"].as_str().unwrap() {
            "C" => assert!(!args.is_empty() && args.values().all(|value| value.as_f64().is_some_and(|it| it >= 0.0))),
            "i" => assert_eq!(event["s"], "p"),
            "M" => assert!(event["name"] == "process_name" && args["name"].is_string()),
            other => panic!("{other}"),
        }
    }
    assert!((14_000_000..15_000_000).contains(&newest), "microseconds: {newest}");
    let named = |name: &str| events.iter().filter(|event| event["name"] == name).collect::<Vec<_>>();
    assert_eq!(named("process_name").len(), 1);
    assert_eq!(named("CPUs it may use").len() as u64, LOOKS);
    // The first look shows no demand.
    assert_eq!(named("all threads").len() as u64, LOOKS - 1);
    let intra = named("TF intra-op");
    assert!(intra.len() > 3 && intra.iter().all(|event| event["args"].as_object().unwrap().len() == 2), "{intra:?}");
    assert_eq!(events.iter().filter(|event| event["name"] == "verdict: TOO SOON").count(), 1);
    assert_eq!(trace["otherData"]["left out"][0], "1 look came after the target had ended");
}

#[test]
fn a_file_is_overwritten_only_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.csv");
    let path = file.to_str().unwrap();
    assert_eq!(exported(&[RECORDED, "--csv", "-o", path]), "");
    let whole = fs::read_to_string(&file).unwrap();
    assert_eq!(whole, exported(&[RECORDED, "--csv"]));
    fs::write(&file, "mine").unwrap();
    let (code, _, stderr) = export(&[RECORDED, "--csv", "-o", path]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("run.csv is there already; --force overwrites it"), "{stderr}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    exported(&[RECORDED, "--csv", "-o", path, "--force"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), whole);
}

#[test]
fn what_is_no_recording_is_refused_and_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage");
    fs::write(&garbage, "garbage").unwrap();
    let out = folder.path().join("out");
    let refused = |recording: &str, words: &str| {
        let (code, stdout, stderr) = export(&[recording, "--csv", "-o", out.to_str().unwrap()]);
        assert!(stderr.contains(words), "{stderr}");
        assert_eq!(stdout, "");
        assert!(!out.exists());
        code
    };
    assert_eq!(refused(garbage.to_str().unwrap(), "this is no tape"), Some(1));
    assert_eq!(refused(folder.path().to_str().unwrap(), "is no file"), Some(1));
    assert_eq!(refused("no-such.tape", "no run is called so and there is no such file"), Some(3));
    let (code, _, stderr) = export(&[RECORDED]);
    assert_eq!(code, Some(2), "{stderr}");
}

#[test]
fn a_recording_that_was_cut_is_exported_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let tape = fs::read(RECORDED).unwrap();
    let cut = folder.path().join("cut.tape");
    fs::write(&cut, &tape[..tape.len() / 2]).unwrap();
    let (code, stdout, stderr) = export(&[cut.to_str().unwrap(), "--json-lines"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("the tape was cut"), "{stderr}");
    let whole = exported(&[RECORDED, "--json-lines"]);
    let mut rows: Vec<&str> = stdout.lines().collect();
    assert!(rows.pop().unwrap().contains("the tape was cut"));
    assert!(rows.len() > 1 && whole.starts_with(&rows.join("\n")));
}

#[test]
fn a_kept_run_is_found_by_its_name() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tftop/runs/261120-195614");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("run.json"), r#"{"schema":"tftop.run/1","id":"261120-195614","command":["python"]}"#)
        .unwrap();
    fs::copy(RECORDED, folder.join("samples.tape")).unwrap();
    let of = |name: &str, home: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tftop"));
        command.args(["export", name, "--json-lines"]).env("XDG_STATE_HOME", home).output().unwrap()
    };
    for name in ["last", "2611", "261120-195614"] {
        let rows = lines(std::str::from_utf8(&of(name, home.path()).stdout).unwrap());
        assert_eq!(rows.last().unwrap()["recording"], "261120-195614");
    }
    assert_eq!(of("270101", home.path()).status.code(), Some(3));
}
