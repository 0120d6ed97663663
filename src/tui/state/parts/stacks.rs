//! The box with stacks: what was asked for, what came, and the yes that a stop takes.

use std::sync::Arc;

use crate::tui::messages::stacks::{StacksAnswer, StacksRequest, StopPermission};
/// The box's state.
#[derive(Clone, Debug, PartialEq)]
pub struct StacksBox {
    /// Of whom, for people.
    pub title: String,
    /// What was asked for last.
    pub request: StacksRequest,
    /// None until it is there.
    pub answer: Option<Arc<StacksAnswer>>,
    /// Whether a stop waits for a yes.
    pub question: StopQuestion,
    /// Whether the stacks of idle threads are shown.
    pub unfolded: bool,
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
    pub fn of(title: String, request: StacksRequest) -> Self {
        Self { title, request, answer: None, question: StopQuestion::Nothing, unfolded: false, top: 0 }
    }

    /// Threads that a stop would show more of; none where no stop is offered.
    pub fn stoppable(&self) -> Option<usize> {
        let taken = self.answer.as_ref()?.taken.as_ref().ok()?;
        let offered = taken.refused.is_none() && taken.need_stop > 0 && self.request.stops == StopPermission::Never;
        offered.then_some(taken.need_stop)
    }

    /// Whether they can be stopped at all; none before an answer is there.
    pub fn may_stop(&self) -> Option<bool> {
        Some(self.answer.as_ref()?.taken.as_ref().ok()?.refused.is_none())
    }

    /// Its lines: idle threads folded, or not.
    pub fn lines(&self) -> Option<&[String]> {
        let taken = self.answer.as_ref()?.taken.as_ref().ok()?;
        Some(if self.unfolded && !taken.unfolded.is_empty() { &taken.unfolded } else { &taken.lines })
    }

    /// Takes an answer in, unless it is to another request.
    pub fn answer(&mut self, answer: Arc<StacksAnswer>) {
        if answer.request == self.request {
            self.answer = Some(answer);
        }
    }
}
