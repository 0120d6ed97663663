//! Recorded memory and files of targets, of which the input changes what single reads give: glibc's thread lists, C++
//! strings, TensorFlow's and OpenBLAS's data, CPython's objects and published layout, unwinding tables, stacks.

use std::cell::Cell;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use serde::Deserialize;

use super::FuzzTarget;
use crate::data::Address;
use crate::linux::budget::{Budget, WorkLimits};
use crate::linux::elf::file::{LibraryFile, ReadAt};
use crate::linux::memory::Memory;
use crate::linux::proc::maps::{Mapping, Maps};
use crate::probe::cpython::Python;
use crate::probe::identify::identifier::Identifier;
use crate::probe::image::MemoryImage;
use crate::probe::process::{environ, openblas};
use crate::probe::stack::asleep::{CodePosition, standing};
use crate::probe::stack::places::AddressMap;
use crate::probe::stack::registers::Registers;
use crate::probe::stack::step::RowBuffer;
use crate::probe::stack::walk::walk;
use crate::probe::target::live_target::{IdentifyTarget, LibraryAnswer, LibraryQuery};

// What makes images is for other tests.
#[allow(dead_code)]
#[path = "../python_objects/image.rs"]
mod python_image;

pub const TARGETS: &[FuzzTarget] = &[
    FuzzTarget { name: "identification", seeds, run: identification },
    FuzzTarget { name: "python objects", seeds, run: python_objects },
    FuzzTarget { name: "environment in memory", seeds, run: live_environment },
    FuzzTarget { name: "unwinding", seeds, run: unwinding },
];

/// One change: the number of the read (2 bytes), how (1), where in it (1) and a value (8).
const CHANGE: usize = 12;
/// Reads that changes are spread over.
const READS: u16 = 1024;

fn seeds() -> Vec<Vec<u8>> {
    (0..16_u16)
        .map(|seed| {
            let change = |at: u16| {
                let [low, high] = (seed * 61 + at * 7).to_le_bytes();
                [low, high, (seed + at) as u8, (at * 3) as u8, 0, 16, 0, 0, 0, 0, 0, 0]
            };
            (0..=seed).flat_map(change).collect()
        })
        .collect()
}

/// Changes what is read.
#[derive(Clone, Debug, Default)]
struct Changes {
    input: Arc<Vec<u8>>,
    reads: Arc<Mutex<(u16, Vec<u64>)>>,
}

impl Changes {
    fn of(input: &[u8]) -> Self {
        Self { input: Arc::new(input.to_vec()), ..Self::default() }
    }

    fn change(&self, address: u64, into: &mut [u8]) -> io::Result<()> {
        let mut state = self.reads.lock().unwrap();
        let number = state.0 % READS;
        state.0 = state.0.wrapping_add(1);
        if state.1.len() < usize::from(READS) {
            state.1.push(address);
        }
        for change in self.input.as_chunks::<CHANGE>().0 {
            let [low, high, how, at, value @ ..] = *change;
            if u16::from_le_bytes([low, high]) % READS != number || into.is_empty() {
                continue;
            }
            let value = u64::from_le_bytes(value);
            let seen = state.1[value as usize % state.1.len()];
            let word = match how % 6 {
                0 => return Err(io::ErrorKind::InvalidInput.into()),
                1 => value,
                2 => value % 64,
                // Lists and trees that lead to themselves.
                3 => seen,
                4 => seen.wrapping_add(value % 256),
                _ => u64::MAX - value % 16,
            };
            let at = usize::from(at) * 8 % into.len();
            into[at..].iter_mut().zip(word.to_le_bytes()).for_each(|(byte, new)| *byte = new);
        }
        Ok(())
    }
}

/// A recorded process of another's making, read within a look's budget.
#[derive(Debug)]
struct Changed {
    image: MemoryImage,
    changes: Changes,
    budget: Budget,
}

impl Changed {
    fn new(image: &MemoryImage, input: &[u8]) -> Self {
        let budget = Budget::default();
        budget.begin(WorkLimits::OF_A_PROCESS);
        Self { image: image.clone(), changes: Changes::of(input), budget }
    }
}

