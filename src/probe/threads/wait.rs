//! What a thread is doing, in the kernel's words: its system call, the file of it, the kernel function it sleeps in and
//! its kernel stack. Reading them stops nothing.

use rustix::io::Errno;

use crate::data::sample::{Syscall, SyscallState};
use crate::data::{Text, Tid};
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat::{number, words};
use crate::linux::proc::syscalls;
use crate::linux::proc::syscalls::{Architecture, FirstArgument};

/// Longer than any line of `syscall`: a number, eight addresses and blanks.
const CALL_LINE: usize = 256;
/// Longer than any name of a kernel function.
const CHANNEL_LINE: usize = 256;
/// Longer than any kernel stack.
const STACK: usize = 16 << 10;
/// Frames of a kernel stack that are kept.
const MOST_FRAMES: usize = 24;
/// Bytes kept of a kernel function's name.
const LONGEST_NAME: usize = 96;
/// A 64-bit process has its stacks above this; the numbers of a 32-bit one's calls mean something else.
const LOWEST_STACK: u64 = 1 << 32;

/// Why something of a thread was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitGap {
    /// tftop may not read it.
    Refused,
    /// This kernel does not have it, or the thread is gone.
    Missing,
}

impl From<Errno> for WaitGap {
    fn from(error: Errno) -> Self {
        match error {
            Errno::ACCESS | Errno::PERM => Self::Refused,
            _ => Self::Missing,
        }
    }
}

/// The thread's system call. The file of its descriptor is read with it, so both are of one moment or nearly.
pub fn call(task: &ProcDir, tid: Tid, reader: &mut FileReader) -> Result<SyscallState, WaitGap> {
    let line = reader.read(task, &format!("{tid}/syscall"), CALL_LINE)?;
    let (mut call, first) = parse(line, Architecture::here()).ok_or(WaitGap::Missing)?;
    if let (SyscallState::Inside(syscall), FirstArgument::Descriptor) = (&mut call, first) {
        syscall.file = file(task, tid, syscall.arguments[0]);
    }
    Ok(call)
}

/// What a descriptor of the thread stands for. The kernel takes the lower half of the register.
fn file(task: &ProcDir, tid: Tid, register: u64) -> Option<Text> {
    let descriptor = i32::try_from(register & 0xffff_ffff).ok()?;
    task.link(&format!("{tid}/fd/{descriptor}")).ok().map(|target| Text::from_bytes(&target))
}

/// The line of `syscall`; none for anything else.
fn parse(line: &[u8], architecture: Option<Architecture>) -> Option<(SyscallState, FirstArgument)> {
    let mut words = words(line);
    match words.next()? {
        b"running" => Some((SyscallState::Running, FirstArgument::Other)),
        b"-1" => Some((SyscallState::Outside, FirstArgument::Other)),
        word => {
            let number = number(word)?;
            let mut registers = [0; 8];
            for register in &mut registers {
                *register = hexadecimal(words.next()?)?;
            }
            let [a, b, c, d, e, f, stack, _] = registers;
            let known = architecture.filter(|_| stack >= LOWEST_STACK).and_then(|it| syscalls::find(it, number));
            let name = known.map(|(name, _)| Text::from(name));
            let call = Syscall { number, name, arguments: [a, b, c, d, e, f], file: None };
            Some((SyscallState::Inside(call), known.map_or(FirstArgument::Other, |(_, first)| first)))
        }
    }
}

fn hexadecimal(word: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(word.strip_prefix(b"0x")?).ok()?;
    // A sign would be taken for part of the number.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

/// The kernel function the thread sleeps in; none when it does not sleep.
pub fn channel(task: &ProcDir, tid: Tid, reader: &mut FileReader) -> Option<Text> {
    let function = reader.read(task, &format!("{tid}/wchan"), CHANNEL_LINE).ok()?.trim_ascii();
    // "0" is the kernel's word for a thread that does not sleep and for a reader who may not know.
    (!function.is_empty() && function != b"0").then(|| Text::from_bytes(function))
}

/// Names of the kernel functions the thread stands in, the innermost first.
pub fn kernel_stack(task: &ProcDir, tid: Tid, reader: &mut FileReader) -> Result<Vec<Text>, WaitGap> {
    let text = reader.read(task, &format!("{tid}/stack"), STACK)?;
    Ok(text.split(|&byte| byte == b'\n').filter_map(frame).take(MOST_FRAMES).collect())
}

/// The function of a line like `[<0>] futex_do_wait+0x38/0x70`.
fn frame(line: &[u8]) -> Option<Text> {
    let words: Vec<&[u8]> = words(line).take(2).collect();
    let place = match words[..] {
        [address, place] if address.starts_with(b"[<") => place,
        _ => return None,
    };
    let name = place.split(|&byte| byte == b'+').next().filter(|name| !name.is_empty())?;
    Some(Text::from_bytes(&name[..name.len().min(LONGEST_NAME)]))
}

#[cfg(test)]
#[path = "wait_tests.rs"]
mod tests;
