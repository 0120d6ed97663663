//! The private folder of one run: what is put in front of the script, where it is heard, and the log. Nobody else may look
//! into it. What only the run needed goes with the run.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use etcetera::BaseStrategy as _;

/// Longest path of a socket: sockaddr_un(7) has 108 bytes with the closing NUL.
const LONGEST_SOCKET: usize = 107;

/// A run's folder; dropping it removes everything but the log.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Beside it where its own path is too long for a socket.
    short: Option<PathBuf>,
    logged: bool,
}

impl Folder {
    /// `$XDG_STATE_HOME/tftop/runs/ID`, or below the cache folder where there is no home for state.
    pub fn make() -> io::Result<Self> {
        let strategy = etcetera::choose_base_strategy().map_err(io::Error::other)?;
        let base = strategy.state_dir().unwrap_or_else(|| strategy.cache_dir()).join("tftop").join("runs");
        Self::make_below(&base)
    }

    /// The same below a folder of the caller's choice, which is made where it is missing.
    pub fn make_below(base: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(base)?;
        // Seconds sort, the pid tells runs of one second apart.
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let id = format!("{now_s}-{}", std::process::id());
        let path = private(base.join(&id))?;
        let mut folder = Self { path, short: None, logged: false };
        if folder.socket().as_os_str().len() > LONGEST_SOCKET {
            folder.short = Some(private(std::env::temp_dir().join(format!("tftop-{id}")))?);
        }
        Ok(folder)
    }

    /// Where the shim is written.
    pub fn shim(&self) -> PathBuf {
        self.path.join("shim")
    }

    /// Where the shim's words arrive.
    pub fn socket(&self) -> PathBuf {
        self.short.as_ref().unwrap_or(&self.path).join("socket")
    }

    /// A new log, which stays.
    pub fn log(&mut self) -> io::Result<(PathBuf, File)> {
        let path = self.path.join("output.log");
        let file = File::options().append(true).create_new(true).mode(0o600).open(&path)?;
        self.logged = true;
        Ok((path, file))
    }
}

/// Fails when it exists: it might be somebody else's.
fn private(path: PathBuf) -> io::Result<PathBuf> {
    DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.shim());
        let _ = fs::remove_file(self.socket());
        if let Some(short) = &self.short {
            let _ = fs::remove_dir(short);
        }
        if !self.logged {
            let _ = fs::remove_dir(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_run_leaves_its_log_and_nothing_else() {
        let base = tempfile::tempdir().unwrap();
        let mut folder = Folder::make_below(base.path()).unwrap();
        assert_eq!(fs::metadata(&folder.path).unwrap().permissions().mode() & 0o777, 0o700);
        let (log, _) = folder.log().unwrap();
        fs::create_dir(folder.shim()).unwrap();
        fs::write(folder.shim().join("sitecustomize.py"), "").unwrap();
        fs::write(folder.socket(), "").unwrap();
        let path = folder.path.clone();
        drop(folder);
        let left: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left, [log]);
    }

    #[test]
    fn a_long_path_has_its_socket_elsewhere_and_cleans_up_there() {
        let base = tempfile::tempdir().unwrap();
        let deep = base.path().join("x".repeat(120));
        let folder = Folder::make_below(&deep).unwrap();
        let socket = folder.socket();
        assert!(socket.as_os_str().len() <= LONGEST_SOCKET && socket.parent().unwrap().exists());
        drop(folder);
        assert!(!socket.parent().unwrap().exists());
        assert_eq!(fs::read_dir(deep).unwrap().count(), 0);
    }
}
