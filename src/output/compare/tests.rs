//! Two sides side by side, as a person reads them.

use super::*;
use crate::data::Gap;
use crate::data::limits::{CapKind, Caps};
use crate::data::scene::{Demand, GroupKey};
use crate::present::format::page::Page;
use crate::runs::comparison::compare;
use crate::runs::comparison::types::ComparedSide;
use crate::runs::stats::run_context::RunContext;
use crate::runs::stats::run_stats::{GroupStats, Neighbours, RunStats, UsedMarks};
use crate::runs::stats::spread::Spread;
use crate::runs::stats::step_times::StepTimes;

fn outcome(intra: u32, ms: f64, got: f64, waiting: f64) -> RunStats {
    let blocks_ms: Vec<f64> = (0..10).map(|at| ms * (1.0 + f64::from(at % 3) / 100.0)).collect();
    let cpus = Spread { low: 0.02, median: 0.05, high: 0.11 };
    let group = GroupStats {
        key: GroupKey { origin: "tf-intra-op".into(), library: None },
        label: "TF intra-op".to_owned(),
        most_threads: intra,
        demand: Demand::new(got, waiting),
    };
    RunStats {
        context: RunContext {
            command: "python train.py --with a-command-that-is-longer-than-any-column-may-be".to_owned(),
            caps: Caps::of([(CapKind::Intra, intra)]),
            intra: Some(i64::from(intra)),
            ..RunContext::default()
        },
        seconds: 10.0,
        marks: Some(UsedMarks::default()),
        steps: Some(StepTimes {
            count: 1000,
            median_ms: ms,
            p95_ms: ms * 1.5,
            min_ms: ms * 0.8,
            max_ms: ms * 9.0,
            per_second: 1000.0 / ms,
            spread_ms: Spread::of(blocks_ms.iter().copied()),
            blocks_ms,
            mean_ms: ms,
        }),
        cpu_ms_per_step: Some(ms * got),
        demand: Some(Demand::new(got, waiting)),
        groups: vec![group],
        effective_cpus: Some(2.0),
        neighbours: Some(Neighbours { cpus, of: 2, allowed_cpus: cpus, of_allowed: 2 }),
        ..RunStats::default()
    }
}

/// A terminal of 80 columns, in a box.
const PAGE: Page = Page { width: Some(78), palette: None, ascii: false };

fn compared(check: impl FnOnce(&ComparedRuns)) {
    let sides = [
        ComparedSide::new("A", vec![outcome(8, 20.0, 1.9, 3.1)]),
        ComparedSide::new("B", vec![outcome(1, 10.0, 0.9, 0.0)]),
    ];
    let comparison = compare(&sides);
    let runs = ["A", "B"].map(|label| SideRuns {
        label: label.to_owned(),
        runs: vec![format!("20261120-1930-{label}")],
        spans: vec![None],
    });
    check(&ComparedRuns { comparison: &comparison, sides: &runs, warmup: Warmup::Usual });
}

#[test]
fn two_sides_fit_into_80_columns() {
    compared(|compared| {
        let text = text(compared, PAGE);
        assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
        insta::with_settings!({ snapshot_path => "../../../tests/snapshots", omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("compare_text", text);
        });
    });
}

#[test]
fn the_same_can_be_pasted() {
    compared(|compared| {
        insta::with_settings!({ snapshot_path => "../../../tests/snapshots", omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("compare_markdown", markdown(compared));
        });
    });
}

#[test]
fn json_names_its_schema_and_its_verdict() {
    compared(|compared| {
        let json: serde_json::Value = serde_json::from_str(&json(compared).unwrap()).unwrap();
        assert_eq!(json["schema"], "tftop.compare/1");
        assert_eq!(json["verdict"]["verdict"], "winner");
        assert_eq!(json["verdict"]["side"], "B");
        assert_eq!(json["warmup"], "usual");
        assert_eq!(json["runs"][0]["runs"][0], "20261120-1930-A");
        assert_eq!(json["sides"][0]["standing"]["standing"], "slower");
        assert_eq!(json["runs"][0]["spans"][0], serde_json::Value::Null);
        assert_eq!(json["comparable"][0], serde_json::json!({ "what": "time a step", "answer": "yes", "why": "" }));
    });
}

#[test]
fn what_can_not_be_compared_is_said_and_only_then() {
    compared(|compared| {
        assert!(!text(compared, PAGE).contains("COMPARABLE") && !markdown(compared).contains("Comparable"))
    });
    let unstepped = RunStats { steps: None, marks: None, cpu_ms_per_step: None, ..outcome(1, 10.0, 0.9, 0.0) };
    let sides = ["A", "B"].map(|label| ComparedSide::new(label, vec![unstepped.clone()]));
    let comparison = compare(&sides);
    let compared = ComparedRuns { comparison: &comparison, sides: &[], warmup: Warmup::Usual };
    let text = text(&compared, Page::default());
    assert!(text.contains("COMPARABLE\n  time a step: no: A: there are no steps\n"), "{text}");
    assert!(text.contains("  CPUs got, wanted and waited for: with caution: how much was done meanwhile"), "{text}");
    assert!(text.contains("  threads of each group: yes\n"), "{text}");
    assert!(
        markdown(&compared).contains("| CPU time a step | no | it is not known of A, B |"),
        "{}",
        markdown(&compared)
    );
}

#[test]
fn what_a_file_says_of_itself_drives_no_terminal() {
    let mut bad = outcome(1, 10.0, 1.0, 0.0);
    bad.context.command = "\u{1b}[31mred".to_owned();
    bad.groups[0].label = "\u{1b}]0;title\u{7}".to_owned();
    bad.gaps = vec![Gap::new("x\u{1b}", "y\n### z")];
    let sides = [ComparedSide::new("A", vec![bad]), ComparedSide::new("B", vec![RunStats::default()])];
    let comparison = compare(&sides);
    let compared = ComparedRuns { comparison: &comparison, sides: &[], warmup: Warmup::Usual };
    for said in [text(&compared, PAGE), markdown(&compared)] {
        assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
        assert!(!said.contains("\n### z"), "{said}");
    }
}
