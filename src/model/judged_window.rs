//! What was seen over the judged window, longer than the one on screen: the numbers that headline, advice and rules judge by.

use std::sync::Arc;

use crate::data::scene::{Demand, GpuState, Pressure, Verdict};
use crate::data::{CpuSet, Text};
use crate::model::rates::group_history::Growth;

/// The judged window: the last [`JUDGED_S`](crate::model::verdict::levels::JUDGED_S) seconds, or all that was watched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JudgedWindow {
    /// Demand against capacity.
    pub pressure: Pressure,
    /// The condition it amounts to.
    pub condition: Verdict,
    /// Seconds it covers.
    pub span_s: f64,
    /// Demand of the whole target.
    pub demand: Demand,
    /// Demand of each group, in the order of the groups.
    pub groups: Vec<Demand>,
    /// Mean time in microseconds for which each group's threads run before they wait or sleep, in the order of the groups;
    /// none where the kernel counts no slices or nothing ran.
    pub slice_us: Vec<Option<f64>>,
    /// How each group's number of threads went in the last minute, in each process that was there all the time; in the order
    /// of the groups.
    pub growth: Vec<Vec<Growth>>,
    /// CPUs each group wanted second by second, oldest first, in the order of the groups.
    pub wanted_by_second: Vec<Vec<f32>>,
    /// Demand of each process, in the order of the processes.
    pub processes: Vec<Demand>,
    /// Seconds since each process's affinity changed while it was watched, in the order of the processes; none where it has
    /// been as it is since watching began.
    pub moved_s: Vec<Option<f64>>,
    /// CPUs that others used of those the target may use.
    pub others: f64,
    /// CPUs of those the target may use that nobody used.
    pub idle: f64,
    /// The machine's GPUs.
    pub gpus: Vec<GpuState>,
    /// Threads that crowded nearly all the time.
    pub crowd: Option<Crowd>,
    /// The quota that throttled most.
    pub throttling: Option<Throttling>,
}

/// What a quota took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Throttling {
    /// Its cgroup.
    pub place: Text,
    /// The quota in CPUs.
    pub cpus: f64,
    /// Share of periods in which it ran out.
    pub share: f64,
}

/// Threads whose mask is too small for what they want, while CPUs outside it idle.
#[derive(Clone, Debug, PartialEq)]
pub struct Crowd {
    /// Their mask.
    pub mask: Arc<CpuSet>,
    /// Threads with it that wanted to run.
    pub threads: u32,
    /// CPUs they want.
    pub wanted: f64,
    /// Allowed CPUs outside the mask that idle.
    pub idle: u32,
}
