//! The name of each action: what the settings file and the help call it.

use crate::tui::keys::actions::{Action, CopyPart, TimeDirection, TimeStep};
use crate::tui::tabs::View;

impl Action {
    /// Its name, in words joined by `-`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::PageUp => "page-up",
            Self::PageDown => "page-down",
            Self::First => "first",
            Self::Last => "last",
            Self::Enter => "enter",
            Self::Open => "open",
            Self::Close => "close",
            Self::Fold => "fold",
            Self::OpenAll => "open-all",
            Self::FoldAll => "fold-all",
            Self::Detail => "details",
            Self::Search => "search",
            Self::SearchNext => "next-match",
            Self::SearchPrevious => "previous-match",
            Self::Filter => "filter",
            Self::SortMenu => "sort",
            Self::SortLeft => "sort-left",
            Self::SortRight => "sort-right",
            Self::Invert => "invert",
            Self::Tree => "tree",
            Self::Time(step) => time(step),
            Self::Jump => "time",
            Self::Mark(TimeDirection::Before) => "previous-mark",
            Self::Mark(TimeDirection::After) => "next-mark",
            Self::Zoom => "zoom",
            Self::Trace => "trace",
            Self::Follow => "follow",
            Self::Show(view) => self::view(view),
            Self::NextView => "next-view",
            Self::PreviousView => "previous-view",
            Self::Help => "help",
            Self::Back => "back",
            Self::WhatIf => "what-if",
            Self::Rerun => "rerun",
            Self::Stacks => "stacks",
            Self::Stop => "stop",
            Self::Sample => "sample",
            Self::Yes => "yes",
            Self::Less => "less",
            Self::More => "more",
            Self::Advised => "advised",
            Self::NoCaps => "no-caps",
            Self::Runs => "runs",
            Self::MarkRun => "mark",
            Self::Settings => "settings",
            Self::Toggle => "toggle",
            Self::SaveSettings => "save-settings",
            Self::Another => "another",
            Self::NextStart => "next-start",
            Self::Erase => "erase",
            Self::EraseAll => "erase-all",
            Self::SaveScreen => "save-screen",
            Self::Copy(CopyPart::Selected) => "copy",
            Self::Copy(CopyPart::All) => "copy-all",
            Self::Redraw => "redraw",
            Self::Suspend => "suspend",
            Self::Quit => "quit",
            Self::Interrupt => "interrupt",
            Self::Type => "type",
            Self::Release => "end-typing",
        }
    }
}

fn time(step: TimeStep) -> &'static str {
    match step {
        TimeStep::PlayOrPause => "pause",
        TimeStep::LookBack => "look-back",
        TimeStep::LookForward => "look-forward",
        TimeStep::MinuteBack => "minute-back",
        TimeStep::MinuteForward => "minute-forward",
        TimeStep::Begin => "begin",
        TimeStep::End => "now",
        // No key says which instant.
        TimeStep::To(_) => "to",
        TimeStep::Slower => "slower",
        TimeStep::Faster => "faster",
    }
}

fn view(view: View) -> &'static str {
    match view {
        View::Overview => "overview",
        View::Threads => "threads",
        View::Limits => "limits",
        View::Explain => "explain",
        View::Processes => "processes",
        View::Missing => "missing",
        View::Output => "output",
        View::Lanes => "lanes",
    }
}
