//! Recordings of what identification read of a process: the same walk can be run on them again, on any machine. They hold
//! the bytes that were read and nothing else of the process: no environment, no data.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::{Address, Pid, Tid};
use crate::linux::elf::file::{LibraryFile, ReadAt, invalid};
use crate::linux::memory::Memory;
use crate::linux::proc::maps::Mapping;
use crate::linux::proc::stat::status_last_number;
use crate::probe::identify::identifier::{Identifier, NewThread};
use crate::probe::target::live_target::{IdentifyTarget, LibraryAnswer, LibraryQuery, LiveTarget};

/// A process as far as identification looked at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryImage {
    /// The threads that were asked for.
    pub threads: Vec<NewThread>,
    /// Lines of the maps file: all of the libraries that were asked, and those with code of other files.
    pub maps: Vec<String>,
    /// What library files answered, by path.
    pub libraries: BTreeMap<PathBuf, LibraryAnswer>,
    /// Names in the directories that were listed.
    pub directories: BTreeMap<PathBuf, Vec<String>>,
    /// Parts of library files that were read, by path: what steps out of functions is looked up there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<PathBuf, FileParts>,
    /// Memory that was read: bytes by their first address; no two overlap or touch.
    pub memory: BTreeMap<Address, HexBytes>,
}

/// The parts of a file that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileParts {
    /// The whole file's length in bytes.
    pub length: u64,
    /// Bytes by their first offset; no two overlap or touch.
    pub parts: BTreeMap<Address, HexBytes>,
}

/// Bytes, in hex where they are text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HexBytes(pub Vec<u8>);

/// Records a live process: identifies all its threads and keeps what that read.
pub fn capture(proc_root: &Path, pid: Pid) -> io::Result<MemoryImage> {
    let threads = threads(proc_root, pid)?;
    let log = Arc::default();
    let recorder = Recorder { live: LiveTarget::open(proc_root, pid), log: Arc::clone(&log) };
    if let Some(error) = recorder.memory_error() {
        return Err(io::Error::new(error.kind(), format!("memory of {pid}: {error}")));
    }
    Identifier::of(Box::new(recorder)).identify(&threads);
    let mut recording = log.lock().unwrap_or_else(PoisonError::into_inner).clone();
    recording.keep_needed_lines();
    recording.threads = threads;
    Ok(recording)
}

/// A live process whose reads are written down, and where.
pub(super) fn recorder(proc_root: &Path, pid: Pid) -> (Box<dyn IdentifyTarget>, Arc<Mutex<MemoryImage>>) {
    let log = Arc::default();
    (Box::new(Recorder { live: LiveTarget::open(proc_root, pid), log: Arc::clone(&log) }), log)
}

/// The threads of a process, each with its number in the innermost pid namespace (`NSpid`, proc_pid_status(5)).
fn threads(proc_root: &Path, pid: Pid) -> io::Result<Vec<NewThread>> {
    let folder = proc_root.join(pid.to_string()).join("task");
    let mut threads = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let name = entry?.file_name();
        let Some(tid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        let status = std::fs::read(folder.join(&name).join("status")).unwrap_or_default();
        let inner = status_last_number(&status, "NSpid").and_then(|number| u32::try_from(number).ok());
        threads.push(NewThread { tid: Tid(tid), namespaced_tid: inner.unwrap_or(tid) });
    }
    threads.sort_by_key(|thread| thread.tid);
    Ok(threads)
}

/// A live process whose every successful read is written down.
#[derive(Debug)]
struct Recorder {
    live: LiveTarget,
    log: Arc<Mutex<MemoryImage>>,
}