impl Memory for Changed {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        self.budget.read(into.len())?;
        self.image.read(address, into)?;
        self.changes.change(address.0, into)
    }
}

impl IdentifyTarget for Changed {
    fn maps(&self) -> io::Result<Vec<u8>> {
        self.image.maps()
    }

    fn memory_error(&self) -> Option<&io::Error> {
        None
    }

    fn ask(&self, code: &Mapping, wanted: &LibraryQuery) -> io::Result<LibraryAnswer> {
        self.image.ask(code, wanted)
    }

    fn file_of(&self, code: &Mapping) -> io::Result<LibraryFile> {
        let file = self.image.file_of(code)?;
        Ok(Box::new(ChangedFile { file, changes: self.changes.clone() }))
    }

    fn directory(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.image.directory(path)
    }

    fn reopen(&mut self) {}

    fn bytes_read(&self) -> u64 {
        0
    }
}

struct ChangedFile {
    file: LibraryFile,
    changes: Changes,
}

impl ReadAt for ChangedFile {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, into)?;
        self.changes.change(offset, into)
    }

    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

static PROCESSES: LazyLock<Vec<MemoryImage>> = LazyLock::new(|| {
    ["tensorflow-2.21.json", "tensorflow-2.18.json", "glibc-2.31.json", "std-thread.json"].map(read).to_vec()
});

fn identification(input: &[u8]) {
    for image in PROCESSES.iter() {
        let mut identifier = Identifier::of(Box::new(Changed::new(image, input)));
        identifier.identify(&image.threads);
        let target = Changed::new(image, input);
        if let Ok(maps) = Maps::of(&target) {
            openblas::pools(&target, &maps);
            environ::find(&target, &maps);
        }
    }
}

/// An interpreter's image behind the crate's own trait.
struct Interpreter {
    image: &'static python_image::Image,
    changes: Changes,
    budget: Budget,
    torn: Cell<bool>,
}

impl Memory for Interpreter {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        self.budget.read(into.len())?;
        self.image.read(address, into)?;
        // A program that runs on while it is read: only every other read is changed.
        let now = self.torn.replace(!self.torn.get());
        if now { self.changes.change(address.0, into) } else { Ok(()) }
    }
}

static INTERPRETERS: LazyLock<Vec<python_image::Image>> = LazyLock::new(|| {
    let image = |minor| {
        let path = python_image::Image::path((3, minor), "started");
        python_image::Image::from_text(&std::fs::read_to_string(path).unwrap())
    };
    (10..=15).map(image).collect()
});

fn interpreters(input: &[u8]) -> impl Iterator<Item = Interpreter> {
    INTERPRETERS.iter().map(|image| {
        let budget = Budget::default();
        budget.begin(WorkLimits::OF_A_PROCESS);
        Interpreter { image, changes: Changes::of(input), budget, torn: Cell::new(true) }
    })
}

fn python_objects(input: &[u8]) {
    for memory in interpreters(input) {
        let Ok(python) = Python::open(&memory, memory.image.runtime, Some(memory.image.version)) else { continue };
        drop(python.tf_config());
        drop(python.main_script());
        drop(python.thread_names());
        for thread in python.thread_states().unwrap_or_default() {
            drop(python.moving(&thread));
        }
    }
}

fn live_environment(input: &[u8]) {
    for memory in interpreters(input) {
        drop(environ::live_environment(&memory, memory.image.runtime));
    }
}

#[derive(Deserialize)]
struct RecordedStacks {
    recording: MemoryImage,
    threads: Vec<RecordedThread>,
}

#[derive(Deserialize)]
struct RecordedThread {
    syscall: String,
}

static STACKS: LazyLock<RecordedStacks> = LazyLock::new(|| read("stacks-tensorflow-2.21.json"));

fn unwinding(input: &[u8]) {
    let target = Changed::new(&STACKS.recording, input);
    let mut places = AddressMap::default();
    drop(places.look_again(&target));
    for thread in &STACKS.threads {
        let Some(CodePosition::Asleep { pc, sp, .. }) = standing(&thread.syscall) else { continue };
        walk(&target, &mut places, &target, Registers::new(pc, sp), &mut RowBuffer::new());
    }
}
