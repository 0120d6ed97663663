//! Reports are byte-exact functions of a scene.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::Value;
use tftop::fact::{Cost, CounterSource, Gap, Identity, NameSource, Pid, State, TargetName, Text, ThreadKey, Tid};
use tftop::model::Scene;
use tftop::model::scene::{
    Attribution, Capacity, Confidence, Demand, Group, GroupKey, Process, Target, TensorFlow, Term, TermKind, Thread,
};
use tftop::report;

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
        attribution: Arc::new(Attribution { group: key.clone(), because, confidence }),
        state: State::Running,
        last_cpu: Some(1),
        affinity: Some(Arc::new("0-3".parse().unwrap())),
        demand: Some(Demand::new(0.65, 0.65)),
        slices_per_s: None,
    }
}

fn target() -> Target {
    Target {
        pid: Pid(2430),
        command: "python train.py".to_owned(),
        user: Some("ana".into()),
        tensorflow: Some(TensorFlow { version: Some("2.21.0".into()), guessed: false }),
        python: Some("3.11".into()),
        started_unix_s: 1_795_191_549,
        uptime_s: 192.4,
        processes: vec![Process {
            pid: Pid(2430),
            parent: Pid(1),
            command: "python train.py".to_owned(),
            threads: 3,
            demand: Some(Demand::new(1.9, 2.7)),
            ended: false,
        }],
        ..Target::default()
    }
}

