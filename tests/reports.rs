//! Reports are byte-exact functions of a scene.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::Value;
use tftop::data::limits::{AppliesTo, CapKind, Caps, Grade, Knob, Limit, LimitSource, Limits, ProcessLimit};
use tftop::data::sample::{Cost, CounterSource, Identity, NameSource, TargetName, ThreadState};
use tftop::data::scene::{
    Answer, Attribution, Capacity, Confidence, Demand, Evidence, Finding, Group, GroupKey, Headline, Level, Phrase,
    Pressure, ProcessState, Remedy, RuleAnswer, Scene, StopTotals, TargetState, TensorFlow, Term, TermKind, Thread,
    Verdict, WaitCount, Waits,
};
use tftop::data::{Gap, Pid, Text, ThreadKey, Tid};
use tftop::output;

fn term(kind: TermKind, cpus: f64) -> Term {
    Term { kind, cpus, set: None, place: None, throttled_share: None }
}

fn capacity() -> Capacity {
    let affinity = Term { set: Some("0-3".parse().unwrap()), ..term(TermKind::Affinity, 4.0) };
    let quota = Term { place: Some(Text::from("/job")), throttled_share: Some(0.25), ..term(TermKind::Quota, 2.0) };
    let online = Term { set: Some("0-63".parse().unwrap()), ..term(TermKind::Online, 64.0) };
    Capacity { effective_cpus: 2.0, terms: vec![affinity, quota, online], binding: Some(1), declared: Vec::new() }
}

fn group(origin: &str, library: Option<&str>, label: &str, threads: u32, demand: Demand) -> Group {
    Group {
        key: GroupKey { origin: origin.into(), library: library.map(Into::into) },
        label: label.to_owned(),
        threads,
        awake: Some(f64::from(threads) / 2.0),
        demand: Some(demand),
        total_run_s: demand.got * 5.0,
        total_wait_s: demand.waiting * 5.0,
        ..Group::default()
    }
}

fn thread(tid: u32, group: usize, key: &GroupKey, name: Option<&str>, confidence: Confidence) -> Thread {
    let target_name = name.map(|name| TargetName { name: name.into(), source: NameSource::TensorFlow });
    let because = match name {
        Some(name) => format!("TensorFlow's own name {name}"),
        None => "only the kernel's name".to_owned(),
    };
    Thread {
        key: ThreadKey { tid: Tid(tid), start_ticks: 7 },
        pid: Pid(2430),
        group,
        identity: Arc::new(Identity { comm: "python".into(), target_name, ..Identity::default() }),
        attribution: Arc::new(Attribution { group: key.clone(), because, confidence, ..Attribution::default() }),
        state: ThreadState::Running,
        last_cpu: Some(1),
        affinity: Some(Arc::new("0-3".parse().unwrap())),
        demand: Some(Demand::new(0.65, 0.65)),
        slices_per_s: None,
    }
}

fn target() -> TargetState {
    TargetState {
        pid: Pid(2430),
        command: "python train.py".to_owned(),
        user: Some("ana".into()),
        tensorflow: Some(TensorFlow { version: Some("2.21.0".into()), guessed: false }),
        python: Some("3.11".into()),
        started_unix_s: 1_795_191_549,
        uptime_s: 192.4,
        processes: vec![ProcessState {
            pid: Pid(2430),
            parent: Pid(1),
            command: "python train.py".to_owned(),
            threads: 3,
            demand: Some(Demand::new(1.9, 2.7)),
            ended: false,
        }],
        ..TargetState::default()
    }
}

fn limit(value: u32, source: LimitSource, place: &str, overruled: Option<&str>, grade: Grade) -> Limit {
    Limit {
        value,
        source,
        place: place.to_owned(),
        applies_to: AppliesTo::Pool,
        overruled: overruled.map(str::to_owned),
        grade,
    }
}

