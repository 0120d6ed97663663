//! Everything identification reads of a process, behind one trait: a live process, or a recording of one. Nothing here can
//! write, signal or stop.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, fs, io};

use rustix::fs::{Mode, OFlags};

use crate::data::{Address, Pid};
use crate::linux::budget::{Budget, WorkLimits};
use crate::linux::elf::file::{LibraryFile, ReadAt, invalid};
use crate::linux::elf::library_cache;
use crate::linux::elf::symbols::SymbolQuery;
use crate::linux::files;
use crate::linux::files::User;
use crate::linux::memory::{LiveMemory, Memory};
use crate::linux::proc::maps::{Mapping, Maps};
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::unanswered::{BackingRule, UnansweredRanges};

/// What is asked of one loaded library; addresses are the target's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryQuery {
    /// Where do these symbols lie?
    pub names: Vec<String>,
    /// Which symbols hold these addresses?
    pub addresses: Vec<Address>,
}

/// What a loaded library says; addresses are the target's. A question without an answer is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(serde::Serialize, serde::Deserialize))]
pub struct LibraryAnswer {
    /// Address by symbol name.
    pub named: HashMap<String, Address>,
    /// Mangled symbol by address.
    pub holding: HashMap<Address, String>,
    /// GNU build id in hex.
    pub build_id: Option<String>,
}

/// A process whose threads are to be identified.
pub trait IdentifyTarget: Memory + fmt::Debug + Send {
    /// The text of its maps file.
    fn maps(&self) -> io::Result<Vec<u8>>;

    /// Why its memory can't be read at all, if so.
    fn memory_error(&self) -> Option<&io::Error>;

    /// Asks the file behind an executable mapping for symbols.
    fn ask(&self, code: &Mapping, wanted: &LibraryQuery) -> io::Result<LibraryAnswer>;

    /// Opens the file behind an executable mapping.
    fn file_of(&self, code: &Mapping) -> io::Result<LibraryFile>;

    /// Names in a directory of the target's file system, at most [`MOST_NAMES`] of them.
    fn directory(&self, path: &Path) -> io::Result<Vec<OsString>>;

    /// Begins a look: from here on no more than this is read of it, and then every read fails. A recording has no limit.
    fn begin(&self, _: WorkLimits) {}

    /// What ran out of what the look might read, if anything did.
    fn spent(&self) -> Option<&'static str> {
        None
    }

    /// What of its memory is not read, by its maps of this look: it may never answer.
    fn unanswered(&self) -> io::Result<UnansweredRanges> {
        Ok(UnansweredRanges::default())
    }

    /// Opens everything anew: after exec, descriptors opened before still lead to memory that is gone.
    fn reopen(&mut self);

    /// Bytes read since it was made.
    fn bytes_read(&self) -> u64;
}

/// Entries of a directory that are looked at: a large site-packages has about 2,000.
pub const MOST_NAMES: usize = 20_000;
/// Longest maps file read: ten times what the kernel's default limit on mappings comes to.
const LONGEST_MAPS: u64 = 64 << 20;

/// A live process.
#[derive(Debug)]
pub struct LiveTarget {
    proc_root: PathBuf,
    pid: Pid,
    memory: io::Result<LiveMemory>,
    bytes_read: Cell<u64>,
    budget: Budget,
    /// What of its memory is not read in this look; none before the first read.
    unanswered: RefCell<Option<UnansweredRanges>>,
    /// Whose rights decide which of its files are read, as found in this look; none before the first file.
    user: RefCell<Option<Arc<Option<User>>>>,
}

impl LiveTarget {
    /// Opens its memory and reads nothing yet: without [`IdentifyTarget::begin`], reads have no limit. Never fails: see
    /// [`IdentifyTarget::memory_error`].
    pub fn open(proc_root: &Path, pid: Pid) -> Self {
        let memory = LiveMemory::open(proc_root, pid);
        Self {
            proc_root: proc_root.to_owned(),
            pid,
            memory,
            bytes_read: Cell::new(0),
            budget: Budget::default(),
            unanswered: RefCell::default(),
            user: RefCell::default(),
        }
    }

    fn folder(&self) -> PathBuf {
        self.proc_root.join(self.pid.to_string())
    }

    fn count(&self, bytes: u64) {
        self.bytes_read.set(self.bytes_read.get().saturating_add(bytes));
    }

    /// Whether these addresses are read: known from the first read of a look on.
    fn check(&self, address: Address, length: usize) -> io::Result<()> {
        if self.unanswered.borrow().is_none() {
            let unanswered = self.unanswered()?;
            self.unanswered.replace(Some(unanswered));
        }
        self.unanswered.borrow().as_ref().map_or(Ok(()), |known| known.check(address.0, length))
    }

