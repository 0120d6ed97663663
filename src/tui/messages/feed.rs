//! The channels between the dashboard and those who read the target, the runs and the command.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::data::run::TerminalOutput;
use crate::data::sample::Interest;
use crate::data::scene::Scene;
use crate::probe::reading::Reading;
use crate::tui::messages::effect::ConsoleRequest;
use crate::tui::messages::replay::ReplayPane;
use crate::tui::messages::restart::RestartWorker;
use crate::tui::messages::runs::{RunsList, RunsRequest};
use crate::tui::messages::{rerun, stacks};
use crate::tui::settings::SharedSettings;
/// Where scenes come from and where requests for the next sample go.
#[derive(Debug)]
pub struct SceneFeed {
    /// The newest scene.
    pub scenes: watch::Receiver<Arc<Scene>>,
    /// What the look that goes on reads.
    pub reading: Reading,
    /// Threads whose details are wanted.
    pub interest: watch::Sender<Interest>,
    /// Where it is asked what a rerun would do; none where there can be none.
    pub rerun: Option<rerun::RerunWorker>,
    /// Who stops the old run of a rerun that was agreed to.
    pub restart: Option<RestartWorker>,
    /// Said in the status line all the time: "not recorded".
    pub notice: Option<String>,
    /// Whether nothing may be stopped, started or changed.
    pub read_only: bool,
    /// Where stacks are asked for; none where there is no process to read.
    pub stacks: Option<stacks::StacksWorker>,
    /// The settings, and who writes them.
    pub settings: SharedSettings,
    /// The time between two looks that is wanted; none where nobody looks.
    pub interval: Option<watch::Sender<Duration>>,
    /// The terminal of the command that tftop has started; none for a process that was attached to.
    pub console: Option<ConsolePane>,
    /// Where the past is shown, of a recording or of a live target; none where only the newest look is kept.
    pub replay: Option<ReplayPane>,
    /// What is known of the kept runs.
    pub runs: watch::Receiver<Arc<RunsList>>,
    /// What is to be found out about them.
    pub runs_request: watch::Sender<RunsRequest>,
}

/// The terminal of a command.
#[derive(Debug)]
pub struct ConsolePane {
    /// What the command has written.
    pub output: watch::Receiver<Arc<TerminalOutput>>,
    /// What is typed, and the size it should have.
    pub requests: mpsc::UnboundedSender<ConsoleRequest>,
}
