//! Starts a Python program under an interpreter and finds its exported symbols.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use object::{Object, ObjectSegment, ObjectSymbol};
use tempfile::TempDir;
use tftop::data::Address;

/// A running program that is ready to be read; ends with its owner.
pub struct Program {
    child: Child,
    _folder: TempDir,
}

impl Program {
    /// Runs a Python program that says "ready" when it is, from a folder of its own, and waits for that. It ends with its
    /// input.
    pub fn start(python: &Path, source: &str, mode: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("program.py");
        fs::write(&script, source).unwrap();
        let mut command = Command::new(python);
        command.arg(script).arg(mode).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let program = Self { child, _folder: folder };
        assert_eq!(line, "ready\n", "{command:?} did not get ready");
        program
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where an exported symbol is in the first mapped file that defines it, the executable first.
    pub fn symbol(&self, name: &str) -> Option<Address> {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.pid())).unwrap();
        let mut files: BTreeMap<u64, PathBuf> = BTreeMap::new();
        for line in maps.lines() {
            let fields: Vec<_> = line.split_whitespace().collect();
            if let [range, _, "00000000", _, _, path] = fields[..] {
                let start = u64::from_str_radix(range.split('-').next().unwrap(), 16).unwrap();
                files.insert(start, path.into());
            }
        }
        files.iter().filter(|(_, path)| path.starts_with("/")).find_map(|(start, path)| in_file(path, *start, name))
    }
}

fn in_file(path: &Path, start: u64, name: &str) -> Option<Address> {
    let bytes = fs::read(path).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    let symbol = file.dynamic_symbols().find(|symbol| symbol.is_definition() && symbol.name() == Ok(name))?;
    let first = file.segments().map(|segment| segment.address() & !0xfff).min()?;
    Some(Address(start - first + symbol.address()))
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
