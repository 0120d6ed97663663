//! ELF files of a target: where their segments, symbol tables and build id lie. Reads headers only; every offset and
//! length is checked against the file, nothing is mapped (a file that is cut off while it is mapped kills its reader).

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use object::elf::{
    ELFCLASS64, ELFDATA2LSB, ELFMAG, FileHeader64, NT_GNU_BUILD_ID, PF_X, PT_LOAD, PT_NOTE, ProgramHeader64,
    SHT_DYNSYM, SHT_SYMTAB, SectionHeader64, SectionType,
};
use object::{LittleEndian as LE, pod, pod::Pod};

use super::maps::Mapping;

/// A file that may hold anything.
pub trait ReadAt {
    /// Fills `into` from `offset` on, or fails.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
}

impl ReadAt for File {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(into, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).ok().and_then(|offset| self.get(offset..));
        match from.and_then(|from| from.get(..into.len())) {
            Some(from) => (into.copy_from_slice(from), Ok(())).1,
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

/// What is known of an ELF file from its headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elf {
    segments: Vec<Segment>,
    /// Symbols for the dynamic linker.
    pub exported: Option<Table>,
    /// All symbols, local ones included; gone in stripped files.
    pub all: Option<Table>,
    /// GNU build id in hex.
    pub build_id: Option<String>,
}

/// A loaded part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    offset: u64,
    length: u64,
    virtual_address: u64,
    executable: bool,
}

/// Where a symbol table and its strings lie in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Offsets of the symbols.
    pub symbols: Range<u64>,
    /// Offsets of the names.
    pub strings: Range<u64>,
}

const MOST_SEGMENTS: usize = 512;
const MOST_SECTIONS: usize = 8192;
const LONGEST_NOTES: u64 = 64 << 10;
/// The largest table read: four times the largest one seen (libtensorflow_cc 2.21: 30 MB of symbols).
const LARGEST_SYMBOLS: u64 = 128 << 20;
const LARGEST_STRINGS: u64 = 1 << 30;

impl Elf {
    /// Reads the headers. Fails on files that are not 64-bit little-endian ELF, or whose headers lie outside the file.
    pub fn parse(file: &(impl ReadAt + ?Sized)) -> io::Result<Self> {
        let length = file.length()?;
        let header = bytes(file, 0, size_of::<FileHeader64<LE>>())?;
        let [header] = structures::<FileHeader64<LE>>(&header) else { return Err(invalid("too short")) };
        let ident = &header.e_ident;
        if ident.magic != ELFMAG || ident.class != ELFCLASS64 || ident.data != ELFDATA2LSB {
            return Err(invalid("not a 64-bit little-endian ELF file"));
        }
        let programs = usize::from(header.e_phnum.get(LE)).min(MOST_SEGMENTS);
        let programs = bytes(file, header.e_phoff.get(LE), programs * size_of::<ProgramHeader64<LE>>())?;
        let programs: &[ProgramHeader64<LE>] = structures(&programs);
        let sections = usize::from(header.e_shnum.get(LE)).min(MOST_SECTIONS);
        // A file without section headers still runs: it has no symbols to ask for, nothing more.
        let sections = bytes(file, header.e_shoff.get(LE), sections * size_of::<SectionHeader64<LE>>());
        let sections = sections.unwrap_or_default();
        let sections: &[SectionHeader64<LE>] = structures(&sections);
        Ok(Self {
            segments: programs.iter().filter(|program| program.p_type.get(LE) == PT_LOAD).map(segment).collect(),
            exported: table(sections, SHT_DYNSYM, length),
            all: table(sections, SHT_SYMTAB, length),
            build_id: programs.iter().filter(|program| program.p_type.get(LE) == PT_NOTE).find_map(|program| {
                let size = program.p_filesz.get(LE).min(LONGEST_NOTES) as usize;
                build_id(&bytes(file, program.p_offset.get(LE), size).ok()?)
            }),
        })
    }

    /// What to add to the file's virtual addresses to get the target's, by its executable mapping: the segment that shares
    /// most with it is the one mapped there.
    pub fn bias(&self, mapping: &Mapping) -> Option<u64> {
        let mapped = mapping.offset..mapping.offset.saturating_add(mapping.end.0.saturating_sub(mapping.start.0));
        let shared = |segment: &Segment| {
            let end = segment.offset.saturating_add(segment.length).min(mapped.end);
            end.saturating_sub(segment.offset.max(mapped.start))
        };
        let code = self.segments.iter().filter(|segment| segment.executable && shared(segment) > 0);
        let segment = code.max_by_key(|segment| shared(segment))?;
        let start = mapping.offset.wrapping_sub(segment.offset).wrapping_add(segment.virtual_address);
        Some(mapping.start.0.wrapping_sub(start))
    }
}

fn segment(program: &ProgramHeader64<LE>) -> Segment {
    Segment {
        offset: program.p_offset.get(LE),
        length: program.p_filesz.get(LE),
        virtual_address: program.p_vaddr.get(LE),
        executable: program.p_flags.get(LE).0 & PF_X.0 != 0,
    }
}

/// The first table of this type that lies inside the file and has its strings there too.
fn table(sections: &[SectionHeader64<LE>], kind: SectionType, length: u64) -> Option<Table> {
    let range = |section: &SectionHeader64<LE>, largest: u64| {
        let (start, size) = (section.sh_offset.get(LE), section.sh_size.get(LE));
        start.checked_add(size).filter(|&end| end <= length && size <= largest).map(|end| start..end)
    };
    sections.iter().filter(|section| section.sh_type.get(LE) == kind).find_map(|section| {
        let strings = sections.get(section.sh_link.get(LE) as usize)?;
        Some(Table { symbols: range(section, LARGEST_SYMBOLS)?, strings: range(strings, LARGEST_STRINGS)? })
    })
}

/// Notes are (name length, description length, type, name, description), each part padded to 4 bytes (elf(5)).
fn build_id(mut notes: &[u8]) -> Option<String> {
    loop {
        let word = |at: usize| Some(u32::from_le_bytes(notes.get(at..at + 4)?.try_into().ok()?));
        let (name_length, length, kind) = (word(0)? as usize, word(4)? as usize, word(8)?);
        let rest = notes.get(12..)?;
        let name = rest.get(..name_length)?;
        let rest = rest.get(name_length.next_multiple_of(4)..)?;
        let description = rest.get(..length)?;
        if kind == NT_GNU_BUILD_ID.0 && name == b"GNU\0" && (1..=64).contains(&length) {
            return Some(description.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        notes = rest.get(length.next_multiple_of(4)..)?;
    }
}

/// `length` bytes of a file; callers bound the length.
fn bytes(file: &(impl ReadAt + ?Sized), offset: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.read_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// Bytes as structures; a rest too short for one is left out.
pub fn structures<T: Pod>(bytes: &[u8]) -> &[T] {
    pod::slice_from_bytes(bytes, bytes.len() / size_of::<T>()).map(|(all, _)| all).unwrap_or_default()
}

/// Foreign bytes that are not what they should be.
pub fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
