//! Reports are byte-exact functions of a scene.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/report_scene.rs"]
#[allow(dead_code)]
mod report_scene;

use std::sync::Arc;

use serde_json::Value;
use tftop::data::limits::{AppliesTo, Caps, Limits, ProcessLimit};
use tftop::data::sample::CounterSource;
use tftop::data::scene::{
    Answer, Demand, Evidence, Group, Headline, PastPredictions, ProcessState, Scene, StopTotals, TensorFlow, Verdict,
};
use tftop::data::{Gap, Pid};
use tftop::output;
use tftop::output::ReportDetail;
use tftop::present::format::page::{Page, Palette};

use report_scene::*;

/// Everything but threads, as a pipe gets it.
fn full(scene: &Scene) -> String {
    output::text(scene, ReportDetail { full: true, threads: false }, Page::default())
}

fn with_threads(scene: &Scene) -> String {
    output::text(scene, ReportDetail { full: true, threads: true }, Page::default())
}

/// What a terminal of so many columns gets.
fn on_terminal(columns: u16) -> Page {
    Page { width: Some(columns), ..Page::default() }
}

#[test]
fn a_report_fits_one_screen_and_says_where_the_rest_is() {
    let brief = |scene: &Scene, page| output::text(scene, ReportDetail::default(), page);
    let text = brief(&scene(), on_terminal(80));
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("report_80", text) });
    let crowded = Scene { groups: (0..40).map(numbered).collect(), ..scene() };
    for columns in [80, 160] {
        let text = brief(&crowded, on_terminal(columns));
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(columns)), "{text}");
        assert!(text.contains("\nand ") && text.contains("`tftop report 2430 --full` prints everything."), "{text}");
        // The busiest come first.
        assert!(text.find("pool 39").unwrap() < text.find("pool 38").unwrap(), "{text}");
    }
}

/// One group of many.
fn numbered(at: u32) -> Group {
    group("other", None, &format!("pool {at}"), 2, Demand::new(f64::from(at) / 40.0, 0.1))
}

#[test]
fn the_whole_report_and_the_explanation_wrap_their_sentences() {
    let page = on_terminal(80);
    let texts = [
        output::text(&scene(), ReportDetail { full: true, threads: true }, page),
        output::explain(&scene(), page),
        output::ps_table(&[Arc::new(scene())], &[], page),
    ];
    for text in &texts {
        // What is to be copied stays whole.
        let wide = |line: &&str| line.chars().count() > 80 && !line.contains("export ") && !line.contains("tf.config.");
        assert_eq!(text.lines().filter(wide).collect::<Vec<_>>(), Vec::<&str>::new());
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("report_full_80", texts[0]) });
}

#[test]
fn colour_says_what_words_say() {
    let page = Page { palette: Some(Palette::Default), ..Page::default() };
    let text = output::text(&scene(), ReportDetail { full: true, threads: false }, page);
    assert!(text.starts_with("\u{1b}[1;31mOVERSUBSCRIBED 2.3x\u{1b}[0m  4.6 threads"), "{text}");
    let plain = text
        .split('\u{1b}')
        .map(|part| part.split_once('m').filter(|(code, _)| code.starts_with('[')).map_or(part, |(_, rest)| rest));
    assert_eq!(plain.collect::<String>(), full(&scene()));
}

#[test]
fn a_report_for_people_is_complete_and_every_number_has_a_unit() {
    assert_eq!(full(&scene()), include_str!("data/report.txt"));
}

#[test]
fn a_report_in_markdown_can_be_pasted_into_an_issue() {
    assert_eq!(output::markdown(&scene()), include_str!("data/report.md"));
}

#[test]
fn an_explanation_has_every_cause_with_its_answer() {
    assert_eq!(output::explain(&scene(), Page::default()), include_str!("data/explain.txt"));
    let explanation: Value = serde_json::from_str(&output::explain_json(&scene()).unwrap()).unwrap();
    assert_eq!(explanation["waits"][0]["says"], "1 reads train.tfrecord, 1 waits for work (futex)");
    assert_eq!(explanation["schema"], output::EXPLAIN_SCHEMA);
    let answers: Vec<_> = explanation["judgements"].as_array().unwrap().iter().map(|j| j["answer"].clone()).collect();
    assert_eq!(answers, ["clear", "found", "cant_tell", "too_soon"]);
    assert_eq!(explanation["findings"][0]["code"], "late-setting");
    assert_eq!(explanation["verdict"]["condition"], "oversubscribed");
}

