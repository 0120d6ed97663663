//! The dialog before a rerun: which caps, and what is known of starting the process again. The facts come from whoever
//! may read them; nothing is read, stopped or started here.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::data::limits::Caps;
use crate::data::run::RerunPlan;
use crate::tui::what_if::WhatIf;

/// Where it is asked what a rerun would do.
#[derive(Debug)]
pub struct RerunWorker {
    /// Caps that a rerun should have.
    pub ask: mpsc::UnboundedSender<Caps>,
    /// The newest answer; none before the first.
    pub answers: watch::Receiver<Option<Arc<RerunAnswer>>>,
}

/// What a rerun with some caps would do.
#[derive(Clone, Debug, PartialEq)]
pub struct RerunAnswer {
    /// The caps that were asked about.
    pub caps: Caps,
    /// What would be done; or why it can't be.
    pub plan: Result<RerunPlan, String>,
}

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
    pub fn hear(&mut self, answer: Arc<RerunAnswer>) {
        if answer.caps == self.caps {
            self.answer = Some(answer);
        }
    }
}
