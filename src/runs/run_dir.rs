//! The private folder of one run: the shim and its socket while it goes on, and what is kept of it. Nobody else may read
//! it. What only the run needed goes with the run.

use std::fs::{DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use etcetera::BaseStrategy as _;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::data::run::run_files::{LOCK, SHIM, SOCKET, UNFINISHED};
use crate::data::{Calendar, Pid};
use crate::linux::proc::process::start_ticks;

/// Longest path of a socket: sockaddr_un(7) has 108 bytes with the closing NUL.
const LONGEST_SOCKET: usize = 107;
/// Parts of the path of the folder of runs that are tftop's own: `tftop/runs`.
const OWN_PARTS: usize = 2;
/// Runs that may begin in the same second.
const MOST_A_SECOND: u32 = 99;
/// Milliseconds until a lock that nobody else can want is given up.
const MOST_TRIES: u32 = 100;

/// A run's folder; dropping it removes what only the run needed.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    id: String,
    /// Beside it where its own path is too long for a socket.
    short: Option<PathBuf>,
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

/// Whether this user (or root) alone decides what stands at a path: nobody else owns or may write any folder on the way, but
/// for folders such as /tmp, where nobody may replace what belongs to others. The last two parts (tftop's own) are no links.
fn nobody_else_may_write(home: &Path) -> io::Result<()> {
    let own = rustix::process::geteuid().as_raw();
    let refuse = |path: &Path, why: &str| {
        let why = format!("{} {why}: name another folder with XDG_STATE_HOME", path.display());
        Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
    };
    for path in home.ancestors().take(OWN_PARTS) {
        if fs::symlink_metadata(path)?.is_symlink() {
            return refuse(path, "is a link, which another user may have set");
        }
    }
    for path in fs::canonicalize(home)?.ancestors() {
        let folder = fs::metadata(path)?;
        let sticky = folder.mode() & 0o1000 != 0;
        if ![own, 0].contains(&folder.uid()) {
            return refuse(path, "belongs to another user");
        }
        if folder.mode() & 0o022 != 0 && !sticky {
            return refuse(path, "may be written by another user");
        }
    }
    Ok(())
}

impl RunDir {
    /// A run's folder where runs are kept, which is made where it is missing. The run is named after the second it began.
    ///
    /// # Errors
    /// Also where another user owns the folder or one above it, or may write there, or a link stands in its place: it could
    /// be put in place of another one at any moment.
    pub fn make(home: &Path, unix_s: u64) -> io::Result<Self> {
        let above = home.ancestors().skip(1).find(|path| path.symlink_metadata().is_ok());
        above.map_or(Ok(()), nobody_else_may_write)?;
        DirBuilder::new().recursive(true).mode(0o700).create(home)?;
        nobody_else_may_write(home)?;
        let (path, id) = named(home, &Calendar::of(unix_s).compact())?;
        let lock = locked(&path).inspect_err(|_| drop(fs::remove_dir(&path)))?;
        Self::furnish(path, id, Remainder::Kept { lock })
    }

    /// A folder of which nothing is left, among temporary files: for a run that can't be kept.
    pub fn make_temporary(unix_s: u64) -> io::Result<Self> {
        let (path, id) =
            named(&std::env::temp_dir(), &format!("tftop-{}-{}", Calendar::of(unix_s).compact(), std::process::id()))?;
        Self::furnish(path, id, Remainder::Gone)
    }

    fn furnish(path: PathBuf, id: String, remainder: Remainder) -> io::Result<Self> {
        let mut folder = Self { path, id, short: None, remainder: remainder };
        if folder.socket().as_os_str().len() > LONGEST_SOCKET {
            let name = format!("tftop-{}-{}", folder.id, std::process::id());
            folder.short = Some(private(std::env::temp_dir().join(name))?);
        }
        Ok(folder)
    }

    /// The run's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the shim is written.
    pub fn shim(&self) -> PathBuf {
        self.path.join(SHIM)
    }

    /// Where the shim's words arrive.
    pub fn socket(&self) -> PathBuf {
        self.short.as_ref().unwrap_or(&self.path).join(SOCKET)
    }

    /// Leaves it to a command that goes on: with the shim, and with the command's name in the place of the lock.
    pub fn leave(mut self, pid: Pid) {
        if let Some(short) = self.short.take() {
            let _ = fs::remove_dir(short);
        }
        if let (Remainder::Kept { lock }, Some(started)) = (&mut self.remainder, start_ticks(Path::new("/proc"), pid)) {
            let _ = write!(lock, "{pid} {started}");
        }
        std::mem::forget(self);
    }

    /// A new file in it, and where it is.
    pub fn file(&self, name: &str) -> io::Result<(PathBuf, File)> {
        let path = self.path.join(name);
        let file = File::options().append(true).create_new(true).mode(0o600).open(&path)?;
        Ok((path, file))
    }

    /// Writes a whole file: it is there completely or not at all.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let (unfinished, mut file) = self.file(&format!("{name}{UNFINISHED}"))?;
        let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&unfinished, self.path.join(name)));
        written.inspect_err(|_| drop(fs::remove_file(&unfinished)))
    }
}

/// A new folder of this name, or the first number behind it that is free.
fn named(base: &Path, name: &str) -> io::Result<(PathBuf, String)> {
    let mut number = 1;
    loop {
        let id = if number == 1 { name.to_owned() } else { format!("{name}-{number:02}") };
        match private(base.join(&id)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < MOST_A_SECOND => number += 1,
            made => return made.map(|path| (path, id)),
        }
    }
}

/// Fails when it exists: it might be somebody else's.
fn private(path: PathBuf) -> io::Result<PathBuf> {
    DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}

fn locked(path: &Path) -> io::Result<File> {
    let path = path.join(LOCK);
    let file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
    // Somebody who asks whether it is locked has it for an instant.
    let mut tries = 0;
    while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
        tries += 1;
        if error != Errno::WOULDBLOCK || tries > MOST_TRIES {
            let _ = fs::remove_file(&path);
            return Err(error.into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(file)
}

impl Drop for RunDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.shim());
        let _ = fs::remove_file(self.socket());
        if let Some(short) = &self.short {
            let _ = fs::remove_dir(short);
        }
        match self.remainder {
            Remainder::Kept { .. } => {
                let _ = fs::remove_file(self.path.join(LOCK));
                // Fails where there is something to keep.
                let _ = fs::remove_dir(&self.path);
            }
            Remainder::Gone => {
                let _ = fs::remove_dir(&self.path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::data::run::run_files::RUN;

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
        assert_eq!(fs::metadata(&folder.path).unwrap().permissions().mode() & 0o777, 0o700);
        folder.write(RUN, "{}").unwrap();
        assert_eq!(fs::metadata(folder.path.join(RUN)).unwrap().permissions().mode() & 0o777, 0o600);
        fs::create_dir(folder.shim()).unwrap();
        fs::write(folder.shim().join("sitecustomize.py"), "").unwrap();
        fs::write(folder.socket(), "").unwrap();
        assert_eq!(files(&folder.path), [LOCK, RUN, SHIM, SOCKET]);
        let path = folder.path.clone();
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
    fn nothing_is_left_of_a_temporary_folder() {
        let folder = RunDir::make_temporary(NOON).unwrap();
        let path = folder.path.clone();
        fs::create_dir(folder.shim()).unwrap();
        drop(folder);
        assert!(!path.exists());
    }
}
