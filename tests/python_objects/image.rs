//! Memory images: the bytes that one reading needed, as text (a head of three lines, then address and bytes in hex).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io;
use std::path::PathBuf;

use tftop::data::Address;
use tftop::linux::memory::Memory;

/// A recorded process.
#[derive(Clone, Debug)]
pub struct Image {
    pub version: (u8, u8),
    pub runtime: Address,
    pub pid: u32,
    /// Stretches by their first address; none touches the next.
    stretches: BTreeMap<u64, Vec<u8>>,
    holes: BTreeSet<u64>,
}

/// Passes reads on and remembers every byte.
pub struct Recording<'m> {
    memory: &'m dyn Memory,
    bytes: RefCell<BTreeMap<u64, u8>>,
}

impl<'m> Recording<'m> {
    pub fn new(memory: &'m dyn Memory) -> Self {
        Self { memory, bytes: RefCell::default() }
    }

    pub fn into_image(self, version: (u8, u8), runtime: Address, pid: u32) -> Image {
        let mut stretches: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for (address, byte) in self.bytes.into_inner() {
            match stretches.last_entry() {
                Some(mut last) if last.key() + last.get().len() as u64 == address => last.get_mut().push(byte),
                _ => {
                    stretches.insert(address, vec![byte]);
                }
            }
        }
        Image { version, runtime, pid, stretches, holes: BTreeSet::new() }
    }
}

impl Memory for Recording<'_> {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        self.memory.read(address, into)?;
        self.bytes.borrow_mut().extend((address.0..).zip(into.iter().copied()));
        Ok(())
    }
}

impl Memory for Image {
    fn read(&self, address: Address, into: &mut [u8]) -> io::Result<()> {
        let end = address.0.checked_add(into.len() as u64).ok_or(io::ErrorKind::InvalidInput)?;
        let (start, bytes) = self.stretches.range(..=address.0).next_back().ok_or(io::ErrorKind::InvalidInput)?;
        let from = (address.0 - start) as usize;
        let found = bytes.get(from..from + into.len()).ok_or(io::ErrorKind::InvalidInput)?;
        if self.holes.range(address.0..end).next().is_some() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        into.copy_from_slice(found);
        Ok(())
    }
}

impl Image {
    pub fn path(version: (u8, u8), mode: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/python");
        folder.join(format!("{}.{}-{mode}.image", version.0, version.1))
    }

    pub fn to_text(&self) -> String {
        let (major, minor) = self.version;
        let mut text = format!("python {major}.{minor}\nruntime {:x}\npid {}\n", self.runtime.0, self.pid);
        for (address, bytes) in &self.stretches {
            write!(text, "{address:x} ").unwrap();
            bytes.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
            text.push('\n');
        }
        text
    }

    pub fn from_text(text: &str) -> Self {
        let mut lines = text.lines().map(|line| line.split_once(' ').unwrap());
        let mut head = |name: &str| {
            let (found, value) = lines.next().unwrap();
            assert_eq!(found, name);
            value
        };
        let (major, minor) = head("python").split_once('.').unwrap();
        let version = (major.parse().unwrap(), minor.parse().unwrap());
        let runtime = Address(u64::from_str_radix(head("runtime"), 16).unwrap());
        let pid = head("pid").parse().unwrap();
        let digits = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        let stretch = |(address, hex): (&str, &str)| {
            let bytes = hex.as_bytes().as_chunks().0.iter().map(digits).collect();
            (u64::from_str_radix(address, 16).unwrap(), bytes)
        };
        let stretches = lines.map(stretch).collect();
        Self { version, runtime, pid, stretches, holes: BTreeSet::new() }
    }

    /// Changes a byte, which was recorded.
    pub fn put(&mut self, address: u64, byte: u8) {
        let (start, bytes) = self.stretches.range_mut(..=address).next_back().unwrap();
        bytes[(address - start) as usize] = byte;
    }

    /// Changes some byte, or makes a hole of it.
    pub fn damage(&mut self, (stretch, offset): (usize, usize), byte: Option<u8>) {
        let (start, bytes) = self.stretches.iter().nth(stretch % self.stretches.len()).unwrap();
        let address = start + (offset % bytes.len()) as u64;
        match byte {
            Some(byte) => self.put(address, byte),
            None => _ = self.holes.insert(address),
        }
    }
}
