//! A trace of the scheduler on a Keras training: it sees every thread that its epochs make, runs as long as the counters say,
//! and reaches a tape and Perfetto.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

use crate::target::Target;
use crate::{NAMING, python};

fn tftop(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_tftop")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

#[test]
fn a_trace_of_a_training_agrees_with_its_counters_and_names_who_makes_short_lived_threads() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "epochs.py", &[]);
    let pid = target.pid().to_string();
    let watched = || -> Value {
        let output = tftop(&["report", &pid, "--for", "8s", "--trace", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    // Beside other tests the thread that reads may come too late once: then records are lost, and said to be.
    let report = (0..3).map(|_| watched()).find(|report| report["trace"]["lost_records"] == 0).unwrap();
    let trace = &report["trace"];
    if trace["state"] == "refused" {
        eprintln!("SKIPPED, no thread can be traced here: {}", trace["why"]);
        return;
    }
    // On a machine that is busy enough, reading costs more than it may.
    assert!(trace["state"] == "on" || trace["state"] == "stopped", "{trace:#}");
    let number = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number"));
    assert!(number(&trace["births"]) > 0.0, "each epoch makes threads: {trace:#}");
    let made_by: BTreeSet<&str> =
        trace["short_lived"].as_array().unwrap().iter().filter_map(|made| made["made_by"].as_str()).collect();
    assert!(!made_by.is_empty(), "some of them no look saw: {trace:#}");
    let sum: f64 = trace["concurrency_shares"].as_array().unwrap().iter().map(number).sum();
    assert!((sum - 1.0).abs() < 0.01, "{trace:#}");
    // Time on a CPU that the hypervisor or an interrupt took is no CPU time of the thread.
    let (got, ran) = (number(&report["demand"]["got"]), number(&trace["running"]));
    assert!((got * 0.8 - 0.05..=got * 1.5 + 0.05).contains(&ran), "got {got}, ran {ran}: {trace:#}");
    let origins: BTreeSet<&str> =
        trace["groups"].as_array().unwrap().iter().filter_map(|group| group["key"]["origin"].as_str()).collect();
    assert!(origins.contains("main") && origins.contains("tf-inter-op"), "{origins:?}");
}

#[test]
fn what_was_traced_is_on_the_tape_and_has_tracks_in_perfetto() {
    let Some(python) = python::tensorflow(NAMING) else { return };
    let target = Target::start(&python, "epochs.py", &[]);
    let folder = tempfile::tempdir().unwrap();
    let [tape, trace] = ["a.tape", "a.json"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    tftop(&["record", &target.pid().to_string(), "--trace", "--for", "4s", "-o", &tape]);
    let report = tftop(&["report", &tape, "--json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    if report["trace"]["state"] == "refused" {
        eprintln!("SKIPPED, no thread can be traced here: {}", report["trace"]["why"]);
        return;
    }
    assert!(report["trace"]["window_s"].as_f64().unwrap() > 0.1, "{:#}", report["trace"]);
    tftop(&["export", &tape, "--perfetto", "-o", &trace]);
    let exported: Value = serde_json::from_slice(&std::fs::read(&trace).unwrap()).unwrap();
    let events = exported["traceEvents"].as_array().unwrap();
    let slices: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
    assert!(
        slices.iter().any(|slice| slice["name"] == "runs" && slice["pid"] == target.pid()),
        "{} events",
        events.len()
    );
    assert!(slices.iter().all(|slice| slice["ts"].as_f64() >= Some(0.0) && slice["dur"].as_f64() >= Some(0.0)));
    let named: BTreeSet<u64> = events
        .iter()
        .filter(|event| event["name"] == "thread_name")
        .filter_map(|event| event["tid"].as_u64())
        .collect();
    assert!(slices.iter().all(|slice| slice["tid"].as_u64().is_some_and(|tid| named.contains(&tid))));
}
