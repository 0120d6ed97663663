//! What Python's threads run: their frames, innermost first, read from CPython's own objects. Nothing is stopped, so a
//! thread that runs may change its frames meanwhile: chains are read twice, and it is said where they differ.

use std::collections::HashMap;
use std::io;

use crate::data::sample::PythonFrame;
use crate::data::{Address, Text};
use crate::linux::memory::Memory;
use crate::probe::cpython::frame_layout::{FrameFormat, FrameLayout};
use crate::probe::cpython::{Python, after, lines, unreadable};

/// Threads and frames followed; CPython's default recursion limit is 1,000.
const MOST_THREADS: usize = 16_384;
const MOST_FRAMES: usize = 1024;
/// Since 3.12 (pycore_frame.h): the frame is a mark that the interpreter's C function was entered, not a function
/// (`FRAME_OWNED_BY_CSTACK`, in 3.14 `FRAME_OWNED_BY_INTERPRETER` and another one behind it).
const FIRST_MARK: u8 = 3;
/// Bytes of a frame that are looked at; the last field used lies before them in every version.
const FRAME_BYTES: usize = 112;
/// Longest table of lines read.
const LONGEST_LINES: u64 = 1 << 20;
/// How often a chain that changes is read again.
const ATTEMPTS: usize = 5;

/// A thread that Python knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PythonThread {
    address: Address,
    /// The address of its `struct pthread` (see `pthreads`).
    pub thread: Address,
    /// Its tid in the target's own pid namespace; none in 3.10. A forked child may hold its parent's.
    pub native_id: Option<u32>,
}

/// A frame as it was read: nothing in it has been looked at yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawFrame {
    code: Address,
    instruction: u64,
    /// Whether the interpreter's C function was entered with it: frames up to and with this one share a native frame.
    pub entered: bool,
}

/// Reads chains of frames; small enough to be used while a thread is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Chains {
    layout: FrameLayout,
}

/// Whether a thread's frames held still while they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steadiness {
    /// Two readings agreed.
    Steady,
    /// The thread ran: its inner frames may be of different moments.
    Moving,
}

impl Python<'_> {
    /// What reads chains of frames; an error says why there is none for this version.
    pub fn chains(&self) -> io::Result<Chains> {
        let (major, minor) = self.version;
        let layout =
            self.frames.ok_or_else(|| unreadable(&format!("frames of CPython {major}.{minor} are not known")))?;
        Ok(Chains { layout })
    }

    /// The threads that Python knows. A list that changes meanwhile may lack some.
    pub fn thread_states(&self) -> io::Result<Vec<PythonThread>> {
        let layout = self.chains()?.layout.thread;
        let memory = self.objects.memory;
        let mut threads = Vec::new();
        let mut next = memory.pointer(after(self.interpreter, layout.head)?)?;
        while next.0 != 0 && threads.len() < MOST_THREADS {
            let native_id = match layout.native_id {
                Some(at) => u32::try_from(memory.u64(after(next, at)?)?).ok(),
                None => None,
            };
            let thread = memory.pointer(after(next, layout.thread_id)?)?;
            threads.push(PythonThread { address: next, thread, native_id });
            next = memory.pointer(after(next, layout.next)?)?;
        }
        Ok(threads)
    }

    /// The functions of a chain. A frame whose code object can't be read is an error: the chain was torn.
    pub fn functions(&self, chain: &[RawFrame]) -> io::Result<Vec<PythonFrame>> {
        let chains = self.chains()?;
        let mut known: HashMap<Address, Code> = HashMap::new();
        let function = |frame: &RawFrame| {
            let code = match known.get(&frame.code) {
                Some(code) => code,
                None => {
                    let code = self.code(&chains, frame.code)?;
                    known.entry(frame.code).or_insert(code)
                }
            };
            Ok(PythonFrame {
                function: code.function.clone(),
                file: code.file.clone(),
                line: code.line(frame.instruction),
            })
        };
        chain.iter().map(function).collect()
    }

    /// A thread's functions while it may run: read until two readings agree, or as they were last.
    pub fn moving(&self, thread: &PythonThread) -> io::Result<(Vec<PythonFrame>, Steadiness)> {
        let chains = self.chains()?;
        let mut last = Err(unreadable("Python's frames kept changing while they were read"));
        for _ in 0..ATTEMPTS {
            let before = chains.of(self.objects.memory, thread)?;
            let Ok(functions) = self.functions(&before) else { continue };
            if chains.of(self.objects.memory, thread)? == before {
                return Ok((functions, Steadiness::Steady));
            }
            last = Ok((functions, Steadiness::Moving));
        }
        last
    }

    fn code(&self, chains: &Chains, code: Address) -> io::Result<Code> {
        if self.objects.class_of(code)?.name != b"code" {
            return Err(unreadable("a Python frame without a code object"));
        }
        let (layout, memory) = (chains.layout.code, self.objects.memory);
        let table = memory.pointer(after(code, layout.lines)?)?;
        // PyBytesObject: ob_size at 16, ob_sval at 32 (Include/cpython/bytesobject.h, the same in 3.10 to 3.15).
        let length = memory.u64(after(table, 16)?)?;
        if length > LONGEST_LINES {
            return Err(unreadable("a Python code object with a table of lines of no sensible length"));
        }
        let mut bytes = vec![0; length as usize];
        memory.read(after(table, 32)?, &mut bytes)?;
        let format = if layout.instructions.is_some() {
            lines::LineTableFormat::Since311
        } else {
            lines::LineTableFormat::In310
        };
        let start = layout.instructions.map_or(Ok(0), |at| after(code, at).map(|start| start.0))?;
        Ok(Code {
            function: self.objects.text(memory.pointer(after(code, layout.name)?)?)?,
            file: self.objects.text(memory.pointer(after(code, layout.file)?)?)?,
            first_line: memory.u32(after(code, layout.first_line)?)?.cast_signed(),
            lines: bytes,
            format,
            start,
        })
    }
}

