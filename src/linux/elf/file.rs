//! ELF files of a target: where their segments, symbol tables and build id lie. Reads headers only; every offset and
//! length is checked against the file, nothing is mapped (a file that is cut off while it is mapped kills its reader).

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use object::elf::{
    ELFCLASS64, ELFDATA2LSB, ELFMAG, FileHeader64, NT_GNU_BUILD_ID, PF_X, PT_GNU_EH_FRAME, PT_LOAD, PT_NOTE,
    ProgramHeader64, SHT_DYNSYM, SHT_SYMTAB, SectionHeader64, SectionType,
};
use object::pod::Pod;
use object::{LittleEndian as LE, pod};

use crate::linux::proc::maps::Mapping;

/// A file that may hold anything.
pub trait ReadAt {
    /// Fills `into` from `offset` on, or fails.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
}

/// A library's file, opened.
pub type LibraryFile = Box<dyn ReadAt + Send + Sync>;

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

impl ReadAt for Vec<u8> {
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_at(offset, into)
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
    pub exported: Option<SymbolTable>,
    /// All symbols, local ones included; gone in stripped files.
    pub all: Option<SymbolTable>,
    /// The index of call frame information (`.eh_frame_hdr`).
    pub unwind_index: Option<UnwindIndex>,
    /// GNU build id in hex.
    pub build_id: Option<String>,
}

/// Where `.eh_frame_hdr` lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnwindIndex {
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Its virtual address in the file.
    pub virtual_address: u64,
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
pub struct SymbolTable {
    /// Offsets of the symbols.
    pub symbols: Range<u64>,
    /// Offsets of the names.
    pub strings: Range<u64>,
}

const MOST_SEGMENTS: usize = 512;
const MOST_SECTIONS: usize = 8192;
const LONGEST_NOTES: u64 = 64 << 10;
/// The largest table read: four times the largest one seen (30 MB of symbols in a library of 790 MB).
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
            unwind_index: programs.iter().find(|program| program.p_type.get(LE) == PT_GNU_EH_FRAME).map(|program| {
                UnwindIndex {
                    offset: program.p_offset.get(LE),
                    length: program.p_filesz.get(LE),
                    virtual_address: program.p_vaddr.get(LE),
                }
            }),
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

