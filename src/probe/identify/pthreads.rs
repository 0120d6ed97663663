//! glibc's own list of a process's threads: where each started and with which argument. The layout comes from the target
//! (the descriptors glibc keeps for libthread_db), the walk is bounded and expects the list to change under it.

use std::collections::{HashMap, HashSet};
use std::io;

use crate::data::Address;
use crate::linux::elf::file::invalid;
use crate::linux::memory::Memory;
use crate::linux::proc::maps::{Mapping, Maps};
use crate::probe::target::live_target::{IdentifyTarget, LibraryAnswer, LibraryQuery};

/// Where glibc keeps its thread list in one process, and where the fields of `struct pthread` lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadList {
    heads: [Address; 2],
    list_at: u64,
    tid_at: u64,
    start_at: u64,
}

/// One thread as glibc knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PthreadHandle {
    /// Its `struct pthread`: the value of pthread_self(3), and what Python calls the thread's ident.
    pub thread: Address,
    /// Its start routine; 0 for the main thread.
    pub start: Address,
    /// What the start routine was called with.
    pub argument: Address,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct ThreadListWalk {
    /// The wanted threads, by the tid the target knows them by.
    pub found: HashMap<u32, PthreadHandle>,
    /// Why the last walk ended before the end of the lists; none when it did not.
    pub torn: Option<io::Error>,
}

/// nptl_db/structs.def of glibc: each name is a u32[3] (size in bits, number of elements, offset in bytes).
const FIELDS: [&str; 3] = ["_thread_db_pthread_list", "_thread_db_pthread_tid", "_thread_db_pthread_start_routine"];
/// Since glibc 2.33 the lists are part of ld.so's `_rtld_global`; descriptors say where.
const IN_RTLD: [&str; 2] = ["_thread_db_rtld_global__dl_stack_used", "_thread_db_rtld_global__dl_stack_user"];
const RTLD_GLOBAL: &str = "_rtld_global";
/// Before, they were variables of libpthread; in a statically linked program they are variables of the program.
const VARIABLES: [[&str; 2]; 2] = [["stack_used", "__stack_user"], ["_dl_stack_used", "_dl_stack_user"]];

/// `struct pthread` is 2.3 KB and `struct rtld_global` 4.4 KB (glibc 2.36): larger offsets are garbage.
const LARGEST_FIELD_OFFSET: u64 = 16 << 10;
const LARGEST_RTLD_OFFSET: u64 = 1 << 20;
/// Threads looked at for one question, all attempts together: about 0.2 s, and four times the default of
/// /proc/sys/kernel/pid_max (proc_sys_kernel(5)).
const MOST_STEPS: usize = 1 << 17;
/// A list that changes while it is walked is walked again.
const ATTEMPTS: usize = 4;

impl ThreadList {
    /// Finds the lists. The error says in words what kind of process this is or what is missing.
    pub fn find(target: &dyn IdentifyTarget, maps: &Maps) -> Result<Self, String> {
        let names: Vec<&str> = FIELDS.into_iter().chain(IN_RTLD).chain(VARIABLES.into_iter().flatten()).collect();
        let is_c_library = |name: &str| ["libc.so", "libc-2", "libpthread"].iter().any(|start| name.starts_with(start));
        let mut c_libraries: Vec<&Mapping> = maps.code().filter(|code| is_c_library(code.file.name())).collect();
        if c_libraries.is_empty() {
            // Statically linked: the program itself, which lies lowest.
            c_libraries.extend(maps.code().take(1));
        }
        let mut unreadable = None;
        for library in c_libraries {
            let found = match ask(target, library, &names) {
                Ok(found) => found,
                Err(error) => {
                    unreadable = unreadable.or(Some(format!("{} can't be read: {error}", library.file.shown)));
                    continue;
                }
            };
            if FIELDS.iter().all(|field| found.named.contains_key(*field)) {
                return Self::from_symbols(target, maps, &found);
            }
        }
        Err(unreadable.unwrap_or_else(|| no_list(maps)))
    }

