//! The table of frames as it is written (`assets/frames.toml`, which says in its head what an entry may hold), and what
//! can be wrong with it.

use std::fmt;
use std::sync::Arc;

use regex_lite::{Captures, Regex};
use serde::{Deserialize, Serialize};

/// What kind of function gave a stack its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FunctionKind {
    /// A pool's loop that waits for work.
    Idle,
    /// A loop that waits and uses CPU.
    Spin,
    /// An operation, a kernel, a program's own code.
    Work,
    /// A stage of an input pipeline.
    Stage,
    /// No function of the stack is in the table.
    Unknown,
}

/// The whole file, compiled.
#[derive(Clone, Debug, Default)]
pub(crate) struct FunctionTable {
    pub entries: Vec<TableEntry>,
}

/// What one entry says, with its patterns compiled.
#[derive(Clone, Debug)]
pub(crate) struct TableEntry {
    pub kind: FunctionKind,
    label: String,
    asleep: Option<String>,
    symbol: Option<Regex>,
    library: Option<Regex>,
    of: Of,
    pub place: FramePosition,
    pub under: Option<Regex>,
    pub inside: Option<Regex>,
    detail: Option<Regex>,
    pub strength: EntryStrength,
    pub note: Option<Arc<str>>,
    #[cfg_attr(not(test), expect(dead_code, reason = "the test of the table"))]
    pub example: Vec<String>,
}

/// Frames an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Code,
    Python,
    RunTimeCode,
}

/// Where the frame must stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FramePosition {
    #[default]
    Anywhere,
    Innermost,
}

/// Whether an entry speaks before or after others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryStrength {
    Strong,
    Weak,
    Last,
}

/// One frame as the table looks at it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FrameView {
    /// Its short name; empty where it has none.
    pub name: String,
    /// Its whole name.
    pub whole: String,
    /// Path of its file; none for JIT code.
    pub library: Option<String>,
    /// Whether it runs Python functions.
    pub python: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableFile {
    frame: Vec<WrittenEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    kind: FunctionKind,
    label: String,
    asleep: Option<String>,
    symbol: Option<String>,
    library: Option<String>,
    #[serde(default)]
    python: bool,
    #[serde(default)]
    jit: bool,
    #[serde(default)]
    at: FramePosition,
    under: Option<String>,
    inside: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    weak: bool,
    note: Option<String>,
    example: Vec<String>,
}

/// Why a table of frames can't be used.
#[derive(Debug)]
pub(crate) enum FunctionTableError {
    /// It is not TOML, or has a field that entries don't have.
    Syntax(String),
    /// The entry names nothing it could fit.
    Nothing(String),
    /// A pattern of the entry is no regular expression.
    Pattern(String, String),
}

impl fmt::Display for FunctionTableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "not a table of frames: {error}"),
            Self::Nothing(label) => write!(f, "frame {label:?}: it does not say which frames it is for"),
            Self::Pattern(label, error) => write!(f, "frame {label:?}: {error}"),
        }
    }
}

impl FunctionTable {
    pub(crate) fn read(text: &str) -> Result<Self, FunctionTableError> {
        let file: TableFile = toml::from_str(text).map_err(|error| FunctionTableError::Syntax(error.to_string()))?;
        let entries = file.frame.into_iter().map(TableEntry::new).collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }
}

impl TableEntry {
    fn new(written: WrittenEntry) -> Result<Self, FunctionTableError> {
        let of = match (written.python, written.jit) {
            (true, _) => Of::Python,
            (false, true) => Of::RunTimeCode,
            (false, false) => Of::Code,
        };
        if of == Of::Code && written.symbol.is_none() && written.library.is_none() {
            return Err(FunctionTableError::Nothing(written.label));
        }
        let compile = |pattern: Option<String>| {
            let compiled = pattern.as_deref().map(Regex::new).transpose();
            compiled.map_err(|error| FunctionTableError::Pattern(written.label.clone(), error.to_string()))
        };
        Ok(Self {
            kind: written.kind,
            asleep: written.asleep,
            symbol: compile(written.symbol)?,
            library: compile(written.library)?,
            of,
            place: written.at,
            under: compile(written.under)?,
            inside: compile(written.inside)?,
            detail: compile(written.detail)?,
            strength: match (written.jit, written.weak) {
                (true, _) => EntryStrength::Last,
                (false, true) => EntryStrength::Weak,
                (false, false) => EntryStrength::Strong,
            },
            note: written.note.map(Arc::from),
            example: written.example,
            label: written.label,
        })
    }

    /// The label for this frame, if the entry is for it: while the thread runs, and while it sleeps.
    pub(crate) fn label(&self, seen: &FrameView) -> Option<(String, String)> {
        let captures = match (self.of, &self.symbol) {
            (Of::Python, _) => return seen.python.then(|| self.labels(None, seen)),
            (Of::RunTimeCode, _) => {
                let of_no_file = seen.library.is_none() && seen.name.is_empty() && !seen.python;
                return of_no_file.then(|| self.labels(None, seen));
            }
            (Of::Code, Some(symbol)) => Some(symbol.captures(&seen.name)?),
            (Of::Code, None) if !seen.name.is_empty() => return None,
            (Of::Code, None) => None,
        };
        if let Some(library) = &self.library {
            library.find(seen.library.as_deref()?)?;
        }
        Some(self.labels(captures.as_ref(), seen))
    }

    fn labels(&self, captures: Option<&Captures>, seen: &FrameView) -> (String, String) {
        let group = captures.and_then(|captures| captures.get(1)).map_or("", |group| group.as_str());
        let detail = self.detail.as_ref().and_then(|detail| detail.captures(&seen.whole));
        let detail =
            detail.and_then(|found| found.iter().skip(1).flatten().next().map(|group| group.as_str().to_owned()));
        let filled = |label: &str| match &detail {
            Some(detail) => format!("{} ({detail})", label.replace("$1", group)),
            None => label.replace("$1", group),
        };
        (filled(&self.label), filled(self.asleep.as_deref().unwrap_or(&self.label)))
    }
}
