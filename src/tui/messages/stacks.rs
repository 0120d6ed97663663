//! The box with stacks of a thread or a group: what is asked for, what came, and the yes that a stop takes. Whoever may
//! read them takes them; nothing is read or stopped here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::data::scene::Scene;
use crate::data::{Pid, Tid};

/// How long stacks are taken again and again.
pub const SAMPLED: Duration = Duration::from_secs(3);

/// Where stacks are asked for.
#[derive(Debug)]
pub struct StacksWorker {
    /// Stacks that should be taken.
    pub requests: mpsc::UnboundedSender<StacksRequest>,
    /// The newest answer; none before the first.
    pub answers: watch::Receiver<Option<Arc<StacksAnswer>>>,
}

/// Which stacks should be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StacksRequest {
    /// The process.
    pub pid: Pid,
    /// Threads of it.
    pub tids: Vec<Tid>,
    /// Of which moment.
    pub at: StacksMoment,
    /// Whether they may be stopped for it.
    pub stops: StopPermission,
    /// How often.
    pub times: SampleTimes,
}

/// The moment whose stacks are asked for.
#[derive(Clone, Debug)]
pub enum StacksMoment {
    /// They are taken now.
    Now,
    /// The past, or a moment of a recording: the last ones that were taken until then. Its scene.
    Past(Arc<Scene>),
}

impl PartialEq for StacksMoment {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Now, Self::Now) => true,
            (Self::Past(one), Self::Past(other)) => one.at_ns == other.at_ns,
            _ => false,
        }
    }
}

impl Eq for StacksMoment {}

/// How often stacks are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleTimes {
    /// Once: what each thread does, frame by frame.
    Once,
    /// Again and again for [`SAMPLED`]: what the threads do, counted.
    Sampled,
}

/// Whether threads may be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopPermission {
    /// Nothing is stopped.
    Never,
    /// The person said yes to stops.
    Agreed,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StacksAnswer {
    /// The request.
    pub request: StacksRequest,
    /// The stacks; or why there are none.
    pub taken: Result<ShownStacks, String>,
}

/// Stacks as they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownStacks {
    /// How they were taken, what the threads do, and frame by frame; idle threads counted in one line.
    pub lines: Vec<String>,
    /// The same with the stacks of idle threads; empty where no thread is idle.
    pub unfolded: Vec<String>,
    /// Threads of which a stop would show more.
    pub need_stop: usize,
    /// How long threads were stopped, one after another, in nanoseconds.
    pub stopped_ns: u64,
    /// Why they can't be stopped, where that is known beforehand.
    pub refused: Option<String>,
}