    fn from_symbols(target: &dyn IdentifyTarget, maps: &Maps, found: &LibraryAnswer) -> Result<Self, String> {
        let field = |name: &str, bits: u32| {
            let address = *found.named.get(name).ok_or_else(|| invalid("missing"))?;
            offset(target, address, Some(bits), LARGEST_FIELD_OFFSET)
        };
        let fields = || Ok::<_, io::Error>((field(FIELDS[0], 128)?, field(FIELDS[1], 32)?, field(FIELDS[2], 64)?));
        let (list_at, tid_at, start_at) =
            fields().map_err(|error| format!("glibc's description of its threads can't be used: {error}"))?;
        let heads = match [IN_RTLD[0], IN_RTLD[1]].map(|name| found.named.get(name)) {
            [Some(&used), Some(&user)] => in_rtld_global(target, maps, [used, user])?,
            _ => {
                let pair = |names: [&str; 2]| Some([*found.named.get(names[0])?, *found.named.get(names[1])?]);
                let heads = VARIABLES.into_iter().find_map(pair);
                heads.ok_or_else(|| "glibc does not say where its thread lists are".to_owned())?
            }
        };
        Ok(Self { heads, list_at, tid_at, start_at })
    }

    /// Looks for these threads (tids as the target numbers them), ends as soon as it has them all.
    pub fn walk(&self, memory: &(impl Memory + ?Sized), wanted: &HashSet<u32>) -> ThreadListWalk {
        let (mut walk, mut steps_left) = (ThreadListWalk::default(), MOST_STEPS);
        for attempt in 0..ATTEMPTS {
            walk.torn = None;
            for head in self.heads {
                if let Err(error) = self.walk_one(memory, head, wanted, &mut walk.found, &mut steps_left) {
                    walk.torn = Some(error);
                }
            }
            // The kernel shows a thread a moment before it stores the tid in the thread's structure: a second look finds it.
            if walk.found.len() == wanted.len() || (walk.torn.is_none() && attempt > 0) {
                break;
            }
        }
        walk
    }

    fn walk_one(
        &self,
        memory: &(impl Memory + ?Sized),
        head: Address,
        wanted: &HashSet<u32>,
        found: &mut HashMap<u32, PthreadHandle>,
        steps_left: &mut usize,
    ) -> io::Result<()> {
        let mut node = memory.pointer(head)?;
        // Brent's way to notice a loop that does not come back to the head: a mark that is set anew at every power of two.
        let (mut mark, mut next_mark) = (head, 1);
        for step in 0.. {
            if node == head || found.len() == wanted.len() {
                return Ok(());
            }
            *steps_left = steps_left.checked_sub(1).ok_or_else(|| invalid("the list has no end"))?;
            if node.0 == 0 || node == mark {
                return Err(invalid("the list does not lead back to its head"));
            }
            if step == next_mark {
                (mark, next_mark) = (node, next_mark * 2);
            }
            let (next, tid, handle) = self.node(memory, node)?;
            // A tid of 0 is a thread that has exited and is still listed.
            if tid != 0 && wanted.contains(&tid) {
                found.entry(tid).or_insert(handle);
            }
            node = next;
        }
        Ok(())
    }

    /// One node in one read: everything between the first and the last of the fields.
    fn node(&self, memory: &(impl Memory + ?Sized), node: Address) -> io::Result<(Address, u32, PthreadHandle)> {
        let first = self.list_at.min(self.tid_at).min(self.start_at);
        let length = (self.list_at + 8).max(self.tid_at + 4).max(self.start_at + 16) - first;
        let mut bytes = [0; (LARGEST_FIELD_OFFSET + 16) as usize];
        let bytes = &mut bytes[..length as usize];
        let thread = node.0.wrapping_sub(self.list_at);
        memory.read(Address(thread.wrapping_add(first)), bytes)?;
        let u64_at = |at: u64| word(bytes, at - first).ok_or_else(|| invalid("field outside of the thread"));
        let handle = PthreadHandle {
            thread: Address(thread),
            start: Address(u64_at(self.start_at)?),
            // struct pthread: `start_routine`, then `arg` (nptl/descr.h, unchanged since 2.3).
            argument: Address(u64_at(self.start_at + 8)?),
        };
        let tid = bytes.get((self.tid_at - first) as usize..).and_then(|from| from.first_chunk());
        let tid = tid.map(|tid| u32::from_le_bytes(*tid)).ok_or_else(|| invalid("field outside of the thread"))?;
        Ok((Address(u64_at(self.list_at)?), tid, handle))
    }
}

