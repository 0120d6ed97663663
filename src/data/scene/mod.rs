//! Everything that may be shown at one tick. Outputs compute nothing: what is on screen stands here.

pub(crate) mod activity;
pub(crate) mod capacity;
pub(crate) mod demand;
pub(crate) mod gpu;
pub(crate) mod group;
pub(crate) mod headline;
pub(crate) mod judgement;
pub(crate) mod launch;
pub(crate) mod recorded;
pub(crate) mod steps;
pub(crate) mod target;
pub(crate) mod timeline;
pub(crate) mod timeline_looks;
pub(crate) mod trace;
pub use activity::{Blocked, Phrase, StopTotals, ThreadActivity, WaitCount, Waits};
pub use capacity::{Capacity, Cpu, Declared, Term, TermKind};
pub use demand::{Demand, PastPredictions, Trend};
pub use gpu::{GpuState, OwnGpuUse};
pub use group::{Attribution, Confidence, Group, GroupKey, Thread, Worker};
pub use headline::{AdvisedEffect, Headline, Pressure, Verdict};
pub use judgement::{Answer, Evidence, Finding, Level, Remedy, RuleAnswer};
pub use launch::{CapCheck, CheckOutcome, CheckedCap, LaunchState};
pub use recorded::{HeldVerdict, JudgedSpan, RecordedMoment};
pub use steps::{EpochNow, LoopSteps, MarkCount, NoMarks, STEP_BINS, STEP_BOUNDS_S, Speed, Steps};
pub use target::{ProcessState, TargetState, TensorFlow};
pub use timeline::{MarkKind, Timeline, TimelineMark};
pub use timeline_looks::{TimelineLook, TimelineLooks};
pub use trace::{Concurrency, GroupConcurrency, Lane, LaneSpan, LaneState, Lanes, ShortLived, Together, Trace};

use crate::data::sample::{Cost, CounterSource, ThreadAccounting, ThreadDetail};
use crate::data::{Gap, SharedList, ThreadKey};

/// One tick, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// How many samples the model has seen, this one included.
    pub tick: u64,
    /// Nanoseconds since boot of the sample.
    pub at_ns: u64,
    /// The sampling interval asked for, in seconds.
    pub interval_s: f64,
    /// How late the sample was, in seconds.
    pub late_s: f64,
    /// Seconds that the numbers of `demand`, groups and threads cover; 0 until there are two samples.
    pub window_s: f64,
    /// Who is watched.
    pub target: TargetState,
    /// How many CPUs it may use, and why.
    pub capacity: Capacity,
    /// What the whole target got and wanted; none until there are two samples.
    pub demand: Option<Demand>,
    /// What thread counters are made of: `StatTicks` means every demand is estimated.
    pub source: CounterSource,
    /// By which sources threads are accounted for that no look saw.
    pub accounting: ThreadAccounting,
    /// Groups of threads by origin, the one that wants most first.
    pub groups: Vec<Group>,
    /// Every thread, ordered by group (as in `groups`), then tid.
    pub threads: SharedList<Thread>,
    /// Every CPU online.
    pub cpus: Vec<Cpu>,
    /// The machine's GPUs; none where no driver tells of any.
    pub gpus: Vec<GpuState>,
    /// Demand over time, oldest first.
    pub trend: Trend,
    /// The one sentence on top.
    pub headline: Headline,
    /// Every rule's answer, causes before consequences.
    pub judgements: Vec<RuleAnswer>,
    /// Details of the threads on screen.
    pub details: Vec<(ThreadKey, ThreadDetail)>,
    /// What the threads that were looked at did, by rising key.
    pub activities: Vec<(ThreadKey, ThreadActivity)>,
    /// What is missing, and why.
    pub gaps: Vec<Gap>,
    /// How it was started; none for a target that was only attached to.
    pub launch: Option<LaunchState>,
    /// What the newest sample cost.
    pub cost: Cost,
    /// Of which threads it holds counters of a sample before.
    pub unread: UnreadThreads,
    /// What the trace of the scheduler shows; none where nobody asked for one.
    pub trace: Option<Trace>,
    /// Stops of its threads for the newest sampled stacks; none where none was stopped.
    pub stops: Option<StopTotals>,
    /// How good predictions for this command were; none where no run has checked one, or nobody asked.
    pub past_predictions: Option<PastPredictions>,
    /// Where in a recording it stands; none for one that was just made of a live target.
    pub recorded: Option<RecordedMoment>,
}

impl Scene {
    /// What a thread did when it was looked at; none when it was not, or nothing says it.
    pub fn doing(&self, key: ThreadKey) -> Option<&ThreadActivity> {
        let at = self.activities.binary_search_by_key(&key, |(of, _)| *of).ok()?;
        self.activities.get(at).map(|(_, doing)| doing)
    }
}

/// Threads that were not read for the newest sample because they had slept for a while and their processes' clocks showed that
/// they went on to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnreadThreads {
    /// How many.
    pub threads: u32,
    /// What they may have run since they were read, all together and at most, in nanoseconds.
    pub cpu_ns: u64,
}
