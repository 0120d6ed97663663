//! Puts Python's functions where they run: into the native frames of the interpreter.

use crate::data::sample::{Frame, FrameMethod, PythonFrame, StackEnd};
use crate::data::{Address, Gap};
use crate::probe::cpython::frames::Steadiness;
use crate::probe::stack::places::SymbolAddress;
use crate::probe::stack::python_side::PythonFunctions;
use crate::probe::stack::walk::WalkStep;

/// CPython's interpreter loop: exported, so known by name in stripped builds, too.
const INTERPRETER: &str = "_PyEval_EvalFrameDefault";

/// A native frame with its name.
pub fn native(step: &WalkStep, named: Option<&SymbolAddress>) -> Frame {
    // `in_file` is where the symbol was looked up; the frame is shown where it goes on.
    let behind = step.address.wrapping_sub(step.lookup);
    Frame {
        address: Some(Address(step.address)),
        library: named.and_then(|named| named.library.clone()),
        in_file: named.and_then(|named| named.in_file).map(|at| Address(at.wrapping_add(behind))),
        symbol: named.and_then(|named| named.symbol.clone()),
        found: step.found,
        python: Vec::new(),
    }
}

/// Native frames and Python's functions as one stack. Where they don't match, Python's stand behind the native ones, and
/// a gap says so.
pub fn merged(mut native: Vec<Frame>, end: &StackEnd, functions: PythonFunctions, gaps: &mut Vec<Gap>) -> Vec<Frame> {
    if functions.steadiness == Steadiness::Moving {
        let why = "the thread ran while they were read: its inner frames may be of different moments";
        gaps.push(Gap::new("one moment of Python's frames", why));
    }
    let mut runs: Vec<Vec<PythonFrame>> = vec![Vec::new()];
    for (function, entered) in functions.functions {
        runs.last_mut().into_iter().for_each(|run| run.push(function.clone()));
        if entered {
            runs.push(Vec::new());
        }
    }
    runs.retain(|run| !run.is_empty());
    let places: Vec<usize> = (0..native.len()).filter(|&at| is_interpreter(&native[at])).collect();
    let cut = *end != StackEnd::Outermost && !native.is_empty();
    let matches = places.len() == runs.len() || (cut && places.len() < runs.len());
    if !matches && !native.is_empty() {
        let why = format!(
            "{} native frames are the interpreter's, but Python entered it {} times: its functions stand at the end",
            places.len(),
            runs.len()
        );
        gaps.push(Gap::new("where Python's functions belong", why));
    }
    let inside = if matches { places.len() } else { 0 };
    let outside = runs.split_off(inside);
    for (at, run) in places.into_iter().zip(runs) {
        native[at].python = run;
    }
    let alone = |function| Frame { found: FrameMethod::Python, python: vec![function], ..Frame::default() };
    native.extend(outside.into_iter().flatten().map(alone));
    native
}

fn is_interpreter(frame: &Frame) -> bool {
    // Compilers split the function in parts: `_PyEval_EvalFrameDefault.cold`.
    frame.symbol.as_ref().is_some_and(|symbol| symbol.split('.').next() == Some(INTERPRETER))
}
