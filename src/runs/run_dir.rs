//! The private folder of one run: the shim and its socket while it goes on, and what is kept of it. Nobody else may read
//! it. What only the run needed goes with the run.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy as _;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::data::run::run_files::{LOCK, LOG, RUN, SHIM, SOCKET, TAPE, UNFINISHED};
use crate::data::{Calendar, Pid};
use crate::linux::own_folder::OwnFolder;
use crate::linux::proc::process::start_ticks;

/// Longest path of a socket: sockaddr_un(7) has 108 bytes with the closing NUL.
const LONGEST_SOCKET: usize = 107;
/// Parts of the path of the folder of runs that are tftop's own: `tftop/runs`, `tftop/sweeps`.
pub(super) const OWN_PARTS: usize = 2;
/// Runs that may begin in the same second.
const MOST_A_SECOND: u32 = 99;
/// Milliseconds until a lock that nobody else can want is given up.
const MOST_TRIES: u32 = 100;

/// A run's folder; dropping it removes what only the run needed.
#[derive(Debug)]
pub struct RunDir {
    folder: OwnFolder,
    id: String,
    /// The folder that it lies in.
    above: OwnFolder,
    /// A folder for the socket alone, where its own path is too long for one: the folder above it, itself, and its name.
    short: Option<(OwnFolder, OwnFolder, String)>,
    remainder: Remainder,
}

/// What is left of a folder in the end.
#[derive(Debug)]
enum Remainder {
    /// What tells of the run; locked while it goes on.
    Kept { lock: File },
    /// Nothing.
    Gone,
}

/// Where runs are kept: `$XDG_STATE_HOME/tftop/runs`, or below the cache folder where there is no home for state.
pub fn home() -> io::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy().map_err(io::Error::other)?;
    Ok(strategy.state_dir().unwrap_or_else(|| strategy.cache_dir()).join("tftop").join("runs"))
}

impl RunDir {
    /// A run's folder where runs are kept, which is made where it is missing. The run is named after the second it began.
    ///
    /// # Errors
    /// As [`OwnFolder::open`].
    pub fn make(home: &Path, unix_s: u64) -> io::Result<Self> {
        let above = OwnFolder::open(home, OWN_PARTS, "XDG_STATE_HOME")?;
        let (folder, id) = named(&above, &Calendar::of(unix_s).compact())?;
        let lock = locked(&folder).inspect_err(|_| drop(above.remove_folder(&id)))?;
        Self::furnish(above, folder, id, Remainder::Kept { lock })
    }

    /// A folder of which nothing is left, among temporary files: for a run that can't be kept.
    pub fn make_temporary(unix_s: u64) -> io::Result<Self> {
        let above = temporary()?;
        let (folder, id) = named(&above, &format!("tftop-{}-{}", Calendar::of(unix_s).compact(), std::process::id()))?;
        Self::furnish(above, folder, id, Remainder::Gone)
    }

    fn furnish(above: OwnFolder, folder: OwnFolder, id: String, remainder: Remainder) -> io::Result<Self> {
        let mut run = Self { folder, id, above, short: None, remainder };
        if run.socket().as_os_str().len() > LONGEST_SOCKET {
            let name = format!("tftop-{}-{}", run.id, std::process::id());
            let above = temporary()?;
            let short = above.make(&name)?;
            run.short = Some((above, short, name));
        }
        Ok(run)
    }

    /// The run's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A new folder in it for the shim.
    pub fn shim(&self) -> io::Result<OwnFolder> {
        self.folder.make(SHIM)
    }

    /// Where the shim's words arrive.
    pub fn socket(&self) -> PathBuf {
        self.socket_folder().path().join(SOCKET)
    }

    /// The folder that the shim's socket is to be made in, by the name of [`SOCKET`].
    pub fn socket_folder(&self) -> &OwnFolder {
        self.short.as_ref().map_or(&self.folder, |(_, short, _)| short)
    }

    /// Leaves it to a command that goes on: with the shim, and with the command's name in the place of the lock.
    pub fn leave(mut self, pid: Pid) {
        self.remove_short();
        if let (Remainder::Kept { lock }, Some(started)) = (&mut self.remainder, start_ticks(Path::new("/proc"), pid)) {
            let _ = write!(lock, "{pid} {started}");
        }
        std::mem::forget(self);
    }

    /// A new file in it, and where it is.
    pub fn file(&self, name: &str) -> io::Result<(PathBuf, File)> {
        Ok((self.path().join(name), self.folder.file(name)?))
    }

    /// Writes a whole file: it is there completely or not at all.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let unfinished = format!("{name}{UNFINISHED}");
        let mut file = self.folder.file(&unfinished)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| self.folder.rename(&unfinished, name));
        written.inspect_err(|_| drop(self.folder.remove(&unfinished)))
    }

    /// Leaves nothing of a process that was watched too shortly.
    pub fn discard(self) {
        [TAPE, RUN].into_iter().for_each(|name| drop(self.folder.remove(name)));
    }

    fn remove_short(&mut self) {
        if let Some((above, short, name)) = self.short.take() {
            let _ = short.remove(SOCKET);
            let _ = above.remove_folder(&name);
        }
    }
}

