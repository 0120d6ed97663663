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
    assert!(text.contains(&format!("`tftop explain {TAPE}` lists them")), "{text}");
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
        (&["report", &missing], 3, "No such file"),
        (&["explain", "261120-161909"], 3, "`tftop runs` lists those that are kept"),
        (&["report", TAPE, "--at", "90m"], 2, "--at: the recording is only "),
        (&["report", TAPE, "--at", "-90m"], 2, "--at: the recording is only "),
        (&["report", TAPE, "--sample", "1s"], 2, "a recording has none"),
        (&["report", NOBODYS_PID, "--at", "1s"], 2, "--at names a moment of a recording"),
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
