//! What library files have already answered, for the whole of tftop: a second process with the same libraries is not a
//! second scan. Keyed by the file itself and not by its build id, which a hostile target could copy from another library.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::linux::elf::file::{Elf, ReadAt};
use crate::linux::elf::symbols;
use crate::linux::elf::symbols::{SymbolAnswers, SymbolQuery};

/// One file as it is now: a file that was written to since has another change time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct FileKey {
    device: u64,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// A library whose headers were read, and what it has answered so far. Silence is remembered too.
#[derive(Debug, Default)]
pub struct CachedLibrary {
    elf: Elf,
    named: HashMap<String, Option<u64>>,
    holding: HashMap<u64, Option<Vec<u8>>>,
}

/// Files and answers remembered; a machine with more of them pays by asking again.
const MOST_FILES: usize = 512;
const MOST_ANSWERS: usize = 16_384;

static LIBRARIES: LazyLock<Mutex<HashMap<FileKey, CachedLibrary>>> = LazyLock::new(Mutex::default);

/// Works with what is known of a file; reads its headers the first time, through `contents`.
pub fn with<T>(
    file: &File,
    contents: &impl ReadAt,
    work: impl FnOnce(&mut CachedLibrary) -> io::Result<T>,
) -> io::Result<T> {
    let metadata = file.metadata()?;
    let key = FileKey {
        device: metadata.dev(),
        inode: metadata.ino(),
        length: metadata.len(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    };
    let mut libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
    if !libraries.contains_key(&key) {
        if libraries.len() >= MOST_FILES {
            libraries.clear();
        }
        libraries.insert(key, CachedLibrary::read(contents)?);
    }
    match libraries.get_mut(&key) {
        Some(library) => work(library),
        None => Err(io::ErrorKind::NotFound.into()),
    }
}

impl CachedLibrary {
    fn read(file: &(impl ReadAt + ?Sized)) -> io::Result<Self> {
        Ok(Self { elf: Elf::parse(file)?, ..Self::default() })
    }

    /// Its headers.
    pub fn elf(&self) -> &Elf {
        &self.elf
    }

    /// Answers from memory, and asks the file, once, what is not known yet.
    pub fn answer(&mut self, file: &(impl ReadAt + ?Sized), questions: &SymbolQuery) -> io::Result<SymbolAnswers> {
        self.forget_when_full();
        let mut open = questions.clone();
        open.names.retain(|name| !self.named.contains_key(name));
        open.addresses.retain(|address| !self.holding.contains_key(address));
        let mut bytes_read = 0;
        if !open.names.is_empty() || !open.addresses.is_empty() {
            let found = symbols::answer(file, &self.elf, &open)?;
            bytes_read = found.bytes_read;
            self.named.extend(open.names.into_iter().map(|name| {
                let address = found.named.get(&name).copied();
                (name, address)
            }));
            let holder = |address: u64| (address, found.holding.get(&address).cloned());
            self.holding.extend(open.addresses.into_iter().map(holder));
        }
        let named = |name: &String| Some((name.clone(), (*self.named.get(name)?)?));
        let holding = |address: &u64| Some((*address, self.holding.get(address)?.clone()?));
        Ok(SymbolAnswers {
            named: questions.names.iter().filter_map(named).collect(),
            holding: questions.addresses.iter().filter_map(holding).collect(),
            bytes_read,
        })
    }

    fn forget_when_full(&mut self) {
        if self.named.len() + self.holding.len() > MOST_ANSWERS {
            self.named.clear();
            self.holding.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::elf::file::sample::library;

    #[test]
    fn a_question_is_put_to_the_file_once_even_if_it_has_no_answer() {
        let file = library(&[("f", 0x3000, 16, 2, 1)], false);
        let mut known = CachedLibrary::read(&file[..]).unwrap();
        let questions =
            SymbolQuery { names: vec!["f".to_owned(), "g".to_owned()], addresses: vec![0x3001, 0x3001, 0x9000] };
        let first = known.answer(&file[..], &questions).unwrap();
        assert!(first.bytes_read > 0);
        assert_eq!((first.named.len(), first.holding.len()), (1, 1));
        let second = known.answer(&file[..], &questions).unwrap();
        assert_eq!(second, SymbolAnswers { bytes_read: 0, ..first });
    }

    #[test]
    fn a_file_written_to_since_is_another_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let answer = |file: &File| {
            let questions = SymbolQuery { names: vec!["f".to_owned()], addresses: Vec::new() };
            with(file, file, |known| known.answer(file, &questions)).unwrap().named["f"]
        };
        std::fs::write(file.path(), library(&[("f", 0x3000, 16, 2, 1)], false)).unwrap();
        assert_eq!(answer(file.as_file()), 0x3000);
        std::fs::write(file.path(), library(&[("f", 0x5000, 16, 2, 1), ("h", 0, 0, 0, 1)], false)).unwrap();
        assert_eq!(answer(file.as_file()), 0x5000);
    }
}