fn word(bytes: &[u8], at: u64) -> Option<u64> {
    bytes.get(at as usize..)?.first_chunk().map(|word| u64::from_le_bytes(*word))
}

fn ask(target: &dyn IdentifyTarget, library: &Mapping, names: &[&str]) -> io::Result<LibraryAnswer> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    target.ask(library, &LibraryQuery { names, addresses: Vec::new() })
}

/// The offset a descriptor tells.
fn offset(target: &dyn IdentifyTarget, descriptor: Address, bits: Option<u32>, largest: u64) -> io::Result<u64> {
    let mut bytes = [0; 12];
    target.read(descriptor, &mut bytes)?;
    let number = |at: usize| bytes[at..].first_chunk().map_or(0, |four| u32::from_le_bytes(*four));
    let (size, offset) = (number(0), u64::from(number(8)));
    if offset > largest || bits.is_some_and(|bits| bits != size) {
        return Err(invalid(&format!("a field of {size} bits at {offset}")));
    }
    Ok(offset)
}

fn in_rtld_global(target: &dyn IdentifyTarget, maps: &Maps, descriptors: [Address; 2]) -> Result<[Address; 2], String> {
    let is_linker = |name: &str| ["ld-", "ld.so", "ld64"].iter().any(|start| name.starts_with(start));
    let mut why = "ld.so is not mapped".to_owned();
    for linker in maps.code().filter(|code| is_linker(code.file.name())) {
        match ask(target, linker, &[RTLD_GLOBAL]).map(|found| found.named.get(RTLD_GLOBAL).copied()) {
            Ok(Some(global)) => {
                let head = |at| Ok(Address(global.0.wrapping_add(offset(target, at, None, LARGEST_RTLD_OFFSET)?)));
                let [used, user] = descriptors.map(head);
                let heads = |error: io::Error| format!("glibc's thread lists can't be found: {error}");
                return Ok([used.map_err(heads)?, user.map_err(heads)?]);
            }
            Ok(None) => why = format!("{} does not export {RTLD_GLOBAL}", linker.file.shown),
            Err(error) => why = format!("{} can't be read: {error}", linker.file.shown),
        }
    }
    Err(why)
}

fn no_list(maps: &Maps) -> String {
    let is_musl = |name: &str| name.starts_with("ld-musl") || name.starts_with("libc.musl");
    let has = |is: &dyn Fn(&str) -> bool| maps.code().any(|code| is(code.file.name()));
    match (has(&is_musl), has(&|name| name.starts_with("libc.so") || name.starts_with("libc-2"))) {
        (true, _) => "its C library is musl, which keeps no thread list that tftop can read",
        (_, true) => "its C library does not describe its thread list (stripped, or not glibc)",
        _ => "it is statically linked and stripped: nothing says where its thread list is",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Memory in which every node leads to a new one, for ever.
    struct Endless(Cell<usize>);

    impl Memory for Endless {
        fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
            self.0.set(self.0.get() + 1);
            into.fill(0);
            into[..8].copy_from_slice(&(address.0 + 64).to_le_bytes());
            Ok(())
        }
    }

    #[test]
    fn a_list_without_end_is_left_within_bounds() {
        let list = ThreadList { heads: [Address(1 << 20), Address(1 << 40)], list_at: 0, tid_at: 16, start_at: 24 };
        let memory = Endless(Cell::new(0));
        let walk = list.walk(&memory, &HashSet::from([7]));
        assert!(walk.found.is_empty() && walk.torn.is_some());
        assert!(memory.0.get() <= MOST_STEPS + 2 * ATTEMPTS);
    }
}
