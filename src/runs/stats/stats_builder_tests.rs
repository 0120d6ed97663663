//! Runs made of whole seconds: what is left out, what is counted, what is said to be missing.

use std::sync::Arc;

use super::*;
use crate::data::ProcessKey;
use crate::data::sample::{
    CgroupFact, CgroupVersion, CpuTime, LaunchFact, LaunchSample, ProcessFact, ProcessSample, Quota, ShimReport,
    StepMarks, StepSource, Throttle,
};
use crate::data::scene::{Capacity, Cpu, Group, GroupKey, LaunchState};

const SECOND: u64 = 1_000_000_000;

/// A run on two CPUs, four steps of 250 ms a second: it gets 1.5 CPUs, waits for 0.5, and a neighbour takes 0.25.
struct Run {
    builder: StatsBuilder,
    second: u64,
    groups: Vec<(&'static str, u32, f64, f64)>,
    marks: bool,
}

impl Run {
    fn new() -> Self {
        Self { builder: StatsBuilder::default(), second: 0, groups: vec![("tf-intra-op", 8, 1.5, 0.5)], marks: true }
    }

    fn seconds(mut self, seconds: u64, step_ms: u32) -> Self {
        for _ in 0..seconds {
            self.tick(step_ms);
        }
        self
    }

    fn tick(&mut self, step_ms: u32) {
        self.second += 1;
        let (sample, scene) = (self.sample(step_ms), self.scene());
        self.builder.add(&sample, &scene);
    }

    fn sample(&self, step_ms: u32) -> Sample {
        let second = self.second;
        let cgroup = CgroupFact {
            path: "/pod".into(),
            version: CgroupVersion::V2,
            quota: Quota { quota_us: 200_000, period_us: 100_000 },
        };
        let fact = ProcessFact {
            key: ProcessKey { start_ticks: 50, ..ProcessKey::default() },
            command: vec!["python".into(), "train.py".into()],
            cgroups: vec![cgroup],
            ..ProcessFact::default()
        };
        let marks = StepMarks {
            at_ns: second * SECOND,
            source: StepSource::Keras,
            steps: u64::from(1000 / step_ms),
            durations_us: vec![step_ms * 1000; (1000 / step_ms) as usize],
            ..StepMarks::default()
        };
        let launch = LaunchSample {
            fact: Arc::new(LaunchFact { shim: ShimUse::Enforce, ..LaunchFact::default() }),
            report: Arc::new(ShimReport { processes: [7].into(), ..ShimReport::default() }),
            marks: if self.marks && second > 1 { vec![marks] } else { Vec::new() },
            replaced: None,
        };
        let cpu = |cpu, busy_ticks| CpuTime { cpu, busy_ticks, idle_ticks: 100 * second - busy_ticks, steal_ticks: 0 };
        let throttle = Throttle { periods: 10 * second, throttled_periods: 2 * second, throttled_ns: 0 };
        Sample {
            at_ns: second * SECOND,
            cpus: vec![cpu(0, 90 * second), cpu(1, 85 * second)],
            processes: vec![ProcessSample {
                fact: Arc::new(fact),
                cpu_ticks: 150 * second,
                throttle: vec![Some(throttle)],
                ..ProcessSample::default()
            }],
            launch: Some(launch),
            ..Sample::default()
        }
    }

