//! What the dashboard is told: by the terminal, the sampler, the command and the workers.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyEvent;
use ratatui::layout::Size;

use crate::data::run::TerminalOutput;
use crate::data::scene::{Scene, Timeline};
use crate::tui::keys::Action;
use crate::tui::messages::replay::ShownMoment;
use crate::tui::messages::rerun::RerunAnswer;
use crate::tui::messages::restart::StopStage;
use crate::tui::messages::runs::RunsList;
use crate::tui::messages::stacks::StacksAnswer;
use crate::tui::state::parts::settings::SettingsItem;
use crate::tui::table::column::Column;
use crate::tui::table::row_key::RowKey;
/// What the dashboard is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Something was clicked.
    Click(MouseTarget),
    /// The wheel was turned by this many rows, downwards.
    Scroll(isize),
    /// The screen has another size.
    Resize(Size),
    /// A newer scene.
    Scene(Arc<Scene>),
    /// What is known of the kept runs.
    Runs(Arc<RunsList>),
    /// The moment of the past that is shown from now on.
    Moment(ShownMoment),
    /// What is known of all looks.
    Timeline(Arc<Timeline>),
    /// What is said in the status line from now on.
    Notice(String),
    /// From now on nothing may be stopped, started or changed.
    ReadOnly,
    /// Where the screen was saved, or why not.
    Saved(Result<String, String>),
    /// What was put on the clipboard, or why nothing was.
    Copied(Result<String, String>),
    /// No newer scene came when one was due.
    Overdue(OverdueLook),
    /// There will be no newer scene.
    NoMoreScenes,
    /// Newer output of the command.
    Output(Arc<TerminalOutput>),
    /// Some time has passed since Ctrl-C was sent to the command.
    InterruptExpired,
    /// How far the stop of the old run is.
    Stopping(StopStage),
    /// What a rerun would do.
    Rerun(Arc<RerunAnswer>),
    /// Where the settings were saved, or why not.
    SettingsSaved(Result<String, String>),
    /// What is wrong with the settings file.
    SettingsProblems(Vec<String>),
    /// Stacks that were asked for.
    Stacks(Arc<StacksAnswer>),
}

/// A look that takes longer than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverdueLook {
    /// Time since the newest scene came; since the start where there is none.
    pub age: Duration,
    /// What is being read, where that is known: "memory of 2430".
    pub reading: Option<String>,
}

/// Something that can be clicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MouseTarget {
    /// A row of the table.
    Row(RowKey),
    /// A kept run, by its name.
    Run(String),
    /// Something that can be set.
    Setting(SettingsItem),
    /// The mark that folds a group.
    Fold(RowKey),
    /// The heading of a column.
    Heading(&'static Column),
    /// A tab or a key on the key bar, or the verdict.
    Button(Action),
    /// A slider, and the value under the mouse.
    Slider(usize, Option<u32>),
}