fn intra_limits() -> Limits {
    let by_config = Some("overruled by tf.config");
    Limits {
        all: vec![
            limit(1, LimitSource::TfConfig, "its context in memory", None, Grade::Measured),
            limit(
                3,
                LimitSource::Variable("TF_NUM_INTRAOP_THREADS"),
                "environment at start",
                by_config,
                Grade::Inferred,
            ),
        ],
        effective: Some(0),
        knob: Knob::Setting("tf.config or TF_NUM_INTRAOP_THREADS, before TensorFlow starts".into()),
        exceeded_by: 1,
        processes: vec![ProcessLimit {
            pid: Pid(2430),
            threads: 2,
            limit: Some(limit(1, LimitSource::TfConfig, "its context in memory", None, Grade::Measured)),
            exceeded_by: 1,
        }],
    }
}

fn headline() -> Headline {
    Headline {
        condition: Verdict::Oversubscribed,
        message: "4.6 threads want 2.0 CPUs: TF intra-op 2.6 of them, limit 1 (tf.config)".to_owned(),
        advice: "intra=1 would fit.".to_owned(),
        caps: Caps::of([(CapKind::Intra, 1)]),
        in_program: Vec::new(),
        judged_s: 10.0,
        pressure: Some(Pressure {
            saturation: 2.3,
            wait_share: 0.587,
            wait_ms_per_slice: 8.0,
            self_excess: 2.6,
            external: 0.1,
            throttled_share: Some(0.25),
        }),
    }
}

fn judgements() -> Vec<RuleAnswer> {
    let finding = Finding {
        level: Level::Notice,
        grade: Grade::Measured,
        message: "tf.config says intra = 1, but the pool has 2 threads".to_owned(),
        evidence: vec![Evidence::new("tf.config intra", "1 threads"), Evidence::new("threads of the pool", "2")],
        remedy: Remedy {
            text: "set it before the first op".to_owned(),
            export: Some("export TF_NUM_INTRAOP_THREADS=1".to_owned()),
            python: Some("tf.config.threading.set_intra_op_parallelism_threads(1)".to_owned()),
            caps: Caps::of([(CapKind::Intra, 1)]),
        },
    };
    let judgement = |code, asks, verdict| RuleAnswer { code, question: asks, answer: verdict };
    let (leak, spinning) = ("60 s of watching, has 5".to_owned(), "1 thread always runs: only stacks tell".to_owned());
    vec![
        judgement("throttled", "Does a quota take CPUs away?", Answer::Clear { because: "no quota".to_owned() }),
        judgement("late-setting", "Was a setting made too late?", Answer::Found(Box::new(finding))),
        judgement("spinning", "Do threads spin?", Answer::CantTell { because: spinning }),
        judgement("thread-leak", "Do threads keep growing?", Answer::TooSoon { needs: leak }),
    ]
}

fn waits() -> Waits {
    let words = |one: &str, many: &str| Phrase { one: one.to_owned(), many: many.to_owned(), short: String::new() };
    let for_work = words("waits for work (futex)", "wait for work (futex)");
    Waits {
        sampled: 2,
        of: 2,
        counts: vec![
            WaitCount {
                threads: 1,
                phrase: words("reads train.tfrecord", "read train.tfrecord"),
                grade: Grade::Measured,
            },
            WaitCount { threads: 1, phrase: for_work, grade: Grade::Inferred },
        ],
        unknown: 0,
        refused: None,
    }
}

fn scene() -> Scene {
    let no_knob = Limits { knob: Knob::None, ..Limits::default() };
    let groups = vec![
        Group {
            limits: intra_limits(),
            waits: Some(waits()),
            ..group("tf-intra-op", None, "TF intra-op", 2, Demand::new(1.3, 1.3))
        },
        Group { limits: no_knob, ..group("openblas", Some("numpy"), "OpenBLAS numpy", 1, Demand::new(0.0, 0.0)) },
    ];
    let threads = vec![
        thread(2434, 0, &groups[0].key, Some("tf_numa_-1_Eigen"), Confidence::Certain),
        thread(2435, 0, &groups[0].key, Some("tf_numa_-1_Eigen"), Confidence::Certain),
        Thread {
            state: ThreadState::Sleeping,
            demand: None,
            last_cpu: None,
            ..thread(2431, 1, &groups[1].key, None, Confidence::Guess)
        },
    ];
    Scene {
        tick: 6,
        interval_s: 1.0,
        window_s: 5.0,
        target: target(),
        capacity: capacity(),
        demand: Some(Demand::new(1.9, 2.7)),
        groups,
        threads,
        gaps: vec![Gap::new("NumPy's thread names", "the process's memory may not be read: run tftop with sudo")],
        cost: Cost { cpu_ns: 340_000, wall_ns: 510_000, bytes_read: 120_300 },
        headline: headline(),
        judgements: judgements(),
        ..Scene::default()
    }
}

