//! A target's memory, read and never written: a live process or a recorded image, so that every walk of foreign memory
//! can be tested on both.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::data::{Address, Pid};
use crate::linux::unanswered::UnansweredRanges;

/// Somebody's memory. An unmapped address is an error, never a panic; a read is whole or fails.
pub trait Memory {
    /// Fills `into` from `address` on.
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()>;

    /// Fills `into` as far as memory goes and says how far. Reads in pieces where it can't be done at once.
    fn read_start(&self, address: Address, into: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        for piece in into.chunks_mut(PIECE) {
            match self.read(Address(address.0.saturating_add(done as u64)), piece) {
                Ok(()) => done += piece.len(),
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// A little-endian u64 (both supported architectures are little-endian).
    fn u64(&self, address: Address) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// A little-endian u32.
    fn u32(&self, address: Address) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// An address stored at an address.
    fn pointer(&self, address: Address) -> io::Result<Address> {
        self.u64(address).map(Address)
    }
}

/// What is read at once where memory may end anywhere.
const PIECE: usize = 256;

/// The memory of a live process through `/proc/PID/mem` (proc_pid_mem(5)). Opening it checks permission once
/// (PTRACE_MODE_ATTACH); reading neither stops nor changes the target.
#[derive(Debug)]
pub struct LiveMemory {
    file: File,
    unanswered: UnansweredRanges,
}

impl LiveMemory {
    /// Opens it for reading. Fails with EACCES or EPERM where Yama, ownership or capabilities forbid.
    pub fn open(proc_root: &Path, pid: Pid) -> io::Result<Self> {
        let file = File::open(proc_root.join(pid.to_string()).join("mem"))?;
        Ok(Self { file, unanswered: UnansweredRanges::default() })
    }

    /// From now on nothing there is read.
    pub fn leave_out(&mut self, unanswered: UnansweredRanges) {
        self.unanswered = unanswered;
    }
}

impl Memory for LiveMemory {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        self.unanswered.check(address.0, into.len())?;
        self.file.read_exact_at(into, address.0)
    }

    fn read_start(&self, address: Address, into: &mut [u8]) -> io::Result<usize> {
        let readable = self.unanswered.readable(address.0, into.len())?;
        self.file.read_at(into.get_mut(..readable).unwrap_or_default(), address.0)
    }
}
