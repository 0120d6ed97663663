//! The call frame information of one library file: which entry tells how to step out of an instruction's function.
//! Reads the few hundred bytes it needs from the file, found by the index in `.eh_frame_hdr`; trusts none of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use crate::linux::elf::file::{Elf, LibraryFile, ReadAt, UnwindIndex, invalid};

/// One library's call frame information.
pub struct UnwindTable {
    file: LibraryFile,
    elf: Elf,
    index: Result<Index, &'static str>,
    entries: Mutex<HashMap<u64, Option<Arc<UnwindEntry>>>>,
}

/// `.eh_frame_hdr`: pairs of (where code begins, where its entry lies), sorted, as two signed 32-bit distances from its
/// own start (LSB Core, "Exception Frame Header").
#[derive(Clone, Copy, Debug)]
struct Index {
    place: UnwindIndex,
    pairs: u64,
}

/// What tells how to step out of a piece of code: its frame description entry behind the common part it refers to.
#[derive(Debug, PartialEq, Eq)]
pub struct UnwindEntry {
    /// Both parts, as they would stand in an `.eh_frame` of their own.
    pub bytes: Vec<u8>,
    /// Where the second part begins.
    pub description: usize,
    /// The virtual address that the first byte must be given so that what is relative in the second part comes out right.
    pub virtual_address: u64,
}

/// Version 1; the pointer to .eh_frame as a signed 32-bit distance, the count as u32, the table as said above. Every
/// linker writes this.
const USUAL_HEADER: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
const HEADER_BYTES: u64 = 12;
const PAIR_BYTES: u64 = 8;
/// The longest entry read: the longest of libtensorflow_cc 2.21 has 6 KB.
const LONGEST: u32 = 256 << 10;
/// Entries remembered.
const MOST_ENTRIES: usize = 8192;

impl UnwindTable {
    /// Reads the headers of a file.
    pub fn new(file: LibraryFile) -> io::Result<Self> {
        let elf = Elf::parse(&*file)?;
        let index = match elf.unwind_index {
            Some(place) => Index::read(&*file, place),
            None => Err("it comes without call frame information"),
        };
        Ok(Self { file, elf, index, entries: Mutex::default() })
    }

    /// The file's headers.
    pub fn elf(&self) -> &Elf {
        &self.elf
    }

    /// The entry that may cover an instruction (a virtual address of the file); none when none does.
    pub fn entry(&self, address: u64) -> io::Result<Option<Arc<UnwindEntry>>> {
        if let Some(known) = self.remembered().get(&address) {
            return Ok(known.clone());
        }
        let index = self.index.map_err(invalid)?;
        let found = match index.find(&*self.file, address)? {
            Some(at) => Some(Arc::new(self.read(at)?)),
            None => None,
        };
        let mut entries = self.remembered();
        if entries.len() >= MOST_ENTRIES {
            entries.clear();
        }
        entries.insert(address, found.clone());
        Ok(found)
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<u64, Option<Arc<UnwindEntry>>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An entry and its common part (LSB Core, "The .eh_frame section"): length, distance back to the common part (0 in a
    /// common part itself), and so on.
    fn read(&self, at: u64) -> io::Result<UnwindEntry> {
        let mut description = self.part(at)?;
        let distance = word(&description, 4).filter(|&distance| distance != 0).ok_or_else(|| invalid("no entry"))?;
        let common = at.checked_add(4).and_then(|field| field.checked_sub(u64::from(distance)));
        let common = self.part(common.ok_or_else(|| invalid("an entry without its common part"))?)?;
        if word(&common, 4) != Some(0) {
            return Err(invalid("an entry without its common part"));
        }
        let back = u32::try_from(common.len() + 4).map_err(|_| invalid("an entry too long"))?;
        description.get_mut(4..8).ok_or_else(|| invalid("an entry too short"))?.copy_from_slice(&back.to_le_bytes());
        let virtual_address = at.wrapping_sub(common.len() as u64);
        Ok(UnwindEntry { description: common.len(), bytes: [common, description].concat(), virtual_address })
    }

    /// One part, its length first.
    fn part(&self, at: u64) -> io::Result<Vec<u8>> {
        let offset = self.elf.offset_of(at).ok_or_else(|| invalid("call frame information outside of the file"))?;
        let mut length = [0; 4];
        self.file.read_at(offset, &mut length)?;
        let length = u32::from_le_bytes(length);
        if !(4..=LONGEST).contains(&length) {
            return Err(invalid("call frame information of no sensible length"));
        }
        let mut bytes = vec![0; length as usize + 4];
        self.file.read_at(offset, &mut bytes)?;
        Ok(bytes)
    }
}

impl fmt::Debug for UnwindTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("index", &self.index).finish_non_exhaustive()
    }
}

impl Index {
    fn read(file: &dyn ReadAt, place: UnwindIndex) -> Result<Self, &'static str> {
        let mut header = [0; HEADER_BYTES as usize];
        file.read_at(place.offset, &mut header).map_err(|_| "its index of call frame information can't be read")?;
        if !header.starts_with(&USUAL_HEADER) {
            return Err("its index of call frame information has an unusual form");
        }
        let room = place.length.saturating_sub(HEADER_BYTES) / PAIR_BYTES;
        let pairs = word(&header, 8).map_or(0, u64::from).min(room);
        Ok(Self { place, pairs })
    }

    /// The last pair that begins at or before the address: where its entry lies.
    fn find(&self, file: &dyn ReadAt, address: u64) -> io::Result<Option<u64>> {
        let (mut low, mut high) = (0, self.pairs);
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            let (start, entry) = self.pair(file, middle)?;
            if start <= address {
                (low, found) = (middle + 1, Some(entry));
            } else {
                high = middle;
            }
        }
        Ok(found)
    }

    fn pair(&self, file: &dyn ReadAt, number: u64) -> io::Result<(u64, u64)> {
        let mut pair = [0; PAIR_BYTES as usize];
        let at = self.place.offset.checked_add(HEADER_BYTES + number * PAIR_BYTES);
        file.read_at(at.ok_or_else(|| invalid("an index outside of the file"))?, &mut pair)?;
        let place = |at| {
            let distance = word(&pair, at).unwrap_or_default().cast_signed();
            self.place.virtual_address.wrapping_add_signed(i64::from(distance))
        };
        Ok((place(0), place(4)))
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}