/// What a code object says.
struct Code {
    function: Text,
    file: Text,
    first_line: i32,
    lines: Vec<u8>,
    format: lines::LineTableFormat,
    /// Where its instructions begin in memory; 0 where frames count from there.
    start: u64,
}

impl Code {
    fn line(&self, instruction: u64) -> Option<u32> {
        let offset = instruction.wrapping_sub(self.start).cast_signed();
        lines::line_at(&self.lines, self.format, self.first_line, offset)
    }
}

impl Chains {
    /// The frames of a thread, innermost first; none for one that runs no Python code.
    pub fn of(&self, memory: &dyn Memory, thread: &PythonThread) -> io::Result<Vec<RawFrame>> {
        let mut next = memory.pointer(after(thread.address, self.layout.thread.frame)?)?;
        if let Some(at) = self.layout.thread.in_cframe.filter(|_| next.0 != 0) {
            next = memory.pointer(after(next, at)?)?;
        }
        let mut frames: Vec<RawFrame> = Vec::new();
        // Marks count, too: a chain of nothing but marks ends as well.
        for _ in 0..2 * MOST_FRAMES {
            if next.0 == 0 || frames.len() >= MOST_FRAMES {
                return Ok(frames);
            }
            let mut bytes = [0; FRAME_BYTES];
            // A frame can be the last thing in its memory: what lies behind its fields is not needed.
            let read = memory.read_start(next, &mut bytes)?;
            let bytes = &bytes[..read];
            next = match self.layout.frame {
                FrameFormat::Object { back, code, last_instruction } => {
                    let last = half(bytes, last_instruction)?.cast_signed();
                    let instruction = i64::from(last).wrapping_mul(2).cast_unsigned();
                    frames.push(RawFrame { code: Address(word(bytes, code)?), instruction, entered: true });
                    Address(word(bytes, back)?)
                }
                FrameFormat::Interpreter { previous, code, instruction, owner, is_entry } => {
                    if byte(bytes, owner)? >= FIRST_MARK {
                        frames.last_mut().into_iter().for_each(|frame| frame.entered = true);
                    } else {
                        // Since 3.14 the lowest bits tell how the reference is counted.
                        let code = Address(word(bytes, code)? & !7);
                        let entered = is_entry.map_or(Ok(0), |at| byte(bytes, at))? != 0;
                        frames.push(RawFrame { code, instruction: word(bytes, instruction)?, entered });
                    }
                    Address(word(bytes, previous)?)
                }
            };
        }
        Err(unreadable("Python's frames have no end"))
    }
}

fn word(bytes: &[u8], at: u64) -> io::Result<u64> {
    let found = bytes.get(at as usize..).and_then(|rest| rest.first_chunk());
    found.map(|word| u64::from_le_bytes(*word)).ok_or_else(|| unreadable("a Python frame is cut off"))
}

fn half(bytes: &[u8], at: u64) -> io::Result<u32> {
    let found = bytes.get(at as usize..).and_then(|rest| rest.first_chunk());
    found.map(|word| u32::from_le_bytes(*word)).ok_or_else(|| unreadable("a Python frame is cut off"))
}

fn byte(bytes: &[u8], at: u64) -> io::Result<u8> {
    bytes.get(at as usize).copied().ok_or_else(|| unreadable("a Python frame is cut off"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Memory whose words are made of their addresses, some of them unreadable.
    struct Garbage(u64);

    impl Memory for Garbage {
        fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
            if (address.0 ^ self.0) % 1001 == 3 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let mut word = address.0 ^ self.0;
            for byte in into {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (word >> 56) as u8;
            }
            Ok(())
        }
    }

    /// Memory in which every word is the same.
    struct Same(u64);

    impl Memory for Same {
        fn read(&self, _address: Address, into: &mut [u8]) -> io::Result<()> {
            let word = self.0.to_le_bytes();
            into.iter_mut().zip(word.iter().cycle()).for_each(|(byte, same)| *byte = *same);
            Ok(())
        }
    }

    fn versions() -> impl Iterator<Item = Chains> {
        [10, 11, 12].into_iter().filter_map(|minor| Some(Chains { layout: FrameLayout::of_version((3, minor))? }))
    }

    #[test]
    fn a_chain_that_leads_to_itself_is_left_within_bounds() {
        let thread = PythonThread { address: Address(0x1000), thread: Address(0), native_id: None };
        for word in [0x2000, 0x0303_0303_0303_0303] {
            for chains in versions() {
                let frames = chains.of(&Same(word), &thread);
                assert!(frames.is_err() || frames.is_ok_and(|frames| frames.len() <= MOST_FRAMES));
            }
        }
        assert!(versions().all(|chains| chains.of(&Same(0), &thread).unwrap().is_empty()));
    }

    proptest! {
        #[test]
        fn any_memory_is_followed_without_panic(seed in any::<u64>(), address in any::<u64>()) {
            let thread = PythonThread { address: Address(address), thread: Address(0), native_id: None };
            for chains in versions() {
                drop(chains.of(&Garbage(seed), &thread));
            }
        }
    }
}
