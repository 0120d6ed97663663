//! The Python part of stacks: which of the threads Python knows, and what they run.

use std::collections::{HashMap, HashSet};
use std::io;

use crate::data::sample::PythonFrame;
use crate::data::{Address, Gap, Tid};
use crate::linux::proc::maps::Maps;
use crate::probe::cpython::frames::{Chains, PythonThread, RawFrame, Steadiness};
use crate::probe::cpython::{Python, interpreter};
use crate::probe::identify::pthreads::ThreadList;
use crate::probe::stack::asleep::TaskDir;
use crate::probe::target::live_target::IdentifyTarget;

/// Finds the interpreter; keeps what does not change.
#[derive(Debug, Default)]
pub struct InterpreterFinder {
    list: Option<ThreadList>,
    runtime: Option<Address>,
}

/// Python's functions on one stack.
#[derive(Clone, Debug)]
pub struct PythonFunctions {
    /// Innermost first; each with whether the interpreter's C function was entered with it.
    pub functions: Vec<(PythonFrame, bool)>,
    pub steadiness: Steadiness,
}

/// The interpreter during one call.
pub struct InterpreterSession<'a> {
    python: Python<'a>,
    chains: Chains,
    target: &'a dyn IdentifyTarget,
    threads: HashMap<Tid, PythonThread>,
}

impl InterpreterFinder {
    /// Opens the interpreter; an error is a gap, or nothing where there is no Python.
    pub fn open<'a>(
        &mut self,
        target: &'a dyn IdentifyTarget,
        maps: &Maps,
        tids: &[Tid],
        tasks: &[TaskDir],
    ) -> Result<InterpreterSession<'a>, Option<Gap>> {
        let Some(fact) = interpreter::find(maps) else { return Err(None) };
        let gap = |why: String| Some(Gap::new("Python's frames", why));
        if self.runtime.is_none() {
            self.runtime = interpreter::symbol(target, maps, "_PyRuntime");
        }
        let runtime = self.runtime.ok_or_else(|| gap("where CPython keeps its state is not found".to_owned()))?;
        let version = fact.version.as_deref().and_then(interpreter::numbers);
        let open = || {
            let python = Python::open(target, runtime, version)?;
            let (chains, states) = (python.chains()?, python.thread_states()?);
            Ok((python, chains, states))
        };
        let (python, chains, states) = open().map_err(|error: io::Error| gap(error.to_string()))?;
        let threads = self.matched(target, maps, tids, tasks, &states);
        Ok(InterpreterSession { python, chains, target, threads })
    }

    /// Python's thread state of each thread: by the address of its `struct pthread`, or by its number where glibc's list
    /// can't be read.
    fn matched(
        &mut self,
        target: &dyn IdentifyTarget,
        maps: &Maps,
        tids: &[Tid],
        tasks: &[TaskDir],
        states: &[PythonThread],
    ) -> HashMap<Tid, PythonThread> {
        let number = |(tid, task): (&Tid, &TaskDir)| Some((*tid, task.numbers().ok()?.0));
        let numbers: Vec<(Tid, u32)> = tids.iter().zip(tasks).filter_map(number).collect();
        if self.list.is_none() {
            self.list = ThreadList::find(target, maps).ok();
        }
        let wanted: HashSet<u32> = numbers.iter().map(|(_, number)| *number).collect();
        let found = self.list.as_ref().map(|list| list.walk(target, &wanted).found).unwrap_or_default();
        let by_thread: HashMap<Address, &PythonThread> = states.iter().map(|state| (state.thread, state)).collect();
        let by_number: HashMap<u32, &PythonThread> =
            states.iter().filter_map(|state| Some((state.native_id?, state))).collect();
        let state = |(tid, number): (Tid, u32)| {
            let state = match found.get(&number) {
                Some(handle) => by_thread.get(&handle.thread),
                None => by_number.get(&number),
            };
            Some((tid, **state?))
        };
        numbers.into_iter().filter_map(state).collect()
    }
}

impl InterpreterSession<'_> {
    /// What a thread that does not run now runs; none for one that Python does not know, or that runs no Python code.
    pub fn still(&self, tid: Tid) -> Option<Result<PythonFunctions, String>> {
        let (chains, thread) = self.chain_reader(tid)?;
        let chain = chains.of(self.target, &thread).map_err(|error| error.to_string());
        Some(self.functions(&chain)).filter(|found| !found.as_ref().is_ok_and(|found| found.functions.is_empty()))
    }

    /// What a thread that may run now runs.
    pub fn moving(&self, tid: Tid) -> Option<Result<PythonFunctions, String>> {
        let thread = self.threads.get(&tid)?;
        let functions = match self.python.moving(thread) {
            Ok((functions, steadiness)) => {
                let functions = functions.into_iter().map(|function| (function, true)).collect();
                PythonFunctions { functions, steadiness }
            }
            Err(error) => return Some(Err(error.to_string())),
        };
        (!functions.functions.is_empty()).then_some(Ok(functions))
    }

    /// What reads a thread's chain of frames, while it is stopped for example.
    pub fn chain_reader(&self, tid: Tid) -> Option<(Chains, PythonThread)> {
        Some((self.chains, *self.threads.get(&tid)?))
    }

    /// The functions of a chain that was read while the thread did not run.
    pub fn functions(&self, chain: &Result<Vec<RawFrame>, String>) -> Result<PythonFunctions, String> {
        let chain = chain.as_ref().map_err(Clone::clone)?;
        let functions = self.python.functions(chain).map_err(|error| error.to_string())?;
        let entered = chain.iter().map(|frame| frame.entered);
        Ok(PythonFunctions { functions: functions.into_iter().zip(entered).collect(), steadiness: Steadiness::Steady })
    }
}