    fn scene(&self) -> Scene {
        let group = |&(origin, threads, run_s, wait_s): &(&str, u32, f64, f64)| Group {
            key: GroupKey { origin: origin.into(), library: None },
            label: origin.to_uppercase(),
            threads,
            total_run_s: run_s * self.second as f64,
            total_wait_s: wait_s * self.second as f64,
            ..Group::default()
        };
        Scene {
            at_ns: self.second * SECOND,
            capacity: Capacity { effective_cpus: 2.0, ..Capacity::default() },
            cpus: (0..2).map(|cpu| Cpu { cpu, allowed: cpu == 0, ..Cpu::default() }).collect(),
            groups: self.groups.iter().map(group).collect(),
            launch: Some(LaunchState::default()),
            ..Scene::default()
        }
    }
}

fn near(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 0.01
}

#[test]
fn a_run_that_is_too_short_to_be_compared_says_what_it_takes() {
    let said = |seconds| Run::new().seconds(seconds, 250).builder.outcome(Warmup::Usual).too_short();
    assert_eq!(said(4).as_deref(), Some("it takes 4 s and 12 steps after the warm-up"));
    assert_eq!((said(20), StatsBuilder::default().outcome(Warmup::Usual).too_short()), (None, None));
}

#[test]
fn everything_is_measured_between_the_marks_that_are_no_warmup() {
    let outcome = Run::new().seconds(41, 250).builder.outcome(Warmup::Usual);
    assert_eq!(outcome.warmup, SkippedWarmup { rule: Warmup::Usual, steps: 16, seconds: 4.0 });
    let steps = outcome.steps.unwrap();
    assert_eq!((steps.count, steps.median_ms, steps.typical_ms(), steps.per_second), (144, 250.0, 250.0, 4.0));
    assert_eq!(outcome.seconds, 36.0);
    assert!(near(outcome.cpu_ms_per_step.unwrap(), 375.0), "{:?}", outcome.cpu_ms_per_step);
    let demand = outcome.demand.unwrap();
    assert!(near(demand.got, 1.5) && near(demand.waiting, 0.5), "{demand:?}");
    let neighbours = outcome.neighbours.unwrap();
    assert!(near(neighbours.cpus.median, 0.25), "{neighbours:?}");
    assert_eq!((neighbours.of, neighbours.of_allowed), (2, 1));
    assert_eq!((outcome.effective_cpus, outcome.throttled_share), (Some(2.0), Some(0.2)));
    assert_eq!((outcome.groups[0].most_threads, &*outcome.groups[0].label), (8, "TF-INTRA-OP"));
    assert_eq!((outcome.context.command.as_str(), outcome.gaps), ("python train.py", Vec::new()));
}

#[test]
fn a_slow_begin_is_left_out_by_the_number_of_steps_asked_for() {
    let run = Run::new().seconds(11, 500).seconds(20, 250);
    let steps = |warmup| run.builder.outcome(warmup).steps.unwrap();
    assert_eq!((steps(Warmup::Steps(20)).max_ms, steps(Warmup::Steps(20)).count), (250.0, 80));
    assert_eq!((steps(Warmup::Steps(0)).max_ms, steps(Warmup::Steps(0)).count), (500.0, 100));
}

#[test]
fn what_is_missing_is_said_with_its_reason() {
    let mut silent = Run::new();
    silent.marks = false;
    let outcome = silent.seconds(10, 250).builder.outcome(Warmup::Usual);
    assert!(
        outcome.gaps.iter().any(|gap| gap.what == "step times" && gap.why.contains("no loop that the shim can mark"))
    );
    assert!(outcome.demand.is_some_and(|demand| near(demand.got, 1.5)), "the rest is measured all the same");
    let short = Run::new().seconds(2, 250).builder.outcome(Warmup::Usual);
    assert!(short.gaps.iter().any(|gap| gap.why == "all of its 4 steps are warm-up"), "{:?}", short.gaps);
    let short = Run::new().seconds(4, 250).builder.outcome(Warmup::Usual);
    assert!(short.gaps.iter().any(|gap| gap.what == "spread of step times"), "{:?}", short.gaps);
    assert!(StatsBuilder::default().outcome(Warmup::Usual).steps.is_none());
}

#[test]
fn a_day_fits_in_the_same_memory_and_says_the_same() {
    let outcome = Run::new().seconds(20_000, 250).builder.outcome(Warmup::Usual);
    assert!(near(outcome.cpu_ms_per_step.unwrap(), 375.0), "{:?}", outcome.cpu_ms_per_step);
    assert!(outcome.neighbours.is_some_and(|neighbours| near(neighbours.cpus.median, 0.25)));
    assert_eq!(outcome.groups[0].most_threads, 8);
}

#[test]
fn an_outcome_is_read_back_as_it_was_written() {
    let outcome = Run::new().seconds(30, 250).builder.outcome(Warmup::Steps(8));
    let written = serde_json::to_string(&outcome).unwrap();
    let read: RunStats = serde_json::from_str(&written).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
}
