//! Files of /proc and of cgroups, read whole through kept directories, so that a reused pid can't mix two processes.
//! Opens for reading only.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags, RawDir, SeekFrom};
use rustix::io::Errno;

/// Room for one getdents(2) call: about 2,000 entries of a task folder.
const LISTING_ROOM: usize = 64 << 10;
/// How much is read at once.
const STEP: usize = 16 << 10;

/// An open directory.
#[derive(Debug)]
pub struct ProcDir {
    fd: OwnedFd,
}

impl ProcDir {
    /// Opens a directory by its path.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { fd: rustix::fs::open(path, flags, Mode::empty())? })
    }

    /// Opens a directory below this one.
    pub fn folder(&self, name: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { fd: rustix::fs::openat(&self.fd, name, flags, Mode::empty())? })
    }

    /// Where one of the kernel's links to a directory of the process leads, `root` or `cwd`: to look paths up from, not to list.
    /// Asks the file system there nothing.
    pub fn place(&self, name: &str) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.fd, name, flags, Mode::empty())?)
    }

    /// Opens a file below this one. The kernel's own error number, because ENOENT and ESRCH only mean "gone".
    pub fn file(&self, name: &str) -> Result<OwnedFd, Errno> {
        rustix::fs::openat(&self.fd, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
    }

    /// The target of a symbolic link below this one.
    pub fn link(&self, name: &str) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.fd, name, Vec::new())?.into_bytes())
    }

    /// Whether a name exists below this one.
    pub fn holds(&self, name: &str) -> bool {
        rustix::fs::accessat(&self.fd, name, rustix::fs::Access::EXISTS, rustix::fs::AtFlags::empty()).is_ok()
    }

    /// Whether this is a /proc in which this process has the number it knows itself by: then numbers from it mean the same
    /// in system calls.
    pub fn shows_own_numbers(&self) -> bool {
        self.link("self").is_ok_and(|link| link == std::process::id().to_string().as_bytes())
    }

    /// The owner of a file below this one.
    pub fn owner(&self, name: &str) -> io::Result<u32> {
        Ok(rustix::fs::statat(&self.fd, name, rustix::fs::AtFlags::empty())?.st_uid)
    }
}

/// A name and the inode number that tells a directory of a reused pid from its predecessor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirEntry {
    /// The name, a number.
    pub number: u32,
    /// The inode number of the directory entry.
    pub inode: u64,
}

/// Reads files into one kept buffer and counts what it reads.
#[derive(Debug)]
pub struct FileReader {
    buffer: Vec<u8>,
    listing: Box<[MaybeUninit<u8>]>,
    /// Bytes read since the caller last set this to zero.
    pub bytes: u64,
}

impl Default for FileReader {
    fn default() -> Self {
        Self { buffer: Vec::new(), listing: vec![MaybeUninit::uninit(); LISTING_ROOM].into(), bytes: 0 }
    }
}

impl FileReader {
    /// A file below a folder, whole, but never more than `limit` bytes of it.
    pub fn read(&mut self, folder: &ProcDir, name: &str, limit: usize) -> Result<&[u8], Errno> {
        let file = folder.file(name)?;
        self.reread(&file, limit)
    }

    /// A kept file from its beginning, whole, but never more than `limit` bytes of it.
    pub fn reread(&mut self, file: &OwnedFd, limit: usize) -> Result<&[u8], Errno> {
        self.read_while(file, limit, |_| true)
    }

    /// A kept file from its beginning, as long as `wanted` says of what was read so far that it needs more.
    pub fn read_while(&mut self, file: &OwnedFd, limit: usize, wanted: impl Fn(&[u8]) -> bool) -> Result<&[u8], Errno> {
        let mut filled = 0;
        while filled < limit {
            let end = (filled + STEP).min(limit);
            if self.buffer.len() < end {
                self.buffer.resize(end, 0);
            }
            match rustix::io::pread(file, &mut self.buffer[filled..end], filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
            if !wanted(&self.buffer[..filled]) {
                break;
            }
        }
        self.bytes += filled as u64;
        Ok(&self.buffer[..filled])
    }

    /// Names below a folder that are numbers (pids, tids), sorted; the kernel lists them in no promised order, and may
    /// leave one out while others end.
    pub fn numbers(&mut self, folder: &ProcDir, into: &mut Vec<DirEntry>) -> Result<(), Errno> {
        into.clear();
        rustix::fs::seek(&folder.fd, SeekFrom::Start(0))?;
        let mut entries = RawDir::new(&folder.fd, &mut self.listing);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            self.bytes += name.len() as u64;
            if let Some(number) = crate::linux::proc::stat::number(name).and_then(|number| u32::try_from(number).ok()) {
                into.push(DirEntry { number, inode: entry.ino() });
            }
        }
        into.sort_unstable();
        into.dedup_by_key(|entry| entry.number);
        Ok(())
    }
}

/// Gone is not an error: ENOENT before the open, ESRCH after it.
pub fn is_gone(error: Errno) -> bool {
    matches!(error, Errno::NOENT | Errno::SRCH)
}

/// Whether nothing could be opened because too much is open: that says nothing of what was to be opened.
pub fn has_no_descriptors(error: Errno) -> bool {
    matches!(error, Errno::MFILE | Errno::NFILE)
}

/// Why something can't be read, in words.
pub fn why_unread(error: Errno) -> String {
    match has_no_descriptors(error) {
        true => "tftop has no file descriptors left; a higher `ulimit -n` gives it more".to_owned(),
        false => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_are_listed_and_they_are_sorted() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["12", "7", "self", "99999999999999999999", "-3", "1a"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let mut listed = Vec::new();
        let folder = ProcDir::open(dir.path()).unwrap();
        for _ in 0..2 {
            FileReader::default().numbers(&folder, &mut listed).unwrap();
            assert_eq!(listed.iter().map(|entry| entry.number).collect::<Vec<_>>(), [7, 12]);
        }
    }

    #[test]
    fn a_file_is_read_whole_up_to_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("big"), vec![b'x'; 100_000]).unwrap();
        let folder = ProcDir::open(dir.path()).unwrap();
        let mut reader = FileReader::default();
        assert_eq!(reader.read(&folder, "big", 1 << 20).unwrap().len(), 100_000);
        assert_eq!(reader.read(&folder, "big", 50_000).unwrap().len(), 50_000);
        assert_eq!(reader.bytes, 150_000);
        assert!(is_gone(reader.read(&folder, "none", 1).unwrap_err()));
    }
}
