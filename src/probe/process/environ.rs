//! The environment a process has now, in its own memory; `/proc/PID/environ` keeps the one it was started with. Only
//! variables on the kept list are ever read in full.

use std::io;

use crate::data::Address;
use crate::data::sample::{Environment, KEPT_VARIABLES};
use crate::linux::elf::c_string::c_string;
use crate::linux::memory::Memory;
use crate::linux::proc::maps::{MappedFile, Maps};
use crate::linux::proc::read_stable::read_stable;
use crate::probe::target::live_target::{IdentifyTarget, LibraryQuery};

/// More variables than this are not looked at: the kernel's limit of arguments and environment is 6 MiB (execve(2)).
const MOST_VARIABLES: usize = 32_768;

/// Longest value read, in bytes.
const LONGEST_VALUE: usize = 4096;

/// Names of one and the same variable (environ(7); musl and glibc have all three).
const NAMES: [&str; 3] = ["environ", "__environ", "_environ"];

/// Programs mapped beside libraries that are asked: one, two where a loader or an emulator runs it.
const MOST_PROGRAMS: usize = 8;

/// Where the pointer lies that [`live_environment`] starts from; none when neither the program nor a C library names it.
pub fn find(target: &dyn IdentifyTarget, maps: &Maps) -> Option<Address> {
    let is_library = |file: &MappedFile| file.name().contains(".so");
    let is_c_library =
        |file: &MappedFile| ["libc.", "libc-2", "ld-musl"].iter().any(|start| file.name().starts_with(start));
    let programs = maps.code().filter(|code| !is_library(&code.file)).take(MOST_PROGRAMS);
    let c_libraries = maps.code().filter(|code| is_library(&code.file) && is_c_library(&code.file));
    let wanted = LibraryQuery { names: NAMES.map(str::to_owned).to_vec(), addresses: Vec::new() };
    programs.chain(c_libraries).find_map(|code| {
        let found = target.ask(code, &wanted).ok()?;
        NAMES.iter().find_map(|name| found.named.get(*name).copied())
    })
}

/// The kept variables of the array that `environ` (environ(7)) points to now.
///
/// `environ` is the address of that pointer: the symbol `environ` or `__environ` of the executable where it has one (the
/// linker may move the variable there by a copy relocation, and libc's own is then dead), else libc's.
/// Fails where memory can't be read, or when the program kept changing it.
pub fn live_environment(memory: &dyn Memory, environ: Address) -> io::Result<Environment> {
    read_stable(|| match memory.pointer(environ)? {
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::probe::image::MemoryImage;
    use crate::probe::target::live_target::LibraryAnswer;

    /// Where `environ` is found among files that answer one of its names, in the order of their addresses.
    fn place(files: &[(&str, &str)]) -> Option<u64> {
        let mut recording = MemoryImage::default();
        for (index, (path, name)) in files.iter().enumerate() {
            let start = 0x1000 * (index as u64 + 1);
            recording.maps.push(format!("{start:x}-{:x} r-xp 0 00:00 {} {path}", start + 0x1000, index + 7));
            let named = [((*name).to_owned(), Address(index as u64))].into();
            recording.libraries.insert(PathBuf::from(path), LibraryAnswer { named, ..LibraryAnswer::default() });
        }
        find(&recording, &Maps::of(&recording).unwrap()).map(|address| address.0)
    }

    #[test]
    fn the_copy_of_the_program_counts_before_the_one_of_its_c_library() {
        let libc = ("/lib/x86_64-linux-gnu/libc.so.6", "environ");
        assert_eq!(place(&[libc, ("/usr/bin/python3.11", "__environ")]), Some(1));
        assert_eq!(place(&[("/usr/bin/python3.11", "main"), ("/lib/libother.so", "environ"), libc]), Some(2));
        assert_eq!(place(&[("/app", "main"), ("/lib/ld-musl-x86_64.so.1", "_environ")]), Some(1));
        assert_eq!(place(&[("/app", "main")]), None);
    }
}
