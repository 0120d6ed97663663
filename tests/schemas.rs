//! What tftop prints and keeps as JSON is what `tftop schema` says it is: every contract, on live processes, runs and recordings.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
#[allow(dead_code)] // other tests ask for more
mod command;
#[path = "support/known_threads.rs"]
#[allow(dead_code)] // other tests ask for more
mod known_threads;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use command::{ended, tftop};
use known_threads::Target;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A run of TensorFlow on two CPUs with one thread a pool.
const RECORDED: &str = "tests/data/tape/first.tape";
/// Another one.
const OTHER: &str = "tests/data/tape/second.tape";

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The names of the contracts, each with its version.
fn contracts() -> BTreeMap<String, String> {
    let (code, list, stderr) = ended(&mut tftop(&["schema"]));
    assert_eq!(code, Some(0), "{stderr}");
    let words = |line: &str| line.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>();
    list.lines().map(words).map(|words| (words[0].clone(), words[1].clone())).collect()
}

fn schema(name: &str) -> Value {
    let (code, text, stderr) = ended(&mut tftop(&["schema", name]));
    assert_eq!(code, Some(0), "{stderr}");
    parsed(&text)
}

/// What is wrong with a document by the schema of that name.
fn faults(name: &str, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&schema(name)).unwrap();
    validator.iter_errors(document).map(|error| format!("{name} at {}: {error}", error.instance_path())).collect()
}

/// Every JSON document that can be had here, by the name of its contract.
fn documents() -> Vec<(&'static str, Value)> {
    let state = TempDir::new().unwrap();
    let printed = |arguments: &[&str]| {
        let (code, stdout, stderr) = ended(tftop(arguments).env("XDG_STATE_HOME", state.path()));
        assert!(code.is_some_and(|code| code < 128) && !stdout.is_empty(), "{arguments:?}: {code:?} {stderr}");
        stdout
    };
    let mut target = Target::start();
    target.say("idle 3");
    target.say("spin 1");
    let pid = &target.pid().to_string();
    let short = ["--for", "0.5s", "--interval", "0.1s", "--json"];
    let mut documents = Vec::new();
    let mut add = |name, text: &str| documents.push((name, parsed(text)));
    for of in [pid.as_str(), RECORDED, OTHER] {
        let watch = if of == pid { &short[..] } else { &["--json"] };
        add("report", &printed(&[&["report", of], watch].concat()));
        add("explain", &printed(&[&["explain", of], watch].concat()));
    }
    add("report", &printed(&["report", RECORDED, "--json", "--from", "2s", "--to", "14s"]));
    add("report", &fs::read_to_string("tests/data/report.json").unwrap());
    add("ps", &printed(&["ps", "--json", "--interval", "0.1s"]));
    add("ps-hosts", &printed(&["ps", "--json", "--hosts", "nowhere", "--ssh", "true", "--for", "1s"]));
    add("stack", &printed(&["stack", pid, "--json"]));
    add("stack", &printed(&["stack", pid, "--json", "--stop"]));
    add("profile", &printed(&["stack", pid, "--json", "--sample", "0.5s", "--stop"]));
    add("compare", &printed(&["compare", RECORDED, OTHER, "--json"]));
    add("compare", &printed(&["compare", &format!("{RECORDED}@..6s"), &format!("{RECORDED}@6s.."), "--json"]));
    for line in printed(&["export", RECORDED, "--json-lines"]).lines() {
        add(if line.contains("tftop.export-end/") { "export-end" } else { "export" }, line);
    }
    let _ = ended(
        tftop(&["run", "--no-ui", "--cpus", "1", "--intra", "1", "--", "sh", "-c", "sleep 1"])
            .env("XDG_STATE_HOME", state.path()),
    );
    add("runs", &printed(&["runs", "--json"]));
    add("run-summary", &printed(&["runs", "show", "last", "--json"]));
    let folder = only_folder(&state.path().join("tftop/runs"));
    add("run", &fs::read_to_string(folder.join("run.json")).unwrap());
    add("run-summary", &fs::read_to_string(folder.join("summary.json")).unwrap());
    let sweep = ["sweep", "--intra", "1", "--repeat", "1", "--limit", "1s", "--json", "--", "sh", "-c", "sleep 0.2"];
    add("sweep", &printed(&sweep));
    documents
}

fn only_folder(of: &Path) -> std::path::PathBuf {
    let folders: Vec<_> = fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders[0].clone()
}

#[test]
fn every_output_is_what_its_schema_says() {
    let (documents, contracts) = (documents(), contracts());
    let mut wrong = Vec::new();
    for (name, document) in &documents {
        assert_eq!(document["schema"], *contracts[*name], "{name}");
        wrong.extend(faults(name, document));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let seen: BTreeSet<&str> = documents.iter().map(|(name, _)| *name).collect();
    let all: BTreeSet<&str> = contracts.keys().map(String::as_str).collect();
    assert_eq!(seen, all, "a contract that nothing was checked against");
}

#[test]
fn a_schema_finds_what_a_later_version_may_not_do_and_lets_pass_what_it_may() {
    let (_, stdout, _) = ended(&mut tftop(&["report", RECORDED, "--json"]));
    let report = parsed(&stdout);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut changed = report.clone();
        change(&mut changed);
        faults("report", &changed)
    };
    assert_eq!(with(&|_| ()), [""; 0]);
    assert_eq!(with(&|report| report["of_tomorrow"] = json!({ "a": 1 })), [""; 0], "fields may be added");
    assert_eq!(with(&|report| report["groups"][0]["of_tomorrow"] = json!(1)), [""; 0]);
    assert_ne!(with(&|report| drop(report.as_object_mut().unwrap().remove("window_s"))), [""; 0]);
    assert_ne!(with(&|report| report["groups"][0]["threads"] = json!("four")), [""; 0]);
    assert_ne!(with(&|report| report["groups"][0]["label"] = Value::Null), [""; 0]);
    assert_ne!(with(&|report| report["schema"] = json!("tftop.report/2")), [""; 0]);
}

#[test]
fn an_unknown_name_is_refused_with_those_there_are() {
    let (code, _, stderr) = ended(&mut tftop(&["schema", "reprot"]));
    assert_eq!(code, Some(2));
    assert!(contracts().keys().all(|name| stderr.contains(name.as_str())), "{stderr}");
}
