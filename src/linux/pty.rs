//! A pseudo-terminal of our own: the command has one end as its terminal, tftop reads and types at the other.

use std::fs::File;
use std::io;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::data::run::WindowSize;

/// No terminal is larger: beyond that a line of output would take too much memory.
const LARGEST: WindowSize = WindowSize { columns: 1_000, rows: 500 };

/// Our end.
#[derive(Debug)]
pub struct PtyMaster(File);

/// The command's end, to be its stdin, stdout and stderr.
pub type PtySlave = OwnedFd;

impl PtyMaster {
    /// Opens a new one of this size.
    pub fn open(size: WindowSize) -> io::Result<(Self, PtySlave)> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let line = open(&*name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let pty = Self(File::from(ours));
        pty.resize(size)?;
        Ok((pty, line))
    }

    /// The same end once more.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Gives the terminal another size; the kernel tells the command (SIGWINCH).
    pub fn resize(&self, size: WindowSize) -> io::Result<()> {
        let WindowSize { columns, rows } = possible(size);
        Ok(tcsetwinsize(self.0.as_fd(), Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })?)
    }

    /// Waits for output; none is the end: nobody has the other end open any more.
    pub fn read<'a>(&mut self, room: &'a mut [u8]) -> Option<&'a [u8]> {
        loop {
            match self.0.read(room) {
                // EIO once every other end is closed.
                Ok(0) => return None,
                Ok(read) => return room.get(..read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return None,
            }
        }
    }

    /// Types. Waits while the command does not read what was typed before.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}

/// The nearest size that a terminal can have here.
pub fn possible(size: WindowSize) -> WindowSize {
    WindowSize { columns: size.columns.clamp(1, LARGEST.columns), rows: size.rows.clamp(1, LARGEST.rows) }
}

impl AsFd for PtyMaster {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
