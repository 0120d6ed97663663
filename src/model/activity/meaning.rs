//! What a stack means: whether its thread works, spins or waits, and at what, from the functions on it. The table of
//! functions is `assets/frames.toml`; where nothing in it fits, the answer is "unknown".

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use crate::data::Text;
use crate::data::sample::{Frame, PythonFrame, Stack, StackMethod, ThreadState};
use crate::model::activity::function_table::{EntryStrength, FramePosition, FrameView, FunctionKind, FunctionTable};
use crate::model::activity::symbol;

const BUILTIN: &str = include_str!("../../../assets/frames.toml");

/// What the thread did at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StackActivity {
    /// It ran, and not in a wait.
    Working,
    /// It ran in a wait loop.
    Spinning,
    /// It slept, or was about to or just woken.
    Waiting,
    /// It ran; whether to wait or to work its functions don't tell.
    Unknown,
}

impl StackActivity {
    /// Every one, as reports list them.
    pub const ALL: [Self; 4] = [Self::Working, Self::Spinning, Self::Waiting, Self::Unknown];

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Spinning => "spinning",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
        }
    }
}

/// What a stack means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StackMeaning {
    /// The kind of function that says so.
    pub kind: FunctionKind,
    /// What the thread did at that moment.
    pub activity: StackActivity,
    /// At what: "MapAndBatch", "spin wait of libgomp"; "unknown" where no function tells.
    pub label: Text,
    /// The function that says so; none where none does.
    pub because: Option<Text>,
    /// Why it is not the last word.
    pub note: Option<Arc<str>>,
}

impl StackMeaning {
    /// As one phrase: "MapAndBatch waits".
    pub fn phrase(&self) -> String {
        let likely = if self.note.is_some() { " (likely)" } else { "" };
        match (self.kind, self.activity) {
            (FunctionKind::Unknown, StackActivity::Waiting) => "asleep in unknown code".to_owned(),
            (FunctionKind::Unknown, _) => "runs unknown code".to_owned(),
            (FunctionKind::Work | FunctionKind::Stage, StackActivity::Waiting) => {
                format!("{} waits{likely}", self.label)
            }
            _ => format!("{}{likely}", self.label),
        }
    }
}

/// The table, and what it said of functions that it was asked for already.
#[derive(Clone, Debug, Default)]
pub struct MeaningCache {
    table: FunctionTable,
    names: HashMap<Text, Arc<(String, String)>>,
}

/// Said of a meaning that rests on a frame that may be another.
const LIKELY: &str = "the frame was found by its return address on the stack";
/// Functions whose names are remembered; a target can't make the table grow beyond that.
const MOST_NAMES: usize = 16_384;

impl MeaningCache {
    /// The table that comes with tftop.
    pub fn builtin() -> Self {
        // The file is part of the program: a test proves that it reads.
        Self { table: FunctionTable::read(BUILTIN).unwrap_or_default(), names: HashMap::new() }
    }

    /// What the stack means; none where no frame of it was taken.
    pub fn of(&mut self, stack: &Stack) -> Option<StackMeaning> {
        if matches!(stack.taken, StackMethod::Not { .. }) || stack.frames.is_empty() {
            return None;
        }
        let seen: Vec<FrameView> = stack.frames.iter().map(|frame| self.seen(frame)).collect();
        let found = [EntryStrength::Strong, EntryStrength::Weak, EntryStrength::Last]
            .into_iter()
            .find_map(|strength| self.find(&seen, strength));
        let asleep = matches!(
            stack.state,
            ThreadState::Sleeping | ThreadState::DiskSleep | ThreadState::Idle | ThreadState::Parked
        );
        let runs = stack.state == ThreadState::Running;
        let Some(found) = found else {
            let activity = if asleep { StackActivity::Waiting } else { StackActivity::Unknown };
            return Some(StackMeaning {
                kind: FunctionKind::Unknown,
                activity,
                label: "unknown".into(),
                because: None,
                note: None,
            });
        };
        let entry = &self.table.entries[found.entry];
        let (awake, sleeping) = found.labels;
        let python_only = matches!(stack.taken, StackMethod::PythonOnly { .. });
        let likely = stack
            .frames
            .iter()
            .take(found.at + 1)
            .any(|frame| frame.found == crate::data::sample::FrameMethod::StackScan);
        Some(StackMeaning {
            kind: entry.kind,
            activity: match entry.kind {
                _ if asleep => StackActivity::Waiting,
                FunctionKind::Idle => StackActivity::Waiting,
                FunctionKind::Spin if runs => StackActivity::Spinning,
                FunctionKind::Work | FunctionKind::Stage if runs && !python_only => StackActivity::Working,
                _ => StackActivity::Unknown,
            },
            label: Text::from(if asleep { sleeping } else { awake }),
            because: stack.frames.get(found.at).and_then(|frame| because(frame, &seen[found.at])),
            note: match (python_only, likely) {
                (true, _) => Some("its native frames were not read: what Python called is not known".into()),
                (false, true) if !asleep => Some(LIKELY.into()),
                (false, _) => entry.note.clone().filter(|_| !asleep),
            },
        })
    }

