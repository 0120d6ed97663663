//! What keys and clicks can do, and the contexts in which a key counts.

use crate::tui::tabs::View;

/// Where a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyContext {
    /// The dashboard with its table.
    Table,
    /// The help screen.
    Help,
    /// The menu of sort columns.
    Menu,
    /// The sliders that try other caps.
    WhatIf,
    /// The dialog before a rerun.
    Rerun,
    /// The old run is being stopped.
    Stopping,
    /// The box with stacks.
    Stacks,
    /// The kept runs.
    Runs,
    /// The settings.
    Settings,
    /// A line of text is being typed; every character that is no key here is text.
    Line,
    /// The list of processes to attach to.
    Picker,
    /// The dashboard with the command's output.
    Output,
    /// The command is typed to; every key that is none here is for it.
    Typing,
}

impl KeyContext {
    /// All of them.
    pub(super) const ALL: [Self; 13] = [
        Self::Table,
        Self::Help,
        Self::Menu,
        Self::WhatIf,
        Self::Rerun,
        Self::Stopping,
        Self::Stacks,
        Self::Runs,
        Self::Settings,
        Self::Line,
        Self::Picker,
        Self::Output,
        Self::Typing,
    ];
}

/// Another moment of the past, or another speed. Where it ends is the last look of a recording, or now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeStep {
    /// Stands still, or plays on; at the end of a recording from the begin.
    PlayOrPause,
    /// One look back.
    LookBack,
    /// One look forward.
    LookForward,
    /// A minute back.
    MinuteBack,
    /// A minute forward.
    MinuteForward,
    /// To the first look.
    Begin,
    /// To the last look.
    End,
    /// To the last look at this instant or before it, nanoseconds since boot.
    To(u64),
    /// Half as fast.
    Slower,
    /// Twice as fast.
    Faster,
}

/// To what came before, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeDirection {
    /// Earlier.
    Before,
    /// Later.
    After,
}

/// How much is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyPart {
    /// The selected row, a remedy, what is on screen of the output.
    Selected,
    /// All rows or lines, also those that are not on screen.
    All,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One screen up.
    PageUp,
    /// One screen down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Folds a group, opens a thread; accepts a line or a menu entry; attaches.
    Enter,
    /// Opens the group or the thread.
    Open,
    /// Folds the group, closes the detail pane.
    Close,
    /// Folds or opens the group.
    Fold,
    /// Opens every group.
    OpenAll,
    /// Folds every group.
    FoldAll,
    /// Shows or hides the detail pane.
    Detail,
    /// Types a text to search for.
    Search,
    /// To the next match.
    SearchNext,
    /// To the match before.
    SearchPrevious,
    /// Types a text that rows must contain.
    Filter,
    /// Opens the menu of sort columns.
    SortMenu,
    /// Sorts by the column to the left.
    SortLeft,
    /// Sorts by the column to the right.
    SortRight,
    /// Turns the order around.
    Invert,
    /// Between groups and the flat table of threads.
    Tree,
    /// Moves in time: in a recording, or back from now and on again.
    Time(TimeStep),
    /// Begins a trace of the scheduler, or ends it.
    Trace,
    /// Types a time, or what to look for in time.
    Jump,
    /// To the mark before, or to the next one.
    Mark(TimeDirection),
    /// Shows more of the time at once, and less again.
    Zoom,
    /// Keeps the selected row in sight.
    Follow,
    /// Shows a view.
    Show(View),
    /// Shows the next view.
    NextView,
    /// Shows the view before.
    PreviousView,
    /// Shows the help, or leaves it.
    Help,
    /// One step back: line, menu, help, pane, filter, selection.
    Back,
    /// Opens the sliders that try other caps, or leaves them.
    WhatIf,
    /// Opens the dialog before a rerun.
    Rerun,
    /// Takes stacks of the selected thread or group, without a stop.
    Stacks,
    /// Asks whether threads may be stopped for their stacks.
    Stop,
    /// Asks whether threads may be stopped again and again, for samples of their stacks.
    Sample,
    /// Yes to what is asked.
    Yes,
    /// One thread less in the chosen slider; of a setting the value before.
    Less,
    /// One thread more in the chosen slider; of a setting the next value.
    More,
    /// Sliders as advised.
    Advised,
    /// Sliders without any cap.
    NoCaps,
    /// Shows the kept runs, or leaves them.
    Runs,
    /// Marks a kept run, or takes its mark away.
    MarkRun,
    /// Shows the settings, or leaves them.
    Settings,
    /// The next value of the chosen setting; shows or hides a column.
    Toggle,
    /// Writes the settings into their file.
    SaveSettings,
    /// Back to the list of processes, to watch another one.
    Another,
    /// Waits for the next start of the command that has ended.
    NextStart,
    /// Takes the last character of the line away.
    Erase,
    /// Takes the whole line away.
    EraseAll,
    /// Saves the screen as a picture and as text.
    SaveScreen,
    /// Puts a part of what is shown on the clipboard.
    Copy(CopyPart),
    /// Draws everything anew.
    Redraw,
    /// Stops tftop until the shell lets it go on.
    Suspend,
    /// Leaves tftop.
    Quit,
    /// Is for the command, the second time leaves; without a command it leaves at once.
    Interrupt,
    /// Types to the command.
    Type,
    /// Types to the command no longer.
    Release,
}