impl Recorder {
    fn note(&self, note: impl FnOnce(&mut MemoryImage)) {
        note(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Memory for Recorder {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        self.live.read(address, into)?;
        self.note(|log| remember(&mut log.memory, address, into));
        Ok(())
    }
}

impl IdentifyTarget for Recorder {
    fn maps(&self) -> io::Result<Vec<u8>> {
        let text = self.live.maps()?;
        self.note(|log| log.maps = String::from_utf8_lossy(&text).lines().map(str::to_owned).collect());
        Ok(text)
    }

    fn memory_error(&self) -> Option<&io::Error> {
        self.live.memory_error()
    }

    fn ask(&self, code: &Mapping, wanted: &LibraryQuery) -> io::Result<LibraryAnswer> {
        let found = self.live.ask(code, wanted)?;
        self.note(|log| {
            let all = log.libraries.entry(code.file.path.clone()).or_default();
            all.named.extend(found.named.clone());
            all.holding.extend(found.holding.clone());
            all.build_id.clone_from(&found.build_id);
        });
        Ok(found)
    }

    fn file_of(&self, code: &Mapping) -> io::Result<LibraryFile> {
        let file = self.live.file_of(code)?;
        Ok(Box::new(RecordedFile { file, path: code.file.path.clone(), log: Arc::clone(&self.log) }))
    }

    fn directory(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let names = self.live.directory(path)?;
        let texts = names.iter().filter_map(|name| name.to_str().map(str::to_owned)).collect();
        self.note(|log| drop(log.directories.insert(path.to_owned(), texts)));
        Ok(names)
    }

    fn reopen(&mut self) {
        self.live.reopen();
    }

    fn bytes_read(&self) -> u64 {
        self.live.bytes_read()
    }
}

/// A library file whose every successful read is written down.
struct RecordedFile {
    file: LibraryFile,
    path: PathBuf,
    log: Arc<Mutex<MemoryImage>>,
}

impl ReadAt for RecordedFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, into)?;
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        remember(&mut log.files.entry(self.path.clone()).or_default().parts, Address(offset), into);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        let length = self.file.length()?;
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.files.entry(self.path.clone()).or_default().length = length;
        Ok(length)
    }
}

impl ReadAt for FileParts {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        copy_out(&self.parts, Address(offset), into)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.length)
    }
}

impl MemoryImage {
    pub(super) fn keep_needed_lines(&mut self) {
        let text = self.maps.join("\n");
        let asked =
            |line: &str| self.libraries.keys().any(|path| path.to_str().is_some_and(|path| line.ends_with(path)));
        let is_code = |line: &str| line.split(' ').nth(1).is_some_and(|permissions| permissions.contains('x'));
        self.maps = text
            .lines()
            .filter(|line| line.contains('/') && (is_code(line) || asked(line)))
            .map(str::to_owned)
            .collect();
    }
}

/// Adds bytes, newer ones over older ones, and joins what touches.
fn remember(memory: &mut BTreeMap<Address, HexBytes>, address: Address, bytes: &[u8]) {
    let (mut start, mut joined) = (address.0, bytes.to_vec());
    let end = start.saturating_add(bytes.len() as u64);
    let touching: Vec<Address> = memory
        .range(..=Address(end))
        .rev()
        .map(|(from, old)| (*from, from.0.saturating_add(old.0.len() as u64)))
        .take_while(|(_, old_end)| *old_end >= start)
        .map(|(from, _)| from)
        .collect();
    for from in touching {
        let Some(HexBytes(old)) = memory.remove(&from) else { continue };
        let joined_end = start + joined.len() as u64;
        if from.0 < start {
            let before = &old[..old.len().min((start - from.0) as usize)];
            joined.splice(0..0, before.iter().copied());
        }
        if let Some(after) = joined_end.checked_sub(from.0).and_then(|at| old.get(at as usize..)) {
            joined.extend_from_slice(after);
        }
        start = start.min(from.0);
    }
    memory.insert(Address(start), HexBytes(joined));
}

/// Bytes that were remembered, whole or not at all.
fn copy_out(memory: &BTreeMap<Address, HexBytes>, address: Address, into: &mut [u8]) -> io::Result<()> {
    let region = memory.range(..=address).next_back();
    let bytes = region.and_then(|(start, bytes)| {
        let at = usize::try_from(address.0 - start.0).ok()?;
        bytes.0.get(at..)?.get(..into.len())
    });
    into.copy_from_slice(bytes.ok_or_else(|| invalid("not in the recording"))?);
    Ok(())
}

impl Memory for MemoryImage {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        copy_out(&self.memory, address, into)
    }
}

impl IdentifyTarget for MemoryImage {
    fn maps(&self) -> io::Result<Vec<u8>> {
        Ok(self.maps.join("\n").into_bytes())
    }

    fn memory_error(&self) -> Option<&io::Error> {
        None
    }

    fn ask(&self, code: &Mapping, _wanted: &LibraryQuery) -> io::Result<LibraryAnswer> {
        self.libraries.get(&code.file.path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn file_of(&self, code: &Mapping) -> io::Result<LibraryFile> {
        let parts = self.files.get(&code.file.path).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(parts))
    }

    fn directory(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let names = self.directories.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(names.iter().map(OsString::from).collect())
    }

    fn reopen(&mut self) {}

    fn bytes_read(&self) -> u64 {
        0
    }
}

impl Serialize for HexBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
        let byte = |pair: &[u8]| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?);
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("not bytes in hex"))
    }
}
