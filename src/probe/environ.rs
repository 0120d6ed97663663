//! The environment a process has now, in its own memory; `/proc/PID/environ` keeps the one it was started with. Only
//! variables on the kept list are ever read in full.

use std::io;

use crate::fact::{Address, Environment, KEPT_VARIABLES};

use super::c_string::c_string;
use super::memory::Memory;
use super::settled::settled;

/// More variables than this are not looked at: the kernel's limit of arguments and environment is 6 MiB (execve(2)).
const MOST_VARIABLES: usize = 32_768;

/// Longest value read, in bytes.
const LONGEST_VALUE: usize = 4096;

/// The kept variables of the array that `environ` (environ(7)) points to now.
///
/// `environ` is the address of that pointer: the symbol `environ` or `__environ` of the executable where it has one (the
/// linker may move the variable there by a copy relocation, and libc's own is then dead), else libc's.
/// Fails where memory can't be read, or when the program kept changing it.
pub fn live_environment(memory: &dyn Memory, environ: Address) -> io::Result<Environment> {
    settled(|| match memory.pointer(environ)? {
        Address(0) => Ok(Environment::default()),
        array => kept_block(memory, array).map(|block| Environment::from_block(&block)),
    })
}

/// The kept variables of a NULL-terminated array of strings, each followed by a NUL.
fn kept_block(memory: &dyn Memory, array: Address) -> io::Result<Vec<u8>> {
    let longest_name = KEPT_VARIABLES.iter().map(|name| name.len()).max().unwrap_or(0);
    let mut block = Vec::new();
    for index in 0..MOST_VARIABLES as u64 {
        let slot = array.0.checked_add(index * 8).ok_or(io::ErrorKind::InvalidData)?;
        let entry = memory.pointer(Address(slot))?;
        if entry.0 == 0 {
            return Ok(block);
        }
        let start = c_string(memory, entry, longest_name + 1)?;
        if KEPT_VARIABLES.iter().any(|kept| start.strip_prefix(kept.as_bytes()).is_some_and(|r| r.starts_with(b"="))) {
            block.extend(c_string(memory, entry, start.len() + LONGEST_VALUE)?);
            block.push(0);
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {MOST_VARIABLES} environment variables")))
}