#[test]
fn a_report_for_people_is_complete_and_every_number_has_a_unit() {
    assert_eq!(output::text(&scene(), false), include_str!("data/report.txt"));
}

#[test]
fn a_report_in_markdown_can_be_pasted_into_an_issue() {
    assert_eq!(output::markdown(&scene()), include_str!("data/report.md"));
}

#[test]
fn an_explanation_has_every_cause_with_its_answer() {
    assert_eq!(output::explain(&scene()), include_str!("data/explain.txt"));
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
    let text = output::text(&unjudged, false);
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
    assert!(output::explain(&unjudged).contains("\nIt ended too soon for a verdict.\n"));
}

#[test]
fn a_healthy_verdict_needs_no_advice_and_no_factor() {
    let says = "1.9 of 2.0 CPUs are wanted, nobody has to wait long".to_owned();
    let calm = Headline {
        condition: Verdict::Healthy,
        message: says,
        advice: String::new(),
        caps: Caps::default(),
        ..headline()
    };
    let report = output::text(&Scene { headline: calm, ..scene() }, false);
    let expected = "HEALTHY  1.9 of 2.0 CPUs are wanted, nobody has to wait long\n\npython train.py\n";
    assert!(report.starts_with(expected), "{report}");
}

#[test]
fn a_group_nobody_knows_the_limits_of_says_so() {
    let mut scene = scene();
    scene.groups[1].limits = Limits::default();
    let report = output::text(&scene, false);
    assert!(
        report.contains("\nOpenBLAS numpy        1      -  -                       -                      not known\n"),
        "{report}"
    );
    scene.groups.clear();
    assert!(!output::text(&scene, false).contains("LIMITS"));
}

#[test]
fn a_limit_says_what_it_bounds() {
    let mut scene = scene();
    let limits = &mut scene.groups[0].limits;
    limits.exceeded_by = 0;
    limits.processes.push(ProcessLimit { pid: Pid(2440), ..limits.processes[0].clone() });
    assert!(output::text(&scene, false).contains("  yes, measured, in each of 2 processes\n"));
    let limits = &mut scene.groups[0].limits;
    limits.all[0].applies_to = AppliesTo::Team;
    limits.processes.pop();
    assert!(output::text(&scene, false).contains("  yes, measured, per team\n"));
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
    let report = output::text(&scene(), true);
    let table = report.split("\n\n").find(|section| section.trim_start().starts_with("PID")).unwrap();
    let expected = "\x20\
PID   TID  NAME              ORIGIN          STATE  LAST CPU  GOT CPUs  WAITING CPUs  WANTED CPUs  WAIT  EVIDENCE
2430  2434  tf_numa_-1_Eigen  TF intra-op     R             1      0.65          0.65         1.30  50 %  certain: TensorFlow's own name tf_numa_-1_Eigen
2430  2435  tf_numa_-1_Eigen  TF intra-op     R             1      0.65          0.65         1.30  50 %  certain: TensorFlow's own name tf_numa_-1_Eigen
2430  2431  python            OpenBLAS numpy  S             -         -             -            -     -  guess: only the kernel's name";
    assert_eq!(table, expected);
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
    let report = output::text(&scene, false);
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
    let report = output::text(&scene, false);
    assert!(report.contains("wait share 59 % (estimated)\n"), "{report}");
    assert!(report.contains("pid 2430 (7 in its namespace)  user ana  ended; it ran for 3m12s"), "{report}");
    assert!(report.contains("TensorFlow of unknown version (a guess by its names)"), "{report}");
    scene.demand = None;
    scene.target.tensorflow = None;
    let report = output::text(&scene, false);
    assert!(report.contains("No demand: it is the difference between two looks"), "{report}");
    assert!(report.contains("\nno TensorFlow  Python 3.11\n"), "{report}");
}

