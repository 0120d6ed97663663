//! Folders that tftop writes to, kept by their descriptors: what was checked is what is written to, whatever is put in its
//! place meanwhile. No link is followed, nothing that exists is opened, and modes do not depend on the umask.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, fchmod, fstat, mkdirat, openat, readlinkat, renameat, unlinkat};
use rustix::io::Errno;

const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const PRIVATE_FOLDER: Mode = Mode::RWXU;
/// Levels of folders that are removed below one.
const DEEPEST: u32 = 8;
const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);

/// A folder that nobody but this user (or root) can replace or write to.
#[derive(Debug)]
pub struct OwnFolder {
    path: PathBuf,
    folder: OwnedFd,
}

impl OwnFolder {
    /// Opens it, and makes it and what is missing above it. The last `own` parts of the path are tftop's own and no links;
    /// `variable` names another place.
    ///
    /// # Errors
    /// Also where another user owns it or a folder above it, or may write there, but for folders such as /tmp, where nobody
    /// may replace what belongs to others.
    pub fn open(path: &Path, own: usize, variable: &str) -> io::Result<Self> {
        let base = path.ancestors().nth(own).unwrap_or(Path::new("/"));
        let there = base.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(Path::new("/"));
        let missing = path.strip_prefix(there).unwrap_or(Path::new(""));
        let whole = fs::canonicalize(there)?.join(missing);
        let refuse = |at: &Path, why: &str| {
            let why = format!("{} {why}: name another folder with {variable}", at.display());
            io::Error::new(io::ErrorKind::PermissionDenied, why)
        };
        let mut at = PathBuf::from("/");
        let mut folder = openat(CWD, &at, FOLDER | OFlags::PATH, Mode::empty())?;
        nobody_else_may_write(&folder).map_err(|why| refuse(&at, why))?;
        for part in whole.components().filter(|part| matches!(part, Component::Normal(_))) {
            let name = part.as_os_str();
            at.push(name);
            folder = match openat(&folder, name, FOLDER | OFlags::PATH, Mode::empty()) {
                Ok(below) => below,
                Err(Errno::NOENT) => make(&folder, name.as_ref())?,
                Err(Errno::NOTDIR | Errno::LOOP) if readlinkat(&folder, name, Vec::new()).is_ok() => {
                    return Err(refuse(&at, "is a link, which another user may have set"));
                }
                Err(error) => return Err(error.into()),
            };
            nobody_else_may_write(&folder).map_err(|why| refuse(&at, why))?;
        }
        Ok(Self { path: path.to_owned(), folder })
    }

    /// A new folder in it; fails where there is anything of this name: it might be somebody else's.
    pub fn make(&self, name: &str) -> io::Result<Self> {
        Ok(Self { path: self.path.join(name), folder: make(&self.folder, name.as_ref())? })
    }

    /// A new file in it, written at its end; fails where there is anything of this name.
    pub fn file(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.folder, name, flags, PRIVATE_FILE)?;
        fchmod(&file, PRIVATE_FILE)?;
        Ok(file.into())
    }

    /// Gives a file in it another name, which replaces what has that name.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.folder, from, &self.folder, to)?)
    }

    /// Removes a file or link in it.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.folder, name, AtFlags::empty())?)
    }

    /// Removes an empty folder in it.
    pub fn remove_folder(&self, name: &str) -> io::Result<()> {
        Ok(unlinkat(&self.folder, name, AtFlags::REMOVEDIR)?)
    }

    /// Removes a folder in it with all that it holds: files, links and folders, some levels deep. Other things, and what can't
    /// be removed, stay.
    pub fn remove_tree(&self, name: &str) -> io::Result<()> {
        remove_tree(&self.folder, name.as_ref(), DEEPEST)
    }

    /// A path of a name in it that leads to this very folder for as long as it is open, whatever stands at its path by now.
    pub fn kept_path(&self, name: &str) -> PathBuf {
        Path::new("/proc/self/fd").join(self.folder.as_raw_fd().to_string()).join(name)
    }

    /// The same folder, opened once more.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { path: self.path.clone(), folder: self.folder.try_clone()? })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn make(above: &OwnedFd, name: &Path) -> io::Result<OwnedFd> {
    mkdirat(above, name, PRIVATE_FOLDER)?;
    let folder = openat(above, name, FOLDER | OFlags::RDONLY, Mode::empty())?;
    // What is opened could only be another's where another may write above, which was refused.
    fchmod(&folder, PRIVATE_FOLDER)?;
    Ok(folder)
}

