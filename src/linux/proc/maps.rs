//! What is mapped where in a target (`/proc/PID/maps`, proc_pid_maps(5)). Parses text only: opens nothing.

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::data::{Address, Text};

/// A target's mappings, by rising address.
#[derive(Clone, Debug, Default)]
pub struct Maps {
    mappings: Vec<Mapping>,
}

/// One range of addresses that a file backs. Ranges without a file are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: Address,
    /// First address behind it.
    pub end: Address,
    /// Where in the file the range begins.
    pub offset: u64,
    /// Whether it may be executed.
    pub executable: bool,
    /// The file.
    pub file: Arc<MappedFile>,
}

/// A mapped file, as the kernel names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappedFile {
    /// Its path, byte for byte.
    pub path: PathBuf,
    /// Its path, fit to be shown.
    pub shown: Arc<Text>,
    /// Its inode number.
    pub inode: u64,
    /// Whether its path no longer leads to it (deleted, or replaced by an upgrade).
    pub deleted: bool,
}

impl MappedFile {
    /// The last part of the path; empty when it is not UTF-8.
    pub fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }
}

impl Maps {
    /// Mappings kept; the kernel's default limit is 65,530 (vm.max_map_count).
    const MOST: usize = 1 << 20;

    /// From the text of `/proc/PID/maps`. A line that does not parse is skipped.
    pub fn parse(text: &[u8]) -> Self {
        let mut files = HashMap::new();
        let mut mappings: Vec<Mapping> =
            text.split(|&byte| byte == b'\n').filter_map(|line| mapping(line, &mut files)).take(Self::MOST).collect();
        mappings.sort_by_key(|mapping| mapping.start);
        Self { mappings }
    }

    /// The mapping that holds an address.
    pub fn find(&self, address: Address) -> Option<&Mapping> {
        let after = self.mappings.partition_point(|mapping| mapping.start <= address);
        self.mappings[..after].last().filter(|mapping| address < mapping.end)
    }

    /// Executable mappings, the first of each file, by rising address.
    pub fn code(&self) -> impl Iterator<Item = &Mapping> {
        let mut seen = std::collections::HashSet::new();
        self.mappings.iter().filter(move |mapping| mapping.executable && seen.insert(Arc::as_ptr(&mapping.file)))
    }

    /// The executable mapping of the same file that lies nearest: the same loaded copy of a library.
    pub fn code_of(&self, mapping: &Mapping) -> Option<&Mapping> {
        let same = |other: &&Mapping| other.executable && Arc::ptr_eq(&other.file, &mapping.file);
        self.mappings.iter().filter(same).min_by_key(|other| other.start.0.abs_diff(mapping.start.0))
    }
}

type Files = HashMap<(Vec<u8>, u64), Arc<MappedFile>>;

/// `start-end perms offset device inode path`; none for lines without a file.
fn mapping(line: &[u8], files: &mut Files) -> Option<Mapping> {
    let mut rest = line;
    let mut field = || {
        let end = rest.iter().position(|&byte| byte == b' ')?;
        let (field, after) = rest.split_at(end);
        rest = after.trim_ascii_start();
        std::str::from_utf8(field).ok()
    };
    let (range, permissions, offset, _device, inode) = (field()?, field()?, field()?, field()?, field()?);
    if rest.first() != Some(&b'/') {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    let (start, end, offset, inode) = (hex(start)?, hex(end)?, hex(offset)?, inode.parse().ok()?);
    if start >= end {
        return None;
    }
    let file = files.entry((rest.to_vec(), inode)).or_insert_with(|| Arc::new(mapped_file(rest, inode)));
    Some(Mapping {
        start: Address(start),
        end: Address(end),
        offset,
        executable: permissions.as_bytes().get(2) == Some(&b'x'),
        file: Arc::clone(file),
    })
}

fn mapped_file(path: &[u8], inode: u64) -> MappedFile {
    let kept = path.strip_suffix(b" (deleted)");
    let path = unescaped(kept.unwrap_or(path));
    MappedFile {
        shown: Arc::new(Text::from_bytes(&path)),
        path: PathBuf::from(OsString::from_vec(path)),
        inode,
        deleted: kept.is_some(),
    }
}

/// The kernel escapes line feeds only (seq_file_path in fs/proc/task_mmu.c).
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&first, after)) = rest.split_first() {
        match rest.strip_prefix(b"\\012") {
            Some(after) => (plain.push(b'\n'), rest = after).1,
            None => (plain.push(first), rest = after).1,
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"\
7f0000000000-7f0000001000 r--p 00000000 fe:01 42                         /lib/libx.so
7f0000001000-7f0000002000 r-xp 00001000 fe:01 42                         /lib/libx.so
7f0000002000-7f0000003000 rw-p 00002000 fe:01 42                         /lib/libx.so
7f0000003000-7f0000004000 rw-p 00000000 00:00 0
7f0000005000-7f0000006000 r-xp 00000000 fe:01 43                         /tmp/a b\\012c (deleted)
7fff00000000-7fff00001000 r-xp 00000000 00:00 0                          [vdso]
";

    #[test]
    fn an_address_leads_to_its_file() {
        let maps = Maps::parse(TEXT);
        let data = maps.find(Address(0x7f00_0000_2fff)).unwrap();
        assert_eq!((data.offset, data.file.name(), data.executable), (0x2000, "libx.so", false));
        assert_eq!(maps.code_of(data).unwrap().start, Address(0x7f00_0000_1000));
        assert!(maps.find(Address(0x7f00_0000_3000)).is_none(), "nothing but files is kept");
        assert!(maps.find(Address(0)).is_none() && maps.find(Address(u64::MAX)).is_none());
    }

    #[test]
    fn a_deleted_file_with_odd_characters_keeps_its_path() {
        let maps = Maps::parse(TEXT);
        let file = &maps.find(Address(0x7f00_0000_5000)).unwrap().file;
        assert!(file.deleted);
        assert_eq!(file.path, PathBuf::from("/tmp/a b\nc"));
        assert_eq!(file.shown.as_str(), "/tmp/a b^Jc");
    }

    #[test]
    fn two_mappings_of_one_file_share_it() {
        let maps = Maps::parse(TEXT);
        assert_eq!(maps.code().count(), 2);
        let [first, second] = [0x7f00_0000_0000, 0x7f00_0000_2000].map(|at| maps.find(Address(at)).unwrap());
        assert!(Arc::ptr_eq(&first.file, &second.file));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_panic(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            Maps::parse(&text);
        }

        #[test]
        fn almost_lines_are_parsed_without_panic(
            text in "([0-9a-fg-]{0,20}[ -]{0,2}){0,5}(/[a-z\\\\012 ]{0,20})?( \\(deleted\\))?\n?", at in any::<u64>()
        ) {
            let maps = Maps::parse(text.as_bytes());
            if let Some(mapping) = maps.find(Address(at)) {
                prop_assert!(mapping.start.0 <= at && at < mapping.end.0);
            }
        }
    }
}
