//! The box with stacks of a thread or a group: what is asked for, what came, and the yes that a stop takes. Whoever may
//! read them takes them; nothing is read or stopped here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::data::{Pid, Tid};

/// How long stacks are taken again and again.
pub const SAMPLED: Duration = Duration::from_secs(3);

/// Where stacks are asked for.
#[derive(Debug)]
pub struct StacksWorker {
    /// Stacks that should be taken.
    pub ask: mpsc::UnboundedSender<StacksRequest>,
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
    /// Whether they may be stopped for it.
    pub stops: StopPermission,
    /// How often.
    pub times: SampleTimes,
}

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

/// What came of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StacksAnswer {
    /// The wish.
    pub wish: StacksRequest,
    /// The stacks; or why there are none.
    pub taken: Result<ShownStacks, String>,
}

/// Stacks as they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownStacks {
    /// How they were taken, what the threads do, and frame by frame.
    pub lines: Vec<String>,
    /// Threads of which a stop would show more.
    pub need_stop: usize,
    /// How long threads were stopped, one after another, in nanoseconds.
    pub stopped_ns: u64,
    /// Why they can't be stopped, where that is known beforehand.
    pub refused: Option<String>,
}

/// The box's state.
#[derive(Clone, Debug, PartialEq)]
pub struct StacksBox {
    /// Of whom, for people.
    pub title: String,
    /// What was asked for last.
    pub wish: StacksRequest,
    /// None until it is there.
    pub answer: Option<Arc<StacksAnswer>>,
    /// Whether a stop waits for a yes.
    pub asks: StopQuestion,
    /// First line on screen.
    pub top: usize,
}

/// Whether a question is on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopQuestion {
    /// Nothing is asked.
    Nothing,
    /// Whether threads may be stopped.
    ToStop,
    /// Whether they may be stopped again and again.
    ToSample,
}

impl StacksBox {
    /// Nothing is known yet.
    pub fn of(title: String, wish: StacksRequest) -> Self {
        Self { title, wish, answer: None, asks: StopQuestion::Nothing, top: 0 }
    }

    /// Threads that a stop would show more of; none where no stop is offered.
    pub fn stoppable(&self) -> Option<usize> {
        let taken = self.answer.as_ref()?.taken.as_ref().ok()?;
        let offered = taken.refused.is_none() && taken.need_stop > 0 && self.wish.stops == StopPermission::Never;
        offered.then_some(taken.need_stop)
    }

    /// Whether they can be stopped at all; none before an answer is there.
    pub fn may_stop(&self) -> Option<bool> {
        Some(self.answer.as_ref()?.taken.as_ref().ok()?.refused.is_none())
    }

    /// Takes an answer in, unless it is to another wish.
    pub fn hear(&mut self, answer: Arc<StacksAnswer>) {
        if answer.wish == self.wish {
            self.answer = Some(answer);
        }
    }
}
