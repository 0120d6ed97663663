//! What lies where in a target, for stacks: library files with their call frame information, the kernel's vDSO, code of
//! no file. Files are opened when a stack leads there for the first time, and stay open between calls.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::data::{Address, Gap, Text};
use crate::linux::elf::file::Elf;
use crate::linux::elf::symbols;
use crate::linux::elf::symbols::SymbolQuery;
use crate::linux::proc::maps::{MappedFile, Mapping, Maps};
use crate::probe::stack::table::UnwindTable;
use crate::probe::target::live_target::{IdentifyTarget, LibraryQuery};

/// The memory map of a target, with what is known of the files in it.
#[derive(Debug, Default)]
pub struct AddressMap {
    maps: Maps,
    vdso: Option<Vdso>,
    /// Code of no file: `[vsyscall]` and the like by name, or nothing for code made by the program (JIT).
    anonymous: Vec<(Range<u64>, bool)>,
    known: HashMap<FileKey, Result<Arc<UnwindTable>, String>>,
}

/// One mapped copy of a file.
type FileKey = (std::path::PathBuf, u64, bool);

#[derive(Debug)]
struct Vdso {
    mapping: Mapping,
    image: Arc<[u8]>,
    table: Option<Arc<UnwindTable>>,
}

/// What an address lies in.
#[derive(Clone, Debug)]
pub enum MappedAddress {
    /// Code of a file.
    File {
        /// Its call frame information, or why there is none.
        table: Result<Arc<UnwindTable>, String>,
        /// The address in the file.
        in_file: Option<u64>,
        /// The file's path.
        library: Arc<Text>,
    },
    /// Code of no file.
    Anonymous,
    /// No code.
    NotCode,
}

/// Where an address lies in its file, and the symbol that holds it.
#[derive(Clone, Debug, Default)]
pub struct SymbolAddress {
    pub library: Option<Arc<Text>>,
    pub in_file: Option<u64>,
    pub symbol: Option<Text>,
}

const LARGEST_VDSO: u64 = 256 << 10;
const MOST_FILES: usize = 4096;
const MOST_GAPS: usize = 32;

impl AddressMap {
    /// Reads the map anew; what is known of files stays.
    pub fn look_again(&mut self, target: &dyn IdentifyTarget) -> io::Result<()> {
        let text = target.maps()?;
        self.maps = Maps::parse(&text);
        if self.known.len() > MOST_FILES {
            self.known.clear();
        }
        self.anonymous.clear();
        let mut vdso = None;
        for line in text.split(|&byte| byte == b'\n') {
            let Some(Special { range, executable, name }) = special(line) else { continue };
            match name {
                b"[vdso]" => vdso = Some(range),
                _ => self.anonymous.push((range, executable)),
            }
        }
        self.anonymous.sort_by_key(|(range, _)| range.start);
        let known = self.vdso.as_ref().map(|vdso| vdso.mapping.start.0..vdso.mapping.end.0);
        if known != vdso {
            self.vdso = vdso.and_then(|range| Vdso::read(target, range));
        }
        Ok(())
    }

    /// The mapped files.
    pub fn maps(&self) -> &Maps {
        &self.maps
    }

    /// What an address lies in; opens the file when it is not open yet.
    pub fn at(&mut self, target: &dyn IdentifyTarget, address: u64) -> MappedAddress {
        if let Some(vdso) = self.vdso.as_ref().filter(|vdso| vdso.holds(address)) {
            let table = vdso.table.clone().ok_or_else(|| "the kernel's vDSO can't be read".to_owned());
            return file(table, &vdso.mapping, address);
        }
        let Some(mapping) = self.maps.find(Address(address)) else {
            let after = self.anonymous.partition_point(|(range, _)| range.start <= address);
            let within = self.anonymous[..after].last().filter(|(range, _)| address < range.end);
            return if within.is_some_and(|(_, executable)| *executable) {
                MappedAddress::Anonymous
            } else {
                MappedAddress::NotCode
            };
        };
        if !mapping.executable {
            return MappedAddress::NotCode;
        }
        let key = (mapping.file.path.clone(), mapping.file.inode, mapping.file.deleted);
        let table = self.known.entry(key).or_insert_with(|| {
            let table = target.file_of(mapping).and_then(UnwindTable::new);
            table.map(Arc::new).map_err(|error| format!("{} can't be read: {error}", mapping.file.shown))
        });
        file(table.clone(), mapping, address)
    }

