//! Stacks as tests of their outputs need them.

use std::sync::Arc;

use crate::data::sample::{Frame, FrameMethod, PythonFrame, Stack, StackEnd, StackMethod, Stacks, ThreadState};
use crate::data::{Address, Pid, Text, Tid};

pub(crate) fn frame(symbol: Option<&str>, at: u64) -> Frame {
    Frame {
        address: Some(Address(0x7f00_0000 + at)),
        library: Some(Arc::new(Text::from("/lib/libx.so"))),
        in_file: Some(Address(at)),
        symbol: symbol.map(Text::from),
        found: FrameMethod::CallFrameInformation,
        python: Vec::new(),
    }
}

pub(crate) fn stack(tid: u32, taken: StackMethod, frames: Vec<Frame>, end: StackEnd) -> Stack {
    Stack { tid: Tid(tid), state: ThreadState::Sleeping, taken, frames, end, gaps: Vec::new() }
}

pub(crate) fn stacks() -> Stacks {
    let step = PythonFrame { function: Text::from("step"), file: Text::from("/a/train.py"), line: Some(12) };
    let python = Frame { found: FrameMethod::Python, python: vec![step], ..Frame::default() };
    let worker = frame(Some("_ZN3tsl12_GLOBAL__N_17PThread8ThreadFnEPv"), 0x10);
    let idle = || vec![frame(None, 0x20), worker.clone()];
    Stacks {
        pid: Pid(7),
        stacks: vec![
            stack(8, StackMethod::WithoutStop, idle(), StackEnd::Outermost),
            stack(9, StackMethod::WithoutStop, idle(), StackEnd::Outermost),
            stack(10, StackMethod::Stopped { stop_ns: 180_000 }, idle(), StackEnd::Outermost),
            stack(
                7,
                StackMethod::WithoutStop,
                vec![frame(None, 0x30), python],
                StackEnd::NeedsStop { register: "rbp".to_owned() },
            ),
        ],
        stopped_ns: 180_000,
        longest_stop_ns: 180_000,
        ..Stacks::default()
    }
}
