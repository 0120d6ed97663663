//! What a thread does right now, down to the last frame: user stacks as they were taken, and what is missing of them.
//! Addresses and mangled symbols only: what frames mean is a conclusion.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::sample::ThreadState;
use crate::data::{Address, Gap, Pid, Text, Tid};

/// The user stack of one thread at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// Whose.
    pub tid: Tid,
    /// The thread's state just before (field 3 of stat).
    pub state: ThreadState,
    /// Whether it was taken, and what that did to the thread.
    pub taken: StackMethod,
    /// Innermost first. Empty when it was not taken; Python's frames alone when only those could be read.
    pub frames: Vec<Frame>,
    /// How its outer end was reached.
    pub end: StackEnd,
    /// What is missing of it, and why.
    pub gaps: Vec<Gap>,
}

impl Stack {
    /// Whether the thread had ended before anything was read of it.
    pub fn is_of_ended_thread(&self) -> bool {
        matches!((&self.taken, self.state), (StackMethod::Not { .. }, ThreadState::Unknown))
    }
}

/// How a stack was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum StackMethod {
    /// The thread was asleep before and after and had not run in between: nothing was stopped.
    WithoutStop,
    /// The thread was stopped for that long at most.
    Stopped {
        /// Nanoseconds by the wall clock, from the last look at which it was not stopped yet to its release.
        stop_ns: u64,
    },
    /// Only Python's own frames were read, from memory, while the thread may have run.
    PythonOnly {
        /// Why there are no native frames.
        why: String,
    },
    /// Not at all.
    Not {
        /// Why, with the one step that would show it where there is one.
        why: String,
    },
}

/// One frame: native code, with the Python functions that it runs where it is the interpreter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// The instruction, in the target's memory: the next one to run in the innermost frame, else where the call returns
    /// to. None for Python functions whose native frame is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Path of the library or executable that holds it, as the target's maps name it; none for JIT code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub library: Option<Arc<Text>>,
    /// Where it lies in that file (a virtual address of its segments, as in `nm` and `objdump`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_file: Option<Address>,
    /// The symbol whose extent holds it, mangled; none in stripped libraries (the nearest symbol is a lie).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Text>,
    /// How the frame was found.
    pub found: FrameMethod,
    /// Python functions that this frame runs, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub python: Vec<PythonFrame>,
}

/// How a frame was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FrameMethod {
    /// By the instruction pointer: the innermost frame.
    #[default]
    InstructionPointer,
    /// By the call frame information of the frame inside it.
    CallFrameInformation,
    /// By the frame pointer, because the code of the frame inside it comes without call frame information: likely, not
    /// certain.
    FramePointer,
    /// By the first return address on the stack from which call frame information leads to a thread's start, because the
    /// code of the frame inside it was made at run time and comes without: likely, not certain.
    StackScan,
    /// In Python's own list of frames.
    Python,
}

/// A Python function that is being run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PythonFrame {
    /// Its qualified name, `co_qualname`; before Python 3.11 its plain name.
    pub function: Text,
    /// `co_filename`.
    pub file: Text,
    /// The line it is at; none where the code object has no line for the instruction.
    pub line: Option<u32>,
}

/// How the outer end of a stack was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "at")]
pub enum StackEnd {
    /// The function that called nobody: a thread's or the program's start.
    Outermost,
    /// There are more frames than are shown.
    Depth,
    /// A register is needed that only a stopped thread tells.
    NeedsStop {
        /// Its name.
        register: String,
    },
    /// It can't be followed further.
    Lost {
        /// Why.
        why: String,
    },
    /// There are no native frames.
    Nothing,
}

/// The stacks of some threads of one process, and what taking them cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stacks {
    /// The process.
    pub pid: Pid,
    /// In the order asked for.
    pub stacks: Vec<Stack>,
    /// What is missing of all of them, and why.
    pub gaps: Vec<Gap>,
    /// Wall time it all took, in nanoseconds.
    pub wall_ns: u64,
    /// How long threads were stopped, one after another, in nanoseconds; stops that gave no stack included.
    pub stopped_ns: u64,
    /// The longest single stop, in nanoseconds.
    pub longest_stop_ns: u64,
    /// Stops of single threads, those that gave no stack included.
    #[serde(default)]
    pub stop_count: u64,
}

/// Stacks that somebody let be taken of a target while it was watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenStacks {
    /// When the last of them was there, nanoseconds since boot (as [`Sample::at_ns`](super::Sample::at_ns)).
    pub at_ns: u64,
    /// They, and what taking them cost.
    pub stacks: Stacks,
}
