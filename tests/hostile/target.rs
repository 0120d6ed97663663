//! A running `tests/targets/hostile.py`, of another user where the tests run as root.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::deadline::LONG;

/// The user and group ids of nobody, by convention.
pub const NOBODY: u32 = 65534;

/// A hostile process; it and all it started end when this is dropped.
pub struct Hostile {
    child: Child,
    /// The folder with its script, which is its own.
    pub folder: tempfile::TempDir,
}

impl Hostile {
    /// Starts one and waits until it is set. None where no Python can be run by its user: the reason is printed.
    pub fn start(mode: &[&str]) -> Option<Self> {
        let python = python()?;
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("train.py");
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets/hostile.py"), &script).unwrap();
        let mut command = Command::new(python);
        command.arg(&script).args(mode).current_dir(folder.path()).process_group(0);
        if is_root() {
            for path in [folder.path(), &script] {
                std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            command.uid(NOBODY).gid(NOBODY);
        }
        let errors = fs::File::create(folder.path().join("errors")).unwrap();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || {
            let mut stdout = stdout;
            let mut line = String::new();
            let read = stdout.read_line(&mut line).map(|_| line);
            drop(send.send((read, stdout)));
        });
        let hostile = Self { child, folder };
        let (line, _) = receive.recv_timeout(LONG).unwrap();
        let errors = || fs::read_to_string(hostile.folder.path().join("errors")).unwrap_or_default();
        assert!(line.unwrap().starts_with("READY"), "{mode:?} did not get ready: {}", errors());
        Some(hostile)
    }

    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        // One that the kernel holds is not waited for: the test has failed then, and should say so.
        let end = Instant::now() + LONG;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A FUSE file system of another user that never answers (`tests/targets/fuse.py`).
pub struct FuseMount {
    server: Child,
    base: tempfile::TempDir,
}

impl FuseMount {
    /// None where nobody may mount one: the reason is printed.
    pub fn start(how: &str) -> Option<Self> {
        if !is_root() || !Path::new("/dev/fuse").exists() {
            eprintln!("skipped: mounting takes root and /dev/fuse");
            return None;
        }
        let base = tempfile::tempdir().unwrap();
        fs::set_permissions(base.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(base.path().join("mount")).unwrap();
        let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/targets/fuse.py");
        let mut command = Command::new(python()?);
        command.arg(server).arg(base.path().join("mount")).arg(how).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut mount = Self { server: command.spawn().unwrap(), base };
        let mut line = String::new();
        BufReader::new(mount.server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line != "READY\n" {
            eprintln!("skipped: a FUSE file system can't be mounted here");
            return None;
        }
        Some(mount)
    }

    pub fn folder(&self) -> std::path::PathBuf {
        self.base.path().join("mount")
    }
}

impl Drop for FuseMount {
    fn drop(&mut self) {
        // Its end unmounts it.
        drop(self.server.stdin.take());
        drop(self.server.wait());
    }
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A Python that the hostile user can run: one in a home that is closed to others is none.
fn python() -> Option<&'static str> {
    let works = |python: &&str| {
        let mut command = Command::new(python);
        command.args(["-c", "import ctypes, mmap"]).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.status().is_ok_and(|status| status.success())
    };
    let found = ["python3", "/usr/bin/python3", "/usr/local/bin/python3"].into_iter().find(|python| works(python));
    if found.is_none() {
        eprintln!("skipped: no python3 that another user can run (PATH, /usr/bin, /usr/local/bin)");
    }
    found
}
