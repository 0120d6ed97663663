//! The kept runs as the dashboard shows them: which are there, which are marked, what a comparison said. Nothing is read
//! here: the dashboard sends a [`RunsRequest`] and gets a [`RunsList`].

/// What the dashboard wants to know of the kept runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunsRequest {
    /// Whether they are on screen.
    pub shown: bool,
    /// Names of runs to compare, one a side; empty: none.
    pub compare: Vec<String>,
}

/// What is known of the kept runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunsList {
    /// Every run, the one that is watched first, then the newest first.
    pub runs: Vec<RunLine>,
    /// Why they can't be listed.
    pub trouble: Option<String>,
    /// Whether they were looked for: before that, that there are none means nothing.
    pub looked: bool,
    /// The newest comparison.
    pub compared: Option<ComparisonText>,
}

/// One kept run, each part as it is shown; a missing one is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunLine {
    /// Its name.
    pub id: String,
    /// How it is: "running", "exit 0".
    pub state: String,
    /// For how long it ran.
    pub length: String,
    /// Its caps.
    pub caps: String,
    /// Its speed.
    pub speed: String,
    /// Whether its caps held.
    pub held: String,
    /// Its command.
    pub command: String,
}

/// What a comparison said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComparisonText {
    /// Which runs, as they were requested.
    pub runs: Vec<String>,
    /// The verdict in a word or two.
    pub headline: String,
    /// All of it, line by line, or why there is none.
    pub lines: Vec<String>,
}