#[test]
fn without_a_verdict_every_format_says_so_and_how_to_get_one() {
    let says = "judged after 10 s of watching, has 5".to_owned();
    let mut unjudged =
        Scene { headline: Headline { message: says, ..Headline::default() }, judgements: Vec::new(), ..scene() };
    let text = full(&unjudged);
    let expected = "TOO SOON  judged after 10 s of watching, has 5\n`tftop report 2430 --for 12s` gives a verdict.\n\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(!text.contains("CAUSES") && !text.contains("causes looked for"), "{text}");
    let expected = "### tftop: TOO SOON\n\njudged after 10 s of watching, has 5\n`tftop report 2430 --for 12s` gives";
    assert!(output::markdown(&unjudged).starts_with(expected));
    let json: Value = serde_json::from_str(&output::json(&unjudged).unwrap()).unwrap();
    assert_eq!((&json["verdict"]["level"], &json["verdict"]["condition"]), (&Value::Null, &"too_soon".into()));
    for number in ["self_excess", "external", "throttled"] {
        assert_eq!(json["demand"][number], Value::Null);
    }
    unjudged.target.ended = true;
    assert!(output::explain(&unjudged, Page::default()).contains("\nIt ended too soon for a verdict.\n"));
}

#[test]
fn a_healthy_verdict_needs_no_advice_and_no_factor() {
    let says = "demand is 1.9 of 2.0 CPUs: threads hardly wait".to_owned();
    let calm = Headline {
        condition: Verdict::Healthy,
        message: says,
        advice: String::new(),
        caps: Caps::default(),
        ..headline()
    };
    let report = full(&Scene { headline: calm, ..scene() });
    let expected = "HEALTHY  demand is 1.9 of 2.0 CPUs: threads hardly wait\n\npython train.py\n";
    assert!(report.starts_with(expected), "{report}");
}

#[test]
fn a_group_nobody_knows_the_limits_of_says_so() {
    let mut scene = scene();
    scene.groups[1].limits = Limits::default();
    let report = full(&scene);
    assert!(
        report.contains("\nOpenBLAS numpy        1      -  -                       -                      not known\n"),
        "{report}"
    );
    scene.groups.clear();
    assert!(!full(&scene).contains("LIMITS"));
}

#[test]
fn a_limit_says_what_it_bounds() {
    let mut scene = scene();
    let limits = &mut scene.groups[0].limits;
    limits.exceeded_by = 0;
    limits.processes.push(ProcessLimit { pid: Pid(2440), ..limits.processes[0].clone() });
    assert!(full(&scene).contains("  yes, measured, in each of 2 processes\n"));
    let limits = &mut scene.groups[0].limits;
    limits.all[0].applies_to = AppliesTo::Team;
    limits.processes.pop();
    assert!(full(&scene).contains("  yes, measured, per team\n"));
}

#[test]
fn a_target_can_format_nothing_in_markdown() {
    let mut scene = scene();
    scene.target.command = "python `rm` ```x``` @all".to_owned();
    scene.headline.message = "<img src=x> | *a* _b_ [c](d) @ana #12 & `e` f_g".to_owned();
    let report = output::markdown(&scene);
    assert!(report.contains("```` python `rm` ```x``` @all ````, pid 2430"), "{report}");
    let says = r"\<img src=x\> \| \*a\* \_b\_ \[c\](d) @<!-- -->ana #<!-- -->12 &amp; \`e\` f_g";
    assert!(report.contains(says), "{report}");
}

#[test]
fn threads_are_listed_on_request_with_their_evidence() {
    let report = with_threads(&scene());
    let table = report.split("\n\n").find(|section| section.trim_start().starts_with("PID")).unwrap();
    let expected = "\x20\
PID   TID  NAME              ORIGIN          STATE  CPU  GOT CPUs  WAITING CPUs  WANTED CPUs  WAIT  EVIDENCE
2430  2434  tf_numa_-1_Eigen  TF intra-op     R        1      0.65          0.65         1.30  50 %  certain: TensorFlow's own name tf_numa_-1_Eigen
2430  2435  tf_numa_-1_Eigen  TF intra-op     R        1      0.65          0.65         1.30  50 %  certain: TensorFlow's own name tf_numa_-1_Eigen
2430  2431  python            OpenBLAS numpy  S        -         -             -            -     -  guess: only the kernel's name";
    assert_eq!(table.trim_end_matches('\n'), expected);
}