    /// The mapped file itself, however it can be reached: by its path in the target's root, by the kernel's link to it
    /// (needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN), or by its path here. Never another file that took its place.
    fn file(&self, mapping: &Mapping) -> io::Result<File> {
        let file = &mapping.file;
        let path = file.path.to_str().filter(|_| !file.deleted);
        let user = self.user();
        let mut other = None;
        for root in [self.folder().join("root"), PathBuf::from("/")] {
            let opened = path
                .ok_or_else(|| invalid("no path leads to it"))
                .and_then(|path| files::open(folder(&root)?.as_fd(), path, (*user).as_ref()));
            match opened {
                Ok(opened) if opened.metadata()?.ino() == file.inode => return Ok(opened),
                Ok(opened) => other = other.or(Some(opened)),
                Err(_) => {}
            }
        }
        let link = self.folder().join(format!("map_files/{:x}-{:x}", mapping.start.0, mapping.end.0));
        let found = rustix::fs::open(link, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        match found.map_err(io::Error::from).and_then(|found| files::reopen(found, (*user).as_ref())) {
            Ok(opened) => Ok(opened),
            // Some overlay file systems show one inode in maps and another one in stat: what is mapped decides.
            Err(error) => other.filter(|other| self.is_mapped(other, mapping)).ok_or(error),
        }
    }

    /// Whose rights decide which of its files are read.
    fn user(&self) -> Arc<Option<User>> {
        let find = || {
            let mounts = fs::read(self.folder().join("mountinfo")).unwrap_or_default();
            let own = fs::read(self.proc_root.join("self/mountinfo")).unwrap_or_default();
            User::of_process(&fs::read(self.folder().join("status")).ok()?, [&mounts, &own])
        };
        self.user.borrow_mut().get_or_insert_with(|| Arc::new(find())).clone()
    }

    /// Whether the mapping begins with what the file holds there.
    fn is_mapped(&self, file: &File, mapping: &Mapping) -> bool {
        const COMPARED: usize = 4096;
        let (mut on_disk, mut in_memory) = ([0; COMPARED], [0; COMPARED]);
        file.read_exact_at(&mut on_disk, mapping.offset).is_ok()
            && self.read(mapping.start, &mut in_memory).is_ok()
            && on_disk == in_memory
    }
}

/// A folder to look files up in.
fn folder(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

/// A file of a target, read within its budget.
struct BudgetedFile {
    file: File,
    budget: Budget,
}

impl ReadAt for BudgetedFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.budget.read(into.len())?;
        self.file.read_exact_at(into, offset)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}

impl Memory for LiveTarget {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        let memory = self.memory.as_ref().map_err(|error| io::Error::from(error.kind()))?;
        self.budget.read(into.len())?;
        self.check(address, into.len())?;
        memory.read(address, into)?;
        self.count(into.len() as u64);
        Ok(())
    }
}

impl IdentifyTarget for LiveTarget {
    fn maps(&self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        File::open(self.folder().join("maps"))?.take(LONGEST_MAPS).read_to_end(&mut text)?;
        self.count(text.len() as u64);
        self.budget.read(text.len())?;
        self.unanswered.replace(None);
        Ok(text)
    }

    fn memory_error(&self) -> Option<&io::Error> {
        self.memory.as_ref().err()
    }

    fn ask(&self, code: &Mapping, wanted: &LibraryQuery) -> io::Result<LibraryAnswer> {
        let file = BudgetedFile { file: self.file(code)?, budget: self.budget.clone() };
        library_cache::with(&file.file, &file, |library| {
            let elf = library.elf();
            let bias = elf.bias(code).ok_or_else(|| invalid("no executable segment is mapped there"))?;
            let in_file = |address: &Address| address.0.wrapping_sub(bias);
            let questions =
                SymbolQuery { names: wanted.names.clone(), addresses: wanted.addresses.iter().map(in_file).collect() };
            let build_id = elf.build_id.clone();
            let answers = library.answer(&file, &questions)?;
            self.count(answers.bytes_read);
            let there = |address: u64| Address(address.wrapping_add(bias));
            let text = |name: Vec<u8>| String::from_utf8_lossy(&name).into_owned();
            Ok(LibraryAnswer {
                named: answers.named.into_iter().map(|(name, address)| (name, there(address))).collect(),
                holding: answers.holding.into_iter().map(|(address, name)| (there(address), text(name))).collect(),
                build_id,
            })
        })
    }

    fn file_of(&self, code: &Mapping) -> io::Result<LibraryFile> {
        Ok(Box::new(BudgetedFile { file: self.file(code)?, budget: self.budget.clone() }))
    }

    fn directory(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.budget.step()?;
        let root = self.folder().join("root");
        let user = self.user();
        let listed = files::names(folder(&root)?.as_fd(), path, (*user).as_ref(), MOST_NAMES);
        // Of a process below a chroot(2) in the mounts of tftop itself, maps name files as tftop sees them; that its root is
        // one is told by where its link leads, which is `/` in mounts of its own.
        let chrooted = || fs::read_link(&root).is_ok_and(|link| link != Path::new("/"));
        match listed {
            Err(error) if error.kind() == io::ErrorKind::NotFound && chrooted() => {
                files::names(folder(Path::new("/"))?.as_fd(), path, (*user).as_ref(), MOST_NAMES)
            }
            listed => listed,
        }
    }

    fn begin(&self, limits: WorkLimits) {
        self.budget.begin(limits);
        self.unanswered.replace(None);
        self.user.replace(None);
    }

    fn unanswered(&self) -> io::Result<UnansweredRanges> {
        if let Some(known) = &*self.unanswered.borrow() {
            return Ok(known.clone());
        }
        let folder = ProcDir::open(&self.folder())?;
        let Some(rule) = BackingRule::of_process(&folder, &mut FileReader::default()) else {
            return Ok(UnansweredRanges::default());
        };
        let text = self.maps()?;
        Ok(rule.unanswered(&text, (text.len() as u64) < LONGEST_MAPS))
    }

    fn spent(&self) -> Option<&'static str> {
        self.budget.spent()
    }

    fn reopen(&mut self) {
        self.memory = LiveMemory::open(&self.proc_root, self.pid);
        self.unanswered.replace(None);
        self.user.replace(None);
    }

    fn bytes_read(&self) -> u64 {
        self.bytes_read.get()
    }
}

impl Maps {
    /// Reads and parses a target's maps.
    pub fn of(target: &dyn IdentifyTarget) -> io::Result<Self> {
        target.maps().map(|text| Self::parse(&text))
    }
}
