//! Python dicts and instance attributes: snapshots that are read again when the program changed them meanwhile.

use std::io;

use crate::data::Address;
use crate::probe::cpython::checked::{after, unreadable};
use crate::probe::cpython::layout::{Attributes, KeysFormat};
use crate::probe::cpython::objects::Objects;

/// A dict with more entries is not read.
const MOST_ENTRIES: u64 = 65_536;

/// How often something that changes under the reader is read again.
const ATTEMPTS: usize = 3;

/// `Py_TPFLAGS_INLINE_VALUES` (since 3.13) and `Py_TPFLAGS_MANAGED_DICT` (since 3.11), Include/object.h.
const INLINE_VALUES: u64 = 1 << 2;
const MANAGED_DICT: u64 = 1 << 4;

/// One key and its value; neither is null.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DictEntry {
    pub key: Address,
    pub value: Address,
}

/// A dict's two tables; `values` is null for a table that is not split.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Tables {
    keys: Address,
    values: Address,
}

/// Where an instance's attributes are at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Dict(Address),
    Split(Tables),
    None,
}

/// Where the entries of a keys object are, as its head says.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Keys {
    first_entry: Address,
    entry_bytes: u64,
    count: u64,
}

impl Objects<'_> {
    /// Everything in a dict, in order of insertion.
    pub fn dict(&self, dict: Address) -> io::Result<Vec<DictEntry>> {
        if self.class_of(dict)?.name != b"dict" {
            return Err(unreadable("expected a Python dict"));
        }
        self.steady(|| self.tables(dict), |tables| self.entries(tables))
    }

    /// The attributes of an instance, as in its `__dict__`; without those in slots.
    pub fn attributes(&self, object: Address) -> io::Result<Vec<DictEntry>> {
        self.steady(
            || self.place(object),
            |place| match place {
                Place::Dict(dict) => self.dict(dict),
                Place::Split(tables) => self.entries(tables),
                Place::None => Ok(Vec::new()),
            },
        )
    }

    /// The value of a key. Fails if it was not found and some key could not be read.
    pub fn find(&self, entries: &[DictEntry], name: &str) -> io::Result<Option<Address>> {
        self.find_entry(entries, name).map(|found| found.map(|entry| entry.value))
    }

    /// The entry of a key, as [`find`](Self::find).
    pub fn find_entry(&self, entries: &[DictEntry], name: &str) -> io::Result<Option<DictEntry>> {
        let mut failed = None;
        for entry in entries {
            match self.key_is(entry.key, name) {
                Ok(true) => return Ok(Some(*entry)),
                Ok(false) => {}
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(None), Err)
    }

    /// Reads through `place` until the place is the same before and after.
    fn steady<P: Copy + PartialEq, T>(
        &self,
        place: impl Fn() -> io::Result<P>,
        read: impl Fn(P) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut last = unreadable("a Python object kept changing while it was read");
        for _ in 0..ATTEMPTS {
            let before = place()?;
            match read(before) {
                Ok(value) if place()? == before => return Ok(value),
                Ok(_) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn tables(&self, dict: Address) -> io::Result<Tables> {
        let layout = self.layout.dict;
        Ok(Tables {
            keys: self.memory.pointer(after(dict, layout.ma_keys)?)?,
            values: self.memory.pointer(after(dict, layout.ma_values)?)?,
        })
    }

    /// The entries of a table whose head did not change meanwhile.
    fn entries(&self, tables: Tables) -> io::Result<Vec<DictEntry>> {
        self.steady(|| self.keys(tables.keys), |keys| self.entries_of(keys, tables.values))
    }

    fn entries_of(&self, keys: Keys, values: Address) -> io::Result<Vec<DictEntry>> {
        let mut table = vec![0; (keys.count * keys.entry_bytes) as usize];
        self.memory.read(keys.first_entry, &mut table)?;
        let mut split = vec![0; if values.0 == 0 { 0 } else { (keys.count * 8) as usize }];
        if !split.is_empty() {
            self.memory.read(after(values, self.layout.dict.first_value)?, &mut split)?;
        }
        let mut split = split.as_chunks::<8>().0.iter();
        let mut entries = Vec::new();
        for entry in table.chunks_exact(keys.entry_bytes as usize) {
            let [.., key, value] = entry.as_chunks::<8>().0 else { break };
            let value = if values.0 == 0 { Some(value) } else { split.next() };
            let key = Address(u64::from_le_bytes(*key));
            let value = Address(value.map_or(0, |value| u64::from_le_bytes(*value)));
            if key.0 != 0 && value.0 != 0 {
                entries.push(DictEntry { key, value });
            }
        }
        Ok(entries)
    }

    fn keys(&self, keys: Address) -> io::Result<Keys> {
        let mut head = [0; 40];
        self.memory.read(keys, &mut head)?;
        let [_, second, _, fourth, fifth] = head.as_chunks().0 else { return Err(io::ErrorKind::InvalidData.into()) };
        let (index_bytes, entry_bytes, count, head_bytes) = match self.layout.dict.keys {
            KeysFormat::Sized => {
                let size = u64::from_le_bytes(*second);
                let width = match size {
                    0..=0xff => 1,
                    0x100..=0xffff => 2,
                    0x1_0000..=0xffff_ffff => 4,
                    _ => 8,
                };
                (size.checked_mul(width), 24, u64::from_le_bytes(*fifth), 40)
            }
            KeysFormat::Log2 => {
                let [_, log2_index_bytes, kind, ..] = *second;
                let entry_bytes = if kind == 0 { 24 } else { 16 };
                (1u64.checked_shl(log2_index_bytes.into()), entry_bytes, u64::from_le_bytes(*fourth), 32)
            }
        };
        if count > MOST_ENTRIES {
            return Err(unreadable(&format!("a Python dict has {count} entries or changed while it was read")));
        }
        let index_bytes = index_bytes.ok_or_else(|| unreadable("a Python dict's index has no sensible size"))?;
        Ok(Keys { first_entry: after(after(keys, head_bytes)?, index_bytes)?, entry_bytes, count })
    }

    fn place(&self, object: Address) -> io::Result<Place> {
        let class = self.class_of(object)?;
        let dict_or_none = |dict: Address| if dict.0 == 0 { Place::None } else { Place::Dict(dict) };
        if self.layout.attributes == Attributes::DictOffset || class.flags & MANAGED_DICT == 0 {
            return match class.dict_offset {
                0 => Ok(Place::None),
                offset if offset > 0 => Ok(dict_or_none(self.memory.pointer(after(object, offset as u64)?)?)),
                _ => Err(unreadable("attributes of a Python object of variable size are not read")),
            };
        }
        let before = |words: u64| object.0.checked_sub(8 * words).map(Address).ok_or(io::ErrorKind::InvalidData);
        let dict = self.memory.pointer(before(3)?)?;
        let values = match self.layout.attributes {
            Attributes::ValuesBefore => self.memory.pointer(before(4)?)?,
            Attributes::TaggedBefore if dict.0 % 2 == 1 => after(dict, 1)?,
            Attributes::Inline if dict.0 == 0 && class.flags & INLINE_VALUES != 0 => after(object, class.basic_size)?,
            _ => Address(0),
        };
        if values.0 == 0 {
            return Ok(dict_or_none(dict));
        }
        Ok(Place::Split(Tables { keys: class.cached_keys, values }))
    }
}