#[test]
fn a_tree_of_processes_has_a_table_of_its_own() {
    let mut scene = scene();
    scene.target.processes.push(ProcessState {
        pid: Pid(2440),
        parent: Pid(2430),
        command: "python worker.py".to_owned(),
        ended: true,
        ..ProcessState::default()
    });
    let report = full(&scene);
    assert!(report.contains("\n3 threads in 2 processes\n"), "{report}");
    assert!(
        report.contains(
            " PID  PARENT  THREADS  GOT CPUs  WAITING CPUs  WANTED CPUs  WAIT  COMMAND\n\
         2430       1        3      1.90          2.70         4.60  59 %  python train.py\n\
         2440    2430        0         -             -            -     -  python worker.py (ended)\n"
        ),
        "{report}"
    );
}

#[test]
fn what_is_missing_estimated_or_guessed_is_said() {
    let mut scene = scene();
    scene.source = CounterSource::StatTicks;
    scene.target.ended = true;
    scene.target.namespaced_pid = Some(7);
    scene.target.tensorflow = Some(TensorFlow { version: None, guessed: true });
    let report = full(&scene);
    assert!(report.contains("waited 59 % of the time it was runnable (estimated)\n"), "{report}");
    assert!(report.contains("pid 2430 (7 in its namespace)  user ana  ended; it ran for 3m12s"), "{report}");
    assert!(report.contains("TensorFlow of unknown version (a guess by its names)"), "{report}");
    scene.demand = None;
    scene.target.tensorflow = None;
    let report = full(&scene);
    assert!(report.contains("No demand yet: it is the difference between two samples"), "{report}");
    assert!(report.contains("\nno TensorFlow  Python 3.11\n"), "{report}");
}

#[test]
fn an_empty_scene_makes_a_report_too() {
    assert!(with_threads(&Scene::default()).contains("0 threads"));
    assert!(output::json(&Scene::default()).unwrap().contains(output::SCHEMA));
}

#[test]
fn control_characters_of_a_target_never_reach_the_terminal() {
    let mut scene = scene();
    scene.target.command = "python \x1b]0;owned\x07".to_owned();
    scene.target.processes.push(ProcessState { command: "\x1b[2J".to_owned(), ..ProcessState::default() });
    scene.groups[0].label = "a\x1b[31mb".to_owned();
    scene.groups[0].waits.as_mut().unwrap().counts[0].phrase.one = "reads \x1b[6m".to_owned();
    scene.gaps.push(Gap::new("x\x1b", "y\u{9b}\n"));
    scene.headline.message = "\x1b[1m".to_owned();
    scene.groups[0].limits.all[0].place = "\x1b[2m".to_owned();
    let Answer::Found(finding) = &mut scene.judgements[1].answer else { panic!("the second cause is found") };
    finding.evidence.push(Evidence::new("\x1b[3m", "\x1b[4m"));
    finding.remedy.export = Some("\x1b[5m".to_owned());
    let reports = [with_threads(&scene), output::markdown(&scene), output::explain(&scene, Page::default())];
    for report in reports.into_iter().chain([output::ps_table(&[Arc::new(scene)], &[], Page::default())]) {
        assert!(report.chars().all(|c| c == '\n' || !c.is_control()), "{report:?}");
    }
}

#[test]
fn every_report_states_what_was_stopped() {
    let unstopped = scene();
    assert!(full(&unstopped).contains("; nothing was stopped."));
    assert!(!output::markdown(&unstopped).contains("stopped"));
    let stops =
        StopTotals { count: 25, total_ns: 5_860_000, median_ns: Some(160_000), longest_ns: 530_000, sampled_s: 2.0 };
    let stopped = Scene { stops: Some(stops), ..unstopped };
    let line = "Threads were stopped one at a time: 5.86 ms in all, 0.29 % of the time, 25 stops, median 0.16 ms, \
                longest 0.53 ms.";
    let text = full(&stopped);
    assert!(text.contains(line) && !text.contains("nothing was stopped"), "{text}");
    assert!(output::markdown(&stopped).contains(line));
    let report: Value = serde_json::from_str(&output::json(&stopped).unwrap()).unwrap();
    assert_eq!(report["stops"]["count"], 25);
    assert_eq!(report["stops"]["stopped_ms"], 5.86);
}

