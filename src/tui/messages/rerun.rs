//! The dialog before a rerun: which caps, and what is known of starting the process again. The facts come from whoever
//! may read them; nothing is read, stopped or started here.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::data::limits::Caps;
use crate::data::run::RerunPlan;

/// Where it is asked what a rerun would do.
#[derive(Debug)]
pub struct RerunWorker {
    /// Caps that a rerun should have.
    pub requests: mpsc::UnboundedSender<Caps>,
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
