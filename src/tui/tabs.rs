//! The views of the dashboard and the order of their tabs.

/// What the main area shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Capacity, demand, groups.
    Overview,
    /// Every thread in one table.
    Threads,
    /// What limits each group, and what binds.
    Limits,
    /// Every cause: found, ruled out, too soon or can't tell.
    Explain,
    /// The target's processes as a tree.
    Processes,
    /// What is missing, and why.
    Missing,
    /// What the command writes.
    Output,
    /// When each thread ran, by a trace of the scheduler.
    Lanes,
}

impl View {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Overview,
        Self::Threads,
        Self::Limits,
        Self::Explain,
        Self::Processes,
        Self::Missing,
        Self::Output,
        Self::Lanes,
    ];

    /// Its name on the tab.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Threads => "Threads",
            Self::Limits => "Limits",
            Self::Explain => "Explain",
            Self::Processes => "Processes",
            Self::Missing => "Missing",
            Self::Output => "Output",
            Self::Lanes => "Lanes",
        }
    }

    /// Those that are tables with columns.
    pub const TABLES: [Self; 3] = [Self::Overview, Self::Threads, Self::Processes];

    /// Whether it is a table with columns, and its rows have details.
    pub fn is_table(self) -> bool {
        Self::TABLES.contains(&self)
    }
}