fn remove_tree(above: &OwnedFd, name: &OsStr, levels: u32) -> io::Result<()> {
    let folder = openat(above, name, FOLDER | OFlags::RDONLY, Mode::empty())?;
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let inner = entry.file_name().to_bytes();
        match unlinkat(&folder, inner, AtFlags::empty()) {
            _ if matches!(inner, b"." | b"..") => {}
            Err(Errno::ISDIR | Errno::PERM) if levels > 0 => {
                remove_tree(&folder, OsStr::from_bytes(inner), levels - 1)?
            }
            removed => removed?,
        }
    }
    Ok(unlinkat(above, name, AtFlags::REMOVEDIR)?)
}

fn nobody_else_may_write(folder: &OwnedFd) -> Result<(), &'static str> {
    let found = fstat(folder).map_err(|_| "can't be looked at")?;
    let sticky = found.st_mode & 0o1000 != 0;
    if ![rustix::process::geteuid().as_raw(), 0].contains(&found.st_uid) {
        return Err("belongs to another user");
    }
    if found.st_mode & 0o022 != 0 && !sticky {
        return Err("may be written by another user");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn it_is_made_with_all_above_it_and_closed_to_others() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("state/tftop/runs");
        for _ in 0..2 {
            OwnFolder::open(&path, 2, "HOME").unwrap();
        }
        let folder = OwnFolder::open(&path, 2, "HOME").unwrap();
        let inner = folder.make("one").unwrap();
        inner.file("text").unwrap().write_all(b"text").unwrap();
        for path in [base.path().join("state"), path.clone(), path.join("one")] {
            assert_eq!(mode(&path), 0o700, "{}", path.display());
        }
        assert_eq!(mode(&inner.path().join("text")), 0o600);
        assert!(folder.make("one").is_err() && inner.file("text").is_err(), "what exists is not taken over");
        inner.remove("text").unwrap();
        folder.remove_folder("one").unwrap();
    }

    #[test]
    fn a_folder_put_in_its_place_gets_nothing() {
        let base = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (base.path().join("runs"), base.path().join("elsewhere"));
        let folder = OwnFolder::open(&path, 1, "HOME").unwrap();
        fs::create_dir(&elsewhere).unwrap();
        fs::rename(&path, base.path().join("moved")).unwrap();
        symlink(&elsewhere, &path).unwrap();
        folder.file("text").unwrap();
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
        let why = OwnFolder::open(&path, 1, "HOME").unwrap_err().to_string();
        assert!(why.contains("is a link") && why.ends_with("with HOME"), "{why}");
        symlink("/nowhere", base.path().join("moved/dangling")).unwrap();
        assert!(folder.file("dangling").is_err(), "a link is no free name");
    }

    #[test]
    fn what_is_removed_and_bound_is_in_the_folder_that_was_opened() {
        let base = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (base.path().join("run"), base.path().join("elsewhere"));
        let folder = OwnFolder::open(&path, 1, "HOME").unwrap();
        fs::create_dir_all(path.join("shim/a/b")).unwrap();
        fs::create_dir_all(elsewhere.join("shim")).unwrap();
        for file in [path.join("shim/a/b/file"), elsewhere.join("shim/file"), elsewhere.join("file")] {
            fs::write(file, "text").unwrap();
        }
        symlink(elsewhere.join("file"), path.join("shim/link")).unwrap();
        symlink(&elsewhere, path.join("shim/a/folder")).unwrap();
        let moved = base.path().join("moved");
        fs::rename(&path, &moved).unwrap();
        symlink(&elsewhere, &path).unwrap();

        folder.remove_tree("shim").unwrap();
        let kept = folder.try_clone().unwrap();
        drop(folder);
        std::os::unix::net::UnixDatagram::bind(kept.kept_path("socket")).unwrap();

        assert!(!moved.join("shim").exists() && moved.join("socket").exists());
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 2);
        assert!(elsewhere.join("shim/file").exists());
        symlink(&elsewhere, moved.join("shim")).unwrap();
        assert!(kept.remove_tree("shim").is_err(), "a link is no folder");
        assert!(elsewhere.join("shim/file").exists());
    }

    #[test]
    fn a_folder_that_others_may_write_is_refused_wherever_it_stands_in_the_path() {
        let base = tempfile::tempdir().unwrap();
        let open = base.path().join("open");
        fs::create_dir_all(open.join("tftop/runs")).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let why = OwnFolder::open(&open.join("tftop/runs"), 2, "HOME").unwrap_err().to_string();
        assert!(why.contains("open may be written by another user"), "{why}");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(OwnFolder::open(&open.join("tftop/runs"), 2, "HOME").is_ok(), "as /tmp");
    }
}