    /// Names addresses: one question a library, because a question can mean reading all its symbols.
    pub fn name(
        &mut self,
        target: &dyn IdentifyTarget,
        addresses: impl Iterator<Item = u64>,
        gaps: &mut Vec<Gap>,
    ) -> HashMap<u64, SymbolAddress> {
        let mut named = HashMap::new();
        let mut by_library: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for address in addresses {
            if named.contains_key(&address) {
                continue;
            }
            let MappedAddress::File { library, in_file, .. } = self.at(target, address) else { continue };
            named.insert(address, SymbolAddress { library: Some(library), in_file, symbol: None });
            match self.maps.find(Address(address)) {
                Some(mapping) => by_library.entry(mapping.start.0).or_default().push(address),
                None => {
                    let symbol = self.vdso.as_ref().zip(in_file).and_then(|(vdso, at)| vdso.symbol(at));
                    named.entry(address).and_modify(|named| named.symbol = symbol);
                }
            }
        }
        for (start, addresses) in by_library {
            let Some(mapping) = self.maps.find(Address(start)) else { continue };
            let wanted =
                LibraryQuery { names: Vec::new(), addresses: addresses.iter().copied().map(Address).collect() };
            match target.ask(mapping, &wanted) {
                Ok(found) => {
                    for address in addresses {
                        let symbol = found.holding.get(&Address(address)).map(|symbol| Text::from(symbol.as_str()));
                        named.entry(address).and_modify(|named| named.symbol = symbol);
                    }
                }
                Err(error) if gaps.len() < MOST_GAPS => {
                    gaps.push(Gap::new(format!("symbols of {}", mapping.file.shown), error.to_string()));
                }
                Err(_) => {}
            }
        }
        named
    }
}

fn file(table: Result<Arc<UnwindTable>, String>, mapping: &Mapping, address: u64) -> MappedAddress {
    let bias = table.as_ref().ok().and_then(|table| table.elf().bias(mapping));
    let in_file = bias.map(|bias| address.wrapping_sub(bias));
    MappedAddress::File { table, in_file, library: Arc::clone(&mapping.file.shown) }
}

impl Vdso {
    /// From memory: it is in no file. It is the kernel's, the same bytes in every process.
    fn read(target: &dyn IdentifyTarget, range: Range<u64>) -> Option<Self> {
        let length = range.end.checked_sub(range.start).filter(|length| *length <= LARGEST_VDSO)?;
        let mut image = vec![0; length as usize];
        target.read(Address(range.start), &mut image).ok()?;
        let file = MappedFile { shown: Arc::new(Text::from("[vdso]")), ..MappedFile::default() };
        let mapping = Mapping {
            start: Address(range.start),
            end: Address(range.end),
            offset: 0,
            executable: true,
            file: Arc::new(file),
        };
        let table = UnwindTable::new(Box::new(image.clone())).ok().map(Arc::new);
        Some(Self { mapping, image: image.into(), table })
    }

    fn holds(&self, address: u64) -> bool {
        (self.mapping.start.0..self.mapping.end.0).contains(&address)
    }

    fn symbol(&self, in_file: u64) -> Option<Text> {
        let elf = Elf::parse(&*self.image).ok()?;
        let questions = SymbolQuery { names: Vec::new(), addresses: vec![in_file] };
        let answers = symbols::answer(&*self.image, &elf, &questions).ok()?;
        answers.holding.get(&in_file).map(|name| Text::from_bytes(name))
    }
}

/// A line of the maps file without a file.
struct Special<'a> {
    range: Range<u64>,
    executable: bool,
    name: &'a [u8],
}

fn special(line: &[u8]) -> Option<Special<'_>> {
    let mut fields = line.split(|&byte| byte == b' ').filter(|field| !field.is_empty());
    let range = std::str::from_utf8(fields.next()?).ok()?;
    let permissions = fields.next()?;
    let name = fields.nth(3).unwrap_or_default();
    if name.first() == Some(&b'/') {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let (start, end) = (hex(start)?, hex(end)?);
    (start < end).then_some(Special { range: start..end, executable: permissions.get(2) == Some(&b'x'), name })
}