#[test]
fn the_json_report_keeps_every_name_of_its_contract() {
    let text = output::json(&scene()).unwrap();
    assert_eq!(text + "\n", include_str!("data/report.json"));
    let report: Value = serde_json::from_str(include_str!("data/report.json")).unwrap();
    let contract: &[(&str, &[&str])] = &[
        (
            "",
            &[
                "schema",
                "target",
                "window_s",
                "capacity",
                "demand",
                "groups",
                "threads",
                "gaps",
                "cost",
                "stops",
                "predictions",
            ],
        ),
        ("", &["verdict", "findings", "judgements"]),
        ("/groups/0/waits", &["says", "looked_at", "of", "counts", "unknown", "refused"]),
        ("/groups/0/waits/counts/0", &["threads", "doing", "grade"]),
        ("/verdict", &["level", "condition", "says", "advice", "caps"]),
        ("/target", &["pid", "command", "tensorflow", "python", "started", "processes"]),
        ("/capacity", &["effective_cpus", "binding", "terms"]),
        ("/demand", &["got", "waiting", "wanted", "wait_share", "self_excess", "external", "throttled"]),
        ("/findings/0", &["code", "level", "grade", "says", "evidence", "remedy"]),
        ("/findings/0/evidence/0", &["what", "value"]),
        ("/findings/0/remedy", &["text", "export", "python", "caps"]),
        ("/judgements/0", &["code", "answer", "because"]),
        (
            "/groups/0",
            &["origin", "library", "threads", "awake", "got", "waiting", "wanted", "limit", "limits", "knob"],
        ),
        ("/groups/0/limit", &["value", "source", "where"]),
        ("/groups/0/limits/1", &["value", "source", "where", "applies_to", "effective", "overruled", "grade"]),
        (
            "/threads/0",
            &["pid", "tid", "comm", "name", "origin", "library", "because", "confidence", "state", "got", "waiting"],
        ),
        ("/gaps/0", &["what", "why"]),
        ("/cost", &["cpu_ms", "wall_ms", "bytes_read"]),
    ];
    for (place, names) in contract {
        let object = report.pointer(place).and_then(Value::as_object).unwrap();
        for name in *names {
            assert!(object.contains_key(*name), "{place} has no {name}");
        }
    }
    assert_eq!(report["schema"], "tftop.report/1");
}

#[test]
fn a_missing_number_is_null_in_json() {
    let bare = Scene { demand: None, ..scene() };
    let report: Value = serde_json::from_str(&output::json(&bare).unwrap()).unwrap();
    assert_eq!(report["demand"], Value::Null);
    assert_eq!(report["threads"][2]["got"], Value::Null);
    assert_eq!(report["threads"][2]["name"], Value::Null);
}

#[test]
fn the_line_after_the_dashboard_sums_up() {
    let mut scene = scene();
    assert_eq!(
        output::summary(&scene),
        "tftop: pid 2430 got 1.90 and wanted 4.60 of 2.00 CPUs over the last 5.0 s; 3 threads in 2 groups"
    );
    scene.target.ended = true;
    scene.demand = None;
    assert_eq!(output::summary(&scene), "tftop: pid 2430 (ended) was seen once: no demand; 3 threads in 2 groups");
}

#[test]
fn how_good_predictions_were_is_said_where_there_were_any() {
    let mut scene = scene();
    let line = "3 predictions for this command so far: wanted off by 12 %, got by 4 % (median)";
    assert!(!full(&scene).contains("for this command so far"));
    scene.past_predictions = Some(PastPredictions { count: 3, wanted_off: 0.121, got_off: 0.04 });
    assert!(full(&scene).lines().any(|it| it == line), "{}", full(&scene));
    assert!(output::markdown(&scene).contains(line));
    let report: Value = serde_json::from_str(&output::json(&scene).unwrap()).unwrap();
    assert_eq!(report["predictions"]["count"], 3);
    assert_eq!(report["predictions"]["wanted_off_share"], 0.121);
}