fn scene() -> Scene {
    let groups = vec![
        group("tf-intra-op", None, "TF intra-op", 2, Demand::new(1.3, 1.3)),
        group("openblas", Some("numpy"), "OpenBLAS numpy", 1, Demand::new(0.0, 0.0)),
    ];
    let threads = vec![
        thread(2434, 0, &groups[0].key, Some("tf_numa_-1_Eigen"), Confidence::Certain),
        thread(2435, 0, &groups[0].key, Some("tf_numa_-1_Eigen"), Confidence::Certain),
        Thread {
            state: State::Sleeping,
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
        ..Scene::default()
    }
}

#[test]
fn a_report_for_people_is_complete_and_every_number_has_a_unit() {
    let expected = "\
python train.py
pid 2430  user ana  running for 3m12s  since 2026-11-20T16:19:09Z
TensorFlow 2.21.0  Python 3.11
3 threads

CPUs it may use: 2.00, the smallest of
   affinity   4.00 CPUs  CPUs 0-3
>  quota      2.00 CPUs  /job, throttled in 25 % of its periods, binds
   online    64.00 CPUs  CPUs 0-63

Over 5.0 s it got 1.90 CPUs and waited for 2.70 CPUs: wanted 4.60 CPUs, wait share 59 %

ORIGIN          THREADS  AWAKE  GOT CPUs  WAITING CPUs  WANTED CPUs  WAIT  EVIDENCE
TF intra-op           2   1.00      1.30          1.30         2.60  50 %  certain
OpenBLAS numpy        1   0.50      0.00          0.00         0.00     -  guess

Missing:
  NumPy's thread names: the process's memory may not be read: run tftop with sudo

The last look cost 0.3 ms of CPU and 0.5 ms of time, and read 120 kB; nothing was stopped.
";
    assert_eq!(report::text(&scene(), false), expected);
}

#[test]
fn threads_are_listed_on_request_with_their_evidence() {
    let report = report::text(&scene(), true);
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
    scene.target.processes.push(Process {
        pid: Pid(2440),
        parent: Pid(2430),
        command: "python worker.py".to_owned(),
        ended: true,
        ..Process::default()
    });
    let report = report::text(&scene, false);
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
    let report = report::text(&scene, false);
    assert!(report.contains("wait share 59 % (estimated)\n"), "{report}");
    assert!(report.contains("pid 2430 (7 in its namespace)  user ana  ended; it ran for 3m12s"), "{report}");
    assert!(report.contains("TensorFlow of unknown version (a guess by its names)"), "{report}");
    scene.demand = None;
    scene.target.tensorflow = None;
    let report = report::text(&scene, false);
    assert!(report.contains("No demand: it is the difference between two looks"), "{report}");
    assert!(report.contains("\nno TensorFlow  Python 3.11\n"), "{report}");
}

#[test]
fn an_empty_scene_makes_a_report_too() {
    assert!(report::text(&Scene::default(), true).contains("0 threads"));
    assert!(report::json(&Scene::default()).unwrap().contains(report::SCHEMA));
}

#[test]
fn control_characters_of_a_target_never_reach_the_terminal() {
    let mut scene = scene();
    scene.target.command = "python \x1b]0;owned\x07".to_owned();
    scene.target.processes.push(Process { command: "\x1b[2J".to_owned(), ..Process::default() });
    scene.groups[0].label = "a\x1b[31mb".to_owned();
    scene.gaps.push(Gap::new("x\x1b", "y\u{9b}\n"));
    for report in [report::text(&scene, true), report::ps_table(&[Arc::new(scene)])] {
        assert!(report.chars().all(|c| c == '\n' || !c.is_control()), "{report:?}");
    }
}

#[test]
fn the_json_report_keeps_every_name_of_its_contract() {
    let text = report::json(&scene()).unwrap();
    assert_eq!(text + "\n", include_str!("data/report.json"));
    let report: Value = serde_json::from_str(include_str!("data/report.json")).unwrap();
    let contract: &[(&str, &[&str])] = &[
        ("", &["schema", "target", "window_s", "capacity", "demand", "groups", "threads", "gaps", "cost"]),
        ("/target", &["pid", "command", "tensorflow", "python", "started", "processes"]),
        ("/capacity", &["effective_cpus", "binding", "terms"]),
        ("/demand", &["got", "waiting", "wanted", "wait_share"]),
        ("/groups/0", &["origin", "library", "threads", "awake", "got", "waiting", "wanted"]),
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
    let report: Value = serde_json::from_str(&report::json(&bare).unwrap()).unwrap();
    assert_eq!(report["demand"], Value::Null);
    assert_eq!(report["threads"][2]["got"], Value::Null);
    assert_eq!(report["threads"][2]["name"], Value::Null);
}

#[test]
fn a_listing_shows_threads_by_origin_below_each_process() {
    let guessed = Scene {
        target: Target {
            pid: Pid(31),
            command: "python -m notebook".to_owned(),
            tensorflow: Some(TensorFlow { version: None, guessed: true }),
            uptime_s: 8.0,
            ..Target::default()
        },
        gaps: vec![Gap::new("thread names", "another user's process: run tftop with sudo")],
        ..Scene::default()
    };
    let expected = "\x20\
PID  USER     UP  TF       PYTHON  THREADS  GOT CPUs  WANTED CPUs  COMMAND
2430  ana   3m12s  2.21.0   3.11          3      1.90         4.60  python train.py
    2 TF intra-op, 1 OpenBLAS numpy
    missing: NumPy's thread names: the process's memory may not be read: run tftop with sudo
  31  -        8s  guessed  -             0         -            -  python -m notebook
    missing: thread names: another user's process: run tftop with sudo
";
    assert_eq!(report::ps_table(&[Arc::new(scene()), Arc::new(guessed)]), expected);
}

#[test]
fn the_json_listing_has_its_own_schema() {
    let listing: Value = serde_json::from_str(&report::ps_json(&[Arc::new(scene())]).unwrap()).unwrap();
    assert_eq!(listing["schema"], report::PS_SCHEMA);
    let process = &listing["processes"][0];
    assert_eq!(process["pid"], 2430);
    assert_eq!(process["tensorflow"], "2.21.0");
    assert_eq!(process["origins"][1]["library"], "numpy");
    assert_eq!(process["demand"]["wanted"], 4.6);
    let none: Value = serde_json::from_str(&report::ps_json(&[]).unwrap()).unwrap();
    assert_eq!(none["processes"], Value::Array(Vec::new()));
}

#[test]
fn the_line_after_the_dashboard_sums_up() {
    let mut scene = scene();
    assert_eq!(
        report::summary(&scene),
        "tftop: pid 2430 got 1.90 and wanted 4.60 of 2.00 CPUs over the last 5.0 s; 3 threads in 2 groups"
    );
    scene.target.ended = true;
    scene.demand = None;
    assert_eq!(report::summary(&scene), "tftop: pid 2430 (ended) was seen once: no demand; 3 threads in 2 groups");
}
