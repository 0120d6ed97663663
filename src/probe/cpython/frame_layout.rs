//! Where CPython keeps what its threads run: thread states, frames, code objects. Small tables for 3.10 to 3.12, by
//! CPython's own headers; 3.13 and later publish it.

/// Offsets in bytes; LP64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameLayout {
    pub thread: ThreadLayout,
    pub frame: FrameFormat,
    pub code: CodeLayout,
}

/// `PyInterpreterState` and `PyThreadState` (pycore_interp.h, Include/cpython/pystate.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ThreadLayout {
    /// `PyInterpreterState.threads.head`, in 3.10 `.tstate_head`.
    pub head: u64,
    pub next: u64,
    /// `pthread_self()` of the thread: the address of its `struct pthread`.
    pub thread_id: u64,
    /// The tid in the target's own pid namespace; not in 3.10.
    pub native_id: Option<u64>,
    /// The newest frame, or what leads to it.
    pub frame: u64,
    /// 3.11 and 3.12: `PyThreadState.cframe` points to a struct that holds the newest frame here.
    pub in_cframe: Option<u64>,
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameFormat {
    /// 3.10: `PyFrameObject` (Include/cpython/frameobject.h). `f_lasti` counts instructions of two bytes.
    Object { back: u64, code: u64, last_instruction: u64 },
    /// Since 3.11: `_PyInterpreterFrame` (pycore_frame.h).
    Interpreter {
        previous: u64,
        code: u64,
        /// `prev_instr`, since 3.13 `instr_ptr`: a pointer into the code object.
        instruction: u64,
        owner: u64,
        /// 3.11: whether the interpreter's C function was entered anew with this frame. Since 3.12 a frame of its own
        /// stands there.
        is_entry: Option<u64>,
    },
}

/// `PyCodeObject` (Include/cpython/code.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodeLayout {
    pub file: u64,
    /// `co_qualname`, in 3.10 `co_name`.
    pub name: u64,
    pub first_line: u64,
    pub lines: u64,
    /// Where the instructions begin; not in 3.10, where frames count them.
    pub instructions: Option<u64>,
}

impl FrameLayout {
    /// The table of a version that does not publish its own layout.
    pub fn of_version(version: (u8, u8)) -> Option<Self> {
        match version {
            (3, 10) => Some(Self {
                thread: ThreadLayout { head: 8, next: 8, thread_id: 176, native_id: None, frame: 24, in_cframe: None },
                frame: FrameFormat::Object { back: 24, code: 32, last_instruction: 96 },
                code: CodeLayout { file: 104, name: 112, first_line: 40, lines: 120, instructions: None },
            }),
            (3, 11) => Some(Self {
                thread: ThreadLayout {
                    head: 16,
                    next: 8,
                    thread_id: 152,
                    native_id: Some(160),
                    frame: 56,
                    in_cframe: Some(8),
                },
                frame: FrameFormat::Interpreter {
                    previous: 48,
                    code: 32,
                    instruction: 56,
                    owner: 69,
                    is_entry: Some(68),
                },
                code: CodeLayout { file: 112, name: 128, first_line: 72, lines: 136, instructions: Some(184) },
            }),
            (3, 12) => Some(Self {
                thread: ThreadLayout {
                    head: 72,
                    next: 8,
                    thread_id: 136,
                    native_id: Some(144),
                    frame: 56,
                    in_cframe: Some(0),
                },
                frame: FrameFormat::Interpreter { previous: 8, code: 0, instruction: 56, owner: 70, is_entry: None },
                code: CodeLayout { file: 112, name: 128, first_line: 68, lines: 136, instructions: Some(192) },
            }),
            _ => None,
        }
    }
}

/// Which word of `_Py_DebugOffsets` holds what (see `debug_offsets`).
struct Words {
    threads_head: usize,
    /// `thread_state.next`, `.current_frame`, `.thread_id`, `.native_thread_id`.
    thread: [usize; 4],
    /// `interpreter_frame.previous`, `.executable`, `.instr_ptr`, `.owner`.
    frame: [usize; 4],
    /// `code_object.filename`, `.qualname`, `.linetable`, `.firstlineno`, `.co_code_adaptive`.
    code: [usize; 5],
}

const WORDS_3_13: Words =
    Words { threads_head: 9, thread: [21, 23, 24, 25], frame: [29, 30, 31, 33], code: [35, 37, 38, 39, 43] };
const WORDS_3_14: Words =
    Words { threads_head: 9, thread: [24, 26, 27, 28], frame: [32, 33, 34, 36], code: [40, 42, 43, 44, 48] };

/// Larger offsets in a thread state, a frame or a code object are garbage, and so are larger ones in the interpreter's.
const LARGEST_FIELD: u64 = 4096;
const LARGEST_HEAD: u64 = 1 << 20;

/// What 3.13 and 3.14 publish; none for versions whose words are not known, and where a number makes no sense.
pub(crate) fn published(version: (u8, u8), word: impl Fn(usize) -> u64) -> Option<FrameLayout> {
    let words = match version {
        (3, 13) => &WORDS_3_13,
        (3, 14) => &WORDS_3_14,
        _ => return None,
    };
    let [next, current, thread_id, native_id] = words.thread.map(&word);
    let [previous, code, instruction, owner] = words.frame.map(&word);
    let [file, name, lines, first_line, instructions] = words.code.map(&word);
    let head = word(words.threads_head);
    let fields = [next, current, thread_id, native_id, previous, code, instruction, file, name, lines, instructions];
    let sensible = fields.iter().all(|&offset| offset.is_multiple_of(8) && offset < LARGEST_FIELD)
        && owner < LARGEST_FIELD
        && first_line.is_multiple_of(4)
        && first_line < LARGEST_FIELD
        && head.is_multiple_of(8)
        && head < LARGEST_HEAD;
    sensible.then_some(FrameLayout {
        thread: ThreadLayout { head, next, thread_id, native_id: Some(native_id), frame: current, in_cframe: None },
        frame: FrameFormat::Interpreter { previous, code, instruction, owner, is_entry: None },
        code: CodeLayout { file, name, first_line, lines, instructions: Some(instructions) },
    })
}