#[test]
fn an_empty_scene_makes_a_report_too() {
    assert!(output::text(&Scene::default(), true).contains("0 threads"));
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
    let reports = [output::text(&scene, true), output::markdown(&scene), output::explain(&scene)];
    for report in reports.into_iter().chain([output::ps_table(&[Arc::new(scene)])]) {
        assert!(report.chars().all(|c| c == '\n' || !c.is_control()), "{report:?}");
    }
}

#[test]
fn every_report_states_what_was_stopped() {
    let unstopped = scene();
    assert!(output::text(&unstopped, false).contains("; nothing was stopped."));
    assert!(!output::markdown(&unstopped).contains("stopped"));
    let stops =
        StopTotals { count: 25, total_ns: 5_860_000, median_ns: Some(160_000), longest_ns: 530_000, sampled_s: 2.0 };
    let stopped = Scene { stops: Some(stops), ..unstopped };
    let line = "Threads were stopped one at a time: 5.86 ms in all, 0.29 % of the time, 25 stops, median 0.16 ms, \
                longest 0.53 ms.";
    let text = output::text(&stopped, false);
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
        ("", &["schema", "target", "window_s", "capacity", "demand", "groups", "threads", "gaps", "cost", "stops"]),
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
fn a_listing_shows_threads_by_origin_below_each_process() {
    let guessed = Scene {
        target: TargetState {
            pid: Pid(31),
            command: "python -m notebook".to_owned(),
            tensorflow: Some(TensorFlow { version: None, guessed: true }),
            uptime_s: 8.0,
            ..TargetState::default()
        },
        gaps: vec![Gap::new("thread names", "another user's process: run tftop with sudo")],
        ..Scene::default()
    };
    let expected = "\
2 TensorFlow processes want 4.60 of this machine's 64 CPUs and get 1.90; pid 2430 wants most: 4.60 CPUs; 1 seen only once and not counted

 PID  USER     UP  TF       PYTHON  THREADS  GOT CPUs  WANTED CPUs  COMMAND
2430  ana   3m12s  2.21.0   3.11          3      1.90         4.60  python train.py
    2 TF intra-op, 1 OpenBLAS numpy
    missing: NumPy's thread names: the process's memory may not be read: run tftop with sudo
  31  -        8s  guessed  -             0         -            -  python -m notebook
    missing: thread names: another user's process: run tftop with sudo
";
    assert_eq!(output::ps_table(&[Arc::new(scene()), Arc::new(guessed)]), expected);
}

#[test]
fn the_json_listing_has_its_own_schema() {
    let listing: Value = serde_json::from_str(&output::ps_json(&[Arc::new(scene())]).unwrap()).unwrap();
    assert_eq!(listing["schema"], output::PS_SCHEMA);
    let process = &listing["processes"][0];
    assert_eq!(process["pid"], 2430);
    assert_eq!(process["tensorflow"], "2.21.0");
    assert_eq!(process["origins"][1]["library"], "numpy");
    assert_eq!(process["demand"]["wanted"], 4.6);
    let none: Value = serde_json::from_str(&output::ps_json(&[]).unwrap()).unwrap();
    assert_eq!(none["processes"], Value::Array(Vec::new()));
    assert_eq!(none["host"]["demand"], Value::Null);
}

#[test]
fn a_listing_adds_up_all_processes_against_the_machine() {
    let other =
        Scene { target: TargetState { pid: Pid(99), ..target() }, demand: Some(Demand::new(3.0, 2.0)), ..scene() };
    let scenes = [Arc::new(scene()), Arc::new(other)];
    let first = |scenes: &[Arc<Scene>]| output::ps_table(scenes).lines().next().unwrap().to_owned();
    assert_eq!(
        first(&scenes),
        "2 TensorFlow processes want 9.60 of this machine's 64 CPUs and get 4.90; pid 99 wants most: 5.00 CPUs"
    );
    assert_eq!(first(&scenes[..1]), "1 TensorFlow process wants 4.60 of this machine's 64 CPUs and gets 1.90");
    let listing: Value = serde_json::from_str(&output::ps_json(&scenes).unwrap()).unwrap();
    let host = &listing["host"];
    assert_eq!((&host["cpus"], &host["wants_most"], &host["unmeasured"]), (&64.0.into(), &99.into(), &0.into()));
    assert_eq!(host["demand"]["wanted"], 9.6);
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
