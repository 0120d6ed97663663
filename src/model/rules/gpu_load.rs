//! How busy the target keeps its GPU over the judged window, and how that is known.

use crate::data::limits::Grade;
use crate::data::origin;
use crate::data::scene::{Evidence, GpuState};
use crate::model::judged_window::JudgedWindow;
use crate::model::rules::input::RuleInput;

/// Share of time from which on a GPU that computes is the limit.
pub(crate) const BUSY: f64 = 0.8;
/// Share of time under which it waits for something more than it computes.
pub(crate) const WAITS: f64 = 0.5;

/// The busiest GPU that the target uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GpuLoad {
    index: u32,
    /// Share of time in which it computed, 0 to 1.
    pub(crate) busy: f64,
    /// Measured where it is the target's own share; inferred where it may be others', too.
    pub(crate) grade: Grade,
}

impl GpuLoad {
    /// None where no driver tells of a GPU that the target uses.
    pub(crate) fn of(input: &RuleInput, judged: &JudgedWindow) -> Option<Self> {
        let has_threads = input.of_origin(origin::GPU).any(|group| group.threads > 0);
        let used = |gpu: &&GpuState| gpu.is_used().unwrap_or(has_threads);
        let load = |gpu: &GpuState| {
            let own = gpu.own.and_then(|own| own.busy).map(|busy| (busy, Grade::Measured));
            let (busy, grade) = own.or_else(|| Some((gpu.busy?, Grade::Inferred)))?;
            Some(Self { index: gpu.index, busy, grade })
        };
        judged.gpus.iter().filter(used).filter_map(load).max_by(|a, b| a.busy.total_cmp(&b.busy))
    }

    /// "GPU 0 computes 94 % of the time", and for whom as far as that is told.
    pub(crate) fn sentence(&self) -> String {
        let whose = if self.grade == Grade::Measured { " for this process" } else { "" };
        format!("GPU {} computes {:.0} % of the time{whose}", self.index, self.busy * 100.0)
    }

    /// The same as a number.
    pub(crate) fn evidence(&self) -> Evidence {
        let whose = if self.grade == Grade::Measured { "for this process" } else { "for all processes" };
        Evidence::new(
            format!("GPU {} computes", self.index),
            format!("{:.0} % of the time, {whose}", self.busy * 100.0),
        )
    }
}
