//! Reports on recordings: every format, every moment, and what is no recording.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/command.rs"]
mod command;

use std::fs;

use serde_json::Value;

use crate::command::{NOBODYS_PID, ended, tftop};

/// A recording that version 0.1.0 made of a run of TensorFlow.
const TAPE: &str = "tests/data/tape/first.tape";

#[test]
fn a_recording_has_a_report_in_every_format_and_at_every_moment() {
    let (code, text, stderr) = ended(&mut tftop(&["report", TAPE]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(text.contains(&format!("Recording {TAPE} by tftop 0.1.0, as of 20")), "{text}");
    assert!(text.contains(&format!("`tftop explain {TAPE}` has the evidence")), "{text}");
    let (_, markdown, _) = ended(&mut tftop(&["report", TAPE, "--format", "markdown"]));
    assert!(markdown.contains(" by tftop 0.1.0, as of "), "{markdown}");
    let json = |arguments: &[&str]| -> Value {
        let (code, json, stderr) = ended(&mut tftop(&[&["report", TAPE, "--json"], arguments].concat()));
        assert_eq!(code, Some(0), "{stderr}");
        serde_json::from_str(&json).unwrap()
    };
    let (end, begin, before) = (json(&[]), json(&["--at", "0"]), json(&["--at", "-1s"]));
    let number = |report: &Value, name: &str| report["recording"][name].as_f64().unwrap();
    assert_eq!(number(&end, "at_s"), number(&end, "length_s"));
    assert_eq!((number(&begin, "at_s"), &begin["demand"]), (0.0, &Value::Null));
    assert!((0.5..=2.5).contains(&(number(&end, "at_s") - number(&before, "at_s"))), "{}", before["recording"]);
    assert_eq!((&end["target"]["tensorflow"], &end["recording"]["trouble"]), (&"2.21.0".into(), &Value::Null));
    let (code, explained, _) = ended(&mut tftop(&["explain", TAPE, "--at", "-0s"]));
    assert_eq!(code, Some(0));
    assert!(explained.contains("Recording ") && explained.contains("TOO SOON"), "{explained}");
}

#[test]
fn what_is_no_recording_says_so_and_has_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(TAPE).unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (cut, garbage) = (at("cut.tape", &whole[..whole.len() / 2]), at("garbage.tape", b"garbage"));
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle..middle + 40].fill(0xff);
    let flipped = at("flipped.tape", &flipped);
    let missing = folder.path().join("missing.tape").to_str().unwrap().to_owned();
    for (arguments, expected, says) in [
        (&["report", &garbage][..], 1, "this is no tape"),
        (&["report", &missing], 3, "no such file, and no run with this name"),
        (&["explain", "261120-161909"], 3, "`tftop runs` lists those that are kept"),
        (&["report", TAPE, "--at", "90m"], 2, "--at: the recording is only "),
        (&["report", TAPE, "--at", "-90m"], 2, "--at: the recording is only "),
        (&["report", TAPE, "--sample", "1s"], 2, "a recording has no stacks"),
        (&["report", NOBODYS_PID, "--at", "1s"], 2, "need a recording"),
        (&["report", NOBODYS_PID, "--from", "1s"], 2, "need a recording"),
        (&["report", TAPE, "--from", "5s", "--to", "4s"], 2, "--to: the span would end at 4s, but begins at 5s"),
        (&["report", TAPE, "--to", "12:00"], 2, "--to: the recording is from 2026-11-20T19:56:14Z to "),
        (&["report", TAPE, "--at", "1s", "--to", "4s"], 2, "cannot be used with"),
        (&["report", TAPE, "--from", "1s", "--for", "4s"], 2, "cannot be used with"),
        (&["report", TAPE, "--at", "x"], 2, "write a time from the begin"),
    ] {
        let (code, stdout, stderr) = ended(tftop(arguments).env("XDG_STATE_HOME", folder.path()));
        assert_eq!((code, stdout.as_str()), (Some(expected), ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
    }
    let (code, text, _) = ended(&mut tftop(&["report", &cut]));
    assert!(code == Some(0) && text.contains("; the tape was cut"), "{code:?} {text}");
    let (code, text, _) = ended(&mut tftop(&["report", &flipped]));
    assert!(code == Some(1) && text.contains("; the tape is broken: "), "{code:?} {text}");
}

#[test]
fn a_policy_is_judged_on_a_recording() {
    let fails = |arguments: &[&str]| ended(&mut tftop(&[&["report", TAPE, "--fail-on", "notice"], arguments].concat()));
    let (code, _, stderr) = fails(&["--at", "0"]);
    assert!(code == Some(1) && stderr.contains("can't be judged"), "{code:?} {stderr}");
}

fn json(arguments: &[&str]) -> Value {
    let (code, json, stderr) = ended(&mut tftop(arguments));
    assert_eq!(code, Some(0), "{stderr}");
    serde_json::from_str(&json).unwrap()
}

#[test]
fn over_a_span_it_is_said_for_how_long_each_verdict_held() {
    let span = ["--from", "2s", "--to", "19:56:28"];
    let (code, text, stderr) = ended(&mut tftop(&[&["report", TAPE], &span[..]].concat()));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(text.contains(&format!("Recording {TAPE} by tftop 0.1.0, as of 2026-11-20T19:56:2")), "{text}");
    assert!(text.contains(": 2s to 13s of 1"), "{text}");
    assert!(text.contains("VERDICTS WITHIN THE SPAN\n  The rest of this report covers the whole 11s."), "{text}");
    assert!(text.lines().any(|line| line.starts_with("  too soon ")), "{text}");
    let (_, markdown, _) = ended(&mut tftop(&[&["report", TAPE, "--format", "markdown"], &span[..]].concat()));
    assert!(markdown.contains("#### Verdicts within the span\n\n| VERDICT | HELD | SHARE | FIRST AT |"), "{markdown}");
    let (_, explained, _) = ended(&mut tftop(&[&["explain", TAPE], &span[..]].concat()));
    assert!(explained.contains("VERDICTS WITHIN THE SPAN"), "{explained}");

    let report = json(&[&["report", TAPE, "--json"], &span[..]].concat());
    let judged = &report["recording"]["span"];
    let number = |value: &Value| value.as_f64().unwrap();
    assert_eq!(number(&judged["from_s"]), 2.0);
    let length = number(&judged["to_s"]) - 2.0;
    let verdicts = judged["verdicts"].as_array().unwrap();
    let held: f64 = verdicts.iter().map(|held| number(&held["seconds"])).sum();
    assert!((held + number(&judged["unknown_s"]) - length).abs() < 1e-3, "{judged}");
    // The first ten seconds of a recording have no verdict.
    let soon = verdicts.iter().find(|held| held["condition"] == "too_soon").unwrap();
    assert!((7.0..10.0).contains(&number(&soon["seconds"])) && soon["level"].is_null(), "{judged}");
    assert_eq!((&judged["worst"], &judged["last"]), (&verdicts[0]["condition"], &verdicts[0]["condition"]));
    // Everything else is over all of the span.
    assert!((number(&report["window_s"]) - length).abs() < 1.5, "{} {length}", report["window_s"]);
    let moment = json(&["report", TAPE, "--json", "--at", "5s"]);
    assert_eq!(moment["recording"]["span"], Value::Null);
    assert_eq!(json(&["explain", TAPE, "--json", "--from", "2s"])["recording"]["span"]["from_s"], 2.0);
}

#[test]
fn spans_of_recordings_are_compared_and_what_can_not_be_is_said() {
    let (one, other) = (format!("{TAPE}@..7s"), format!("{TAPE}@7s.."));
    let (code, text, stderr) = ended(&mut tftop(&["compare", &one, &other]));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(text.contains(&format!("  A  {TAPE}@0s..7s\n")) && text.contains("CPUs wanted"), "{text}");
    assert!(text.starts_with("can't be ranked: ") && text.contains("CHANGE"), "{text}");
    // A is the older one, in whatever order they are named.
    assert_eq!(ended(&mut tftop(&["compare", &other, &one])).1, text);
    let compared = json(&["compare", &one, &other, "--json"]);
    assert_eq!(compared["runs"][0]["spans"][0], serde_json::json!({ "from_s": 0.0, "to_s": 7.0 }));
    assert!(compared["sides"][0]["demand"]["wanted"].as_f64().is_some_and(|wanted| wanted > 0.0), "{compared}");
    assert_eq!(compared["comparable"][3]["what"], "threads of each group");
    for (sides, says) in [
        ([TAPE, TAPE], "is named twice"),
        ([TAPE, &*one], "have some of their time in common"),
        ([&*one, "tests/data/tape/first.tape@6s..8s"], "have some of their time in common"),
        ([&*one, "tests/data/tape/first.tape@8s..7s"], "the span would end at 7s, but begins at 8s"),
        ([&*one, "no/such.tape"], "no such file, and no run with this name"),
    ] {
        let (code, _, stderr) = ended(&mut tftop(&["compare", sides[0], sides[1]]));
        assert!(matches!(code, Some(2 | 3)) && stderr.contains(says), "{sides:?}: {stderr}");
    }
}