/// A new folder of this name, or the first number behind it that is free.
fn named(base: &OwnFolder, name: &str) -> io::Result<(OwnFolder, String)> {
    let mut number = 1;
    loop {
        let id = if number == 1 { name.to_owned() } else { format!("{name}-{number:02}") };
        match base.make(&id) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < MOST_A_SECOND => number += 1,
            made => return made.map(|folder| (folder, id)),
        }
    }
}

/// The folder for temporary files.
fn temporary() -> io::Result<OwnFolder> {
    OwnFolder::open(&std::env::temp_dir(), 0, "TMPDIR")
}

fn locked(folder: &OwnFolder) -> io::Result<File> {
    let file = folder.file(LOCK)?;
    // Somebody who asks whether it is locked has it for an instant.
    let mut tries = 0;
    while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        tries += 1;
        if error != Errno::WOULDBLOCK || tries > MOST_TRIES {
            let _ = folder.remove(LOCK);
            return Err(error.into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(file)
}

impl Drop for RunDir {
    fn drop(&mut self) {
        let _ = self.folder.remove_tree(SHIM);
        let _ = self.folder.remove(SOCKET);
        self.remove_short();
        let _ = match self.remainder {
            Remainder::Kept { .. } => self.folder.remove(LOCK),
            Remainder::Gone => self.folder.remove(LOG),
        };
        // Fails where there is something to keep.
        let _ = self.above.remove_folder(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const NOON: u64 = 1_795_191_549;

    fn files(folder: &Path) -> Vec<String> {
        let mut files: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        files
    }

    #[test]
    fn a_run_leaves_what_tells_of_it_and_nothing_else() {
        let base = tempfile::tempdir().unwrap();
        let folder = RunDir::make(base.path(), NOON).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
        folder.write(RUN, "{}").unwrap();
        assert_eq!(fs::metadata(folder.path().join(RUN)).unwrap().permissions().mode() & 0o777, 0o600);
        folder.shim().unwrap().file("sitecustomize.py").unwrap();
        fs::write(folder.socket(), "").unwrap();
        assert_eq!(files(folder.path()), [LOCK, RUN, SHIM, SOCKET]);
        let path = folder.path().to_owned();
        drop(folder);
        assert_eq!(files(&path), [RUN]);
    }

    #[test]
    fn a_run_is_named_after_its_second_and_its_neighbours_come_after_it() {
        let base = tempfile::tempdir().unwrap();
        let folders: Vec<_> = (0..3).map(|_| RunDir::make(base.path(), NOON).unwrap()).collect();
        let ids: Vec<_> = folders.iter().map(RunDir::id).collect();
        assert_eq!(ids, ["261120-161909", "261120-161909-02", "261120-161909-03"]);
        assert!(ids.is_sorted() && *ids[2] < *Calendar::of(NOON + 1).compact());
        drop(folders);
        assert_eq!(files(base.path()), [""; 0], "nothing was kept in them");
    }

    #[test]
    fn a_long_path_has_its_socket_elsewhere_and_cleans_up_there() {
        let base = tempfile::tempdir().unwrap();
        let deep = base.path().join("x".repeat(120));
        let folder = RunDir::make(&deep, NOON).unwrap();
        let socket = folder.socket();
        assert!(socket.as_os_str().len() <= LONGEST_SOCKET && socket.parent().unwrap().exists());
        drop(folder);
        assert!(!socket.parent().unwrap().exists());
        assert_eq!(fs::read_dir(deep).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_removed_where_a_link_was_put_in_its_place() {
        let base = tempfile::tempdir().unwrap();
        let folder = RunDir::make(&base.path().join("runs"), NOON).unwrap();
        folder.shim().unwrap().file("sitecustomize.py").unwrap();
        let (moved, elsewhere) = (base.path().join("moved"), base.path().join("elsewhere"));
        fs::create_dir_all(elsewhere.join(SHIM)).unwrap();
        for name in [LOCK, SOCKET, "shim/sitecustomize.py"] {
            fs::write(elsewhere.join(name), "theirs").unwrap();
        }
        fs::rename(folder.path(), &moved).unwrap();
        symlink(&elsewhere, folder.path()).unwrap();
        drop(folder);
        assert_eq!(files(&moved), [""; 0]);
        assert_eq!(files(&elsewhere), [LOCK, SHIM, SOCKET]);
        assert_eq!(files(&elsewhere.join(SHIM)), ["sitecustomize.py"]);
    }

    #[test]
    fn nothing_is_left_of_a_temporary_folder() {
        let folder = RunDir::make_temporary(NOON).unwrap();
        let path = folder.path().to_owned();
        folder.shim().unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