    /// The frame as a flame graph names it, outermost first where it runs several Python functions.
    pub(crate) fn frame_names(&mut self, frame: &Frame) -> Vec<String> {
        let file_name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        if !frame.python.is_empty() {
            let line = |line: Option<u32>| line.map_or_else(String::new, |line| format!(":{line}"));
            let name = |at: &PythonFrame| format!("{} ({}{})", at.function, file_name(&at.file), line(at.line));
            return frame.python.iter().rev().map(name).collect();
        }
        let named = frame.symbol.as_ref().map(|symbol| self.names(symbol).0.clone());
        let library = || frame.library.as_deref().map(|path| file_name(path));
        vec![named.or_else(library).unwrap_or_else(|| "JIT code".to_owned())]
    }

    fn find(&self, seen: &[FrameView], strength: EntryStrength) -> Option<Found> {
        seen.iter().enumerate().find_map(|(at, frame)| {
            self.table.entries.iter().enumerate().filter(|(_, entry)| entry.strength == strength).find_map(
                |(index, entry)| {
                    if at > 0 && entry.place == FramePosition::Innermost {
                        return None;
                    }
                    let labels = entry.label(frame)?;
                    let outside = &seen[at + 1..];
                    let under = entry.under.as_ref();
                    let under = under.is_none_or(|under| outside.iter().any(|frame| under.is_match(&frame.name)));
                    let inside = entry.inside.as_ref().is_none_or(|inside| {
                        seen[..at].iter().all(|frame| frame.name.is_empty() || inside.is_match(&frame.name))
                    });
                    (under && inside).then_some(Found { at, entry: index, labels })
                },
            )
        })
    }

    fn seen(&mut self, frame: &Frame) -> FrameView {
        let names = frame.symbol.as_ref().map(|symbol| self.names(symbol)).unwrap_or_default();
        FrameView {
            name: names.0.clone(),
            whole: names.1.clone(),
            library: frame.library.as_deref().map(|path| path.to_string()),
            python: !frame.python.is_empty(),
        }
    }

    fn names(&mut self, symbol: &Text) -> Arc<(String, String)> {
        if let Some(names) = self.names.get(symbol) {
            return names.clone();
        }
        let whole = symbol::demangled(symbol).unwrap_or_else(|| symbol.clone());
        let names = Arc::new((symbol::short(symbol).to_string(), whole.to_string()));
        if self.names.len() < MOST_NAMES {
            self.names.insert(symbol.clone(), names.clone());
        }
        names
    }
}

struct Found {
    at: usize,
    entry: usize,
    labels: (String, String),
}

fn because(frame: &Frame, seen: &FrameView) -> Option<Text> {
    let python = |python: &PythonFrame| format!("{} in Python", python.function);
    let file = || seen.library.as_deref().map(|path| path.rsplit('/').next().unwrap_or(path).to_owned());
    let name = frame.python.first().map(python).or_else(|| (!seen.name.is_empty()).then(|| seen.name.clone()));
    Some(Text::from(name.or_else(file).unwrap_or_else(|| "JIT code".to_owned())))
}

#[cfg(test)]
#[path = "meaning_tests.rs"]
mod tests;
