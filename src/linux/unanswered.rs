//! Memory of another user's process that may never answer: ranges that map a file of FUSE, or of a file system that is not
//! known here. A read of /proc/PID/mem, cmdline or environ then waits for whoever answers for that file, and not even the
//! end of the reader ends the wait. So these ranges are told from maps before anything there is read.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::io;
use std::ops::Range;

use rustix::fs::{MemfdFlags, fstat, major, memfd_create, minor};
use rustix::io::Errno;

use crate::linux::files::acts_or_blocks;
use crate::linux::proc::proc_dir::{FileReader, ProcDir};
use crate::linux::proc::stat::{number, status_field, string_ranges, words};

/// Limits for the files that are read here. What lies beyond counts as unknown.
const STATUS_LIMIT: usize = 64 << 10;
const MOUNTS_LIMIT: usize = 1 << 20;
const MAPS_LIMIT: usize = 16 << 20;

/// Major and minor number of a device.
type Device = (u32, u32);
/// Of memory that no file backs.
const NO_DEVICE: Device = (0, 0);

/// Which file systems answer by themselves, by their devices.
#[derive(Clone, Debug)]
pub struct BackingRule {
    /// Whether files there can be read without a program's answer, of every device that is mounted here or there.
    known: HashMap<Device, bool>,
}

/// Addresses that are not to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnansweredRanges {
    ranges: Vec<Range<u64>>,
}

impl BackingRule {
    /// For a process in this folder of /proc; none where nothing is to be feared: tftop's own user's process, and root's.
    pub fn of_process(folder: &ProcDir, reader: &mut FileReader) -> Option<Self> {
        if !is_of_another_user(folder, reader) {
            return None;
        }
        let mut known = HashMap::new();
        for mounts in ["mountinfo", "../self/mountinfo"] {
            let text = reader.read(folder, mounts, MOUNTS_LIMIT).unwrap_or_default();
            for (device, answers) in text.split(|&byte| byte == b'\n').filter_map(mount) {
                // One mount that is refused speaks against all of its device.
                known.entry(device).and_modify(|before| *before &= answers).or_insert(answers);
            }
        }
        Some(Self { known })
    }

    /// What of these maps is not to be read. `whole` is false where there are more than were read: what lies behind is unknown.
    pub fn unanswered(&self, maps: &[u8], whole: bool) -> UnansweredRanges {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let (mut end, memory) = (0, LazyCell::new(|| unmounted().collect()));
        for (range, device) in maps.split(|&byte| byte == b'\n').filter_map(mapping) {
            end = end.max(range.end);
            match ranges.last_mut() {
                _ if self.answers(device, &memory) => {}
                Some(last) if last.end == range.start => last.end = range.end,
                _ => ranges.push(range),
            }
        }
        ranges.extend((!whole).then_some(end..u64::MAX));
        ranges.sort_unstable_by_key(|range| range.start);
        UnansweredRanges { ranges }
    }

    /// Without a file there is nobody to wait for. Only root mounts block devices, so one that is not seen here is a disk.
    fn answers(&self, device: Device, memory: &LazyCell<Vec<Device>, impl FnOnce() -> Vec<Device>>) -> bool {
        let known = || self.known.get(&device).copied();
        device == NO_DEVICE || known().unwrap_or_else(|| device.0 != 0 || memory.contains(&device))
    }
}

impl UnansweredRanges {
    /// Whether these addresses may be read.
    ///
    /// # Errors
    /// They, or a part of them, may never answer.
    pub fn check(&self, address: u64, length: usize) -> io::Result<()> {
        match self.readable(address, length)? == length {
            true => Ok(()),
            false => Err(refused()),
        }
    }

    /// How many of these addresses may be read from the first on.
    ///
    /// # Errors
    /// Not even the first.
    pub fn readable(&self, address: u64, length: usize) -> io::Result<usize> {
        let at = self.ranges.partition_point(|range| range.end <= address);
        match self.ranges.get(at).map(|range| range.start.checked_sub(address).filter(|free| *free > 0)) {
            None => Ok(length),
            Some(Some(free)) => Ok(usize::try_from(free).unwrap_or(usize::MAX).min(length)),
            Some(None) => Err(refused()),
        }
    }
}

/// Why it is not read.
const WHY: &str =
    "not read: another user's process maps it from a file system that may never answer (FUSE, or one not known here)";

fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, WHY)
}

/// Why the command line and the environment of a process are not to be read, if so. Where its maps are closed, nobody can
/// tell, and both are read.
pub fn unanswered_strings(folder: &ProcDir, reader: &mut FileReader) -> Option<String> {
    if !is_of_another_user(folder, reader) {
        return None;
    }
    let strings = string_ranges(reader.read(folder, "stat", STATUS_LIMIT).ok()?)?;
    let maps = match reader.read(folder, "maps", MAPS_LIMIT) {
        Ok(maps) => maps,
        Err(Errno::ACCESS | Errno::PERM) => return None,
        Err(error) => return Some(format!("not read: its maps can't be: {error}")),
    };
    // Mostly they lie on the stack, which no file backs: then nobody has to know what is mounted.
    let overlaps = |range: &Range<u64>| strings.iter().any(|it| it.start < range.end && range.start <= it.end);
    let mut files = maps.split(|&byte| byte == b'\n').filter_map(mapping).filter(|(_, device)| *device != NO_DEVICE);
    if maps.len() < MAPS_LIMIT && !files.any(|(range, _)| overlaps(&range)) {
        return None;
    }
    let maps = maps.to_vec();
    let rule = BackingRule::of_process(folder, reader)?;
    let unanswered = rule.unanswered(&maps, maps.len() < MAPS_LIMIT);
    let length = |range: &Range<u64>| usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let mut checked = strings.iter().map(|range| unanswered.check(range.start, length(range)));
    checked.find_map(Result::err).map(|error| error.to_string())
}

