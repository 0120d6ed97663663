//! The dialog before a rerun: which caps, and what is known of starting the process again.

use std::sync::Arc;

use crate::data::limits::Caps;
use crate::tui::messages::rerun::RerunAnswer;
use crate::tui::state::parts::what_if::WhatIf;
/// The dialog's state.
#[derive(Clone, Debug, PartialEq)]
pub struct RerunDialog {
    /// Caps of the new run.
    pub caps: Caps,
    /// The sliders it was opened from; Escape leads back there.
    pub from: Option<WhatIf>,
    /// None until it is there.
    pub answer: Option<Arc<RerunAnswer>>,
    /// First line on screen.
    pub top: usize,
}

impl RerunDialog {
    /// Nothing is known yet.
    pub fn with(caps: Caps, from: Option<WhatIf>) -> Self {
        Self { caps, from, answer: None, top: 0 }
    }

    /// Whether a yes would be taken.
    pub fn can_begin(&self) -> bool {
        let plan = self.answer.as_ref().map(|answer| &answer.plan);
        matches!(plan, Some(Ok(plan)) if plan.doubts.is_empty())
    }

    /// Takes an answer in, unless it is about other caps.
    pub fn answer(&mut self, answer: Arc<RerunAnswer>) {
        if answer.caps == self.caps {
            self.answer = Some(answer);
        }
    }
}