impl Elf {
    /// Where in the file the byte of a virtual address lies.
    pub fn offset_of(&self, virtual_address: u64) -> Option<u64> {
        self.segments.iter().find_map(|segment| {
            let within = virtual_address.checked_sub(segment.virtual_address)?;
            (within < segment.length).then(|| segment.offset.checked_add(within))?
        })
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
fn table(sections: &[SectionHeader64<LE>], kind: SectionType, length: u64) -> Option<SymbolTable> {
    let range = |section: &SectionHeader64<LE>, largest: u64| {
        let (start, size) = (section.sh_offset.get(LE), section.sh_size.get(LE));
        start.checked_add(size).filter(|&end| end <= length && size <= largest).map(|end| start..end)
    };
    sections.iter().filter(|section| section.sh_type.get(LE) == kind).find_map(|section| {
        let strings = sections.get(section.sh_link.get(LE) as usize)?;
        Some(SymbolTable { symbols: range(section, LARGEST_SYMBOLS)?, strings: range(strings, LARGEST_STRINGS)? })
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

#[cfg(test)]
pub mod sample {
    //! A small ELF file, made byte by byte.

    /// Where the one executable segment begins in the file, and in memory relative to the load address.
    pub const CODE_OFFSET: u64 = 0x1000;
    pub const CODE_ADDRESS: u64 = 0x3000;
    pub const BUILD_ID: &str = "0102030405060708";

    /// A symbol: name, address, size, type (STT_*), section (0 is undefined).
    pub type Symbol = (&'static str, u64, u64, u8, u16);

    /// A shared library with these symbols in its .symtab, or in its .dynsym when it is stripped.
    pub fn library(symbols: &[Symbol], stripped: bool) -> Vec<u8> {
        let (mut names, mut table) = (vec![0_u8], vec![0_u8; 24]);
        for (name, address, size, kind, section) in symbols {
            table.extend((names.len() as u32).to_le_bytes());
            table.extend([*kind, 0]);
            table.extend(section.to_le_bytes());
            table.extend(address.to_le_bytes());
            table.extend(size.to_le_bytes());
            names.extend(name.bytes().chain([0]));
        }
        let notes = [4_u32, 8, 3].iter().flat_map(|word| word.to_le_bytes()).chain(*b"GNU\0").chain(1..=8);
        let notes: Vec<u8> = notes.collect();
        let notes_at = 64 + 2 * 56;
        let table_at = notes_at + notes.len() as u64;
        let names_at = table_at + table.len() as u64;
        let sections_at = names_at + names.len() as u64;
        let mut file = header(sections_at);
        file.extend(program(1, 5, CODE_OFFSET, CODE_ADDRESS, 0x1000));
        file.extend(program(4, 4, notes_at, notes_at, notes.len() as u64));
        file.extend(notes);
        file.extend(&table);
        file.extend(&names);
        file.extend([0; 64]);
        file.extend(section(if stripped { 11 } else { 2 }, table_at, table.len() as u64, 2));
        file.extend(section(3, names_at, names.len() as u64, 0));
        file
    }

    fn header(sections_at: u64) -> Vec<u8> {
        let mut header = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header.extend([3, 0, 62, 0, 1, 0, 0, 0]);
        header.extend([0_u64, 64, sections_at].iter().flat_map(|word| word.to_le_bytes()));
        header.extend([0; 4]);
        header.extend([64_u16, 56, 2, 64, 3, 0].iter().flat_map(|half| half.to_le_bytes()));
        header
    }

    fn program(kind: u32, flags: u32, offset: u64, address: u64, size: u64) -> Vec<u8> {
        let words = [kind, flags].into_iter().flat_map(u32::to_le_bytes);
        words.chain([offset, address, address, size, size, 0x1000].into_iter().flat_map(u64::to_le_bytes)).collect()
    }

    fn section(kind: u32, offset: u64, size: u64, link: u32) -> Vec<u8> {
        let mut section: Vec<u8> = [0, kind].into_iter().flat_map(u32::to_le_bytes).collect();
        section.extend([0, 0, offset, size].into_iter().flat_map(u64::to_le_bytes));
        section.extend([link, 0].into_iter().flat_map(u32::to_le_bytes));
        section.extend([8_u64, 24].into_iter().flat_map(u64::to_le_bytes));
        section
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::data::Address;

    fn mapping(start: u64, end: u64, offset: u64) -> Mapping {
        let (start, end) = (Address(start), Address(end));
        Mapping { start, end, offset, executable: true, file: Arc::default() }
    }

    #[test]
    fn headers_say_where_everything_lies() {
        let file = sample::library(&[("f", 0x3010, 8, 2, 1)], false);
        let elf = Elf::parse(&file[..]).unwrap();
        assert!(elf.all.is_some() && elf.exported.is_none());
        assert_eq!(elf.build_id.as_deref(), Some(sample::BUILD_ID));
        assert!(Elf::parse(&sample::library(&[], true)[..]).unwrap().exported.is_some());
    }

    #[test]
    fn the_bias_leads_from_the_file_to_the_target() {
        let elf = Elf::parse(&sample::library(&[], false)[..]).unwrap();
        let loaded = mapping(0x7f00_0000_3000, 0x7f00_0000_4000, sample::CODE_OFFSET);
        assert_eq!(elf.bias(&loaded), Some(0x7f00_0000_0000));
        assert_eq!(elf.bias(&mapping(0x1000, 0x2000, 0x9000)), None, "no segment is mapped there");
    }

    #[test]
    fn what_is_no_elf_is_refused() {
        let file = sample::library(&[], false);
        assert!(Elf::parse(&b"#!/bin/sh\n"[..]).is_err());
        assert!(Elf::parse(&file[..100]).is_err(), "segments lie outside the file");
        let mut other = file.clone();
        other[4] = 1;
        assert!(Elf::parse(&other[..]).is_err(), "32 bits");
    }

    #[test]
    fn a_file_cut_before_its_sections_has_no_symbols() {
        let file = sample::library(&[("f", 0x3010, 8, 2, 1)], false);
        let elf = Elf::parse(&file[..file.len() - 100]).unwrap();
        assert!(elf.all.is_none() && elf.build_id.is_some());
    }

    proptest! {
        #[test]
        fn notes_of_any_content_end(notes in proptest::collection::vec(any::<u8>(), 0..200)) {
            build_id(&notes);
        }
    }
}