/// Whether a process runs with the file system rights of a user who is neither root nor tftop's.
fn is_of_another_user(folder: &ProcDir, reader: &mut FileReader) -> bool {
    let status = reader.read(folder, "status", STATUS_LIMIT).unwrap_or_default();
    let user = status_field(status, "Uid").and_then(|field| words(field).nth(3).and_then(number));
    user.is_some_and(|user| user != 0 && user != u64::from(rustix::process::geteuid().as_raw()))
}

/// The device of a mount and whether its files answer, from its line of mountinfo (proc_pid_mountinfo(5)).
fn mount(line: &[u8]) -> Option<(Device, bool)> {
    let mut fields = words(line);
    let (major, minor) = pair(fields.nth(2)?, 10)?;
    let kind = fields.skip_while(|word| *word != b"-").nth(1)?;
    Some(((major, minor), !acts_or_blocks(kind)))
}

/// The addresses and the device of a mapping, from its line of maps (proc_pid_maps(5)).
fn mapping(line: &[u8]) -> Option<(Range<u64>, Device)> {
    let mut fields = words(line);
    let (start, end) = std::str::from_utf8(fields.next()?).ok()?.split_once('-')?;
    let hex = |text: &str| u64::from_str_radix(text, 16).ok();
    Some((hex(start)?..hex(end)?, pair(fields.nth(2)?, 16)?))
}

fn pair(word: &[u8], radix: u32) -> Option<Device> {
    let (major, minor) = std::str::from_utf8(word).ok()?.split_once(':')?;
    let number = |text: &str| u32::from_str_radix(text, radix).ok();
    Some((number(major)?, number(minor)?))
}

/// Devices of memory that is a file without being mounted: shared memory, and the same in huge pages.
fn unmounted() -> impl Iterator<Item = Device> {
    [MemfdFlags::CLOEXEC, MemfdFlags::CLOEXEC | MemfdFlags::HUGETLB].into_iter().filter_map(|flags| {
        let device = fstat(memfd_create("tftop", flags).ok()?).ok()?.st_dev;
        Some((major(device), minor(device)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOUNTS: &[u8] = b"22 1 254:0 / / rw - ext4 /dev/vda rw\n23 22 0:40 / /m rw,nosuid - fuse.x x rw\n24 22 0:41 / /t rw shared:1 - tmpfs t rw\n";
    const MAPS: &[u8] = b"1000-2000 r--p 00000000 fe:00 42 /lib/libx.so\n2000-3000 rw-p 00000000 00:00 0 [heap]\n3000-4000 r--p 00000000 00:28 2 /m/train.py\n4000-5000 r--p 00000000 00:28 2 /m/train.py\n5000-6000 rw-p 00000000 00:29 7 /t/x\n7000-8000 r--p 00000000 00:63 9 /memfd:x (deleted)\n9000-a000 r--p 00000000 08:01 9 /elsewhere\n";

    fn ranges(whole: bool) -> UnansweredRanges {
        let known = MOUNTS.split(|&byte| byte == b'\n').filter_map(mount).collect();
        BackingRule { known }.unanswered(MAPS, whole)
    }

    #[test]
    fn what_fuse_and_unknown_file_systems_back_is_not_read() {
        let unanswered = ranges(true);
        for (address, length, read) in [
            (0x1000, 0x2000, true),
            (0x2fff, 1, true),
            (0x2fff, 2, false),
            (0x3800, 8, false),
            (0x4fff, 1, false),
            (0x5000, 0x1000, true),
            (0x7000, 1, false),
            (0x9000, 8, true),
            (0, usize::MAX, false),
            (u64::MAX, 8, true),
        ] {
            assert_eq!(unanswered.check(address, length).is_ok(), read, "{address:x}");
        }
        assert_eq!(unanswered.readable(0x2000, 0x10_0000).unwrap(), 0x1000, "up to the first that may not answer");
        assert!(unanswered.readable(0x3000, 8).is_err());
        assert!(UnansweredRanges::default().check(0, usize::MAX).is_ok());
        assert!(ranges(false).check(0xa000, 1).is_err(), "what was not read of the maps is unknown");
    }

    #[test]
    fn shared_memory_is_memory_whoever_names_a_file_so_is_not() {
        let of =
            |device: Device| format!("1000-2000 rw-s 00000000 {:x}:{:x} 9 /memfd:x (deleted)\n", device.0, device.1);
        let rule = BackingRule { known: HashMap::new() };
        let shared = unmounted().next().unwrap();
        assert!(rule.unanswered(of(shared).as_bytes(), true).check(0x1000, 8).is_ok());
        assert!(rule.unanswered(of((0, 9999)).as_bytes(), true).check(0x1000, 8).is_err());
    }

    #[test]
    fn ones_own_process_needs_no_rule() {
        let own = ProcDir::open("/proc/self".as_ref()).unwrap();
        assert!(BackingRule::of_process(&own, &mut FileReader::default()).is_none());
        assert_eq!(unanswered_strings(&own, &mut FileReader::default()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_without_panic(text in proptest::collection::vec(any::<u8>(), 0..300), at in any::<u64>()) {
            let known = text.split(|&byte| byte == b'\n').filter_map(mount).collect();
            let _ = BackingRule { known }.unanswered(&text, true).check(at, 8);
        }
    }
}
