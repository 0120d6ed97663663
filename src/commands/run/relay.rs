//! The real terminal's keyboard as the command's own, once the dashboard is closed: every byte goes through, Ctrl-C too.

use std::fs::File;
use std::io::Read as _;
use std::{io, thread};

use crate::launch::terminal::console::ConsoleInput;
use crate::tui::screen::Raw;

/// Bytes read at once.
const READ: usize = 1024;

/// Keys go through for as long as it lives; then the terminal is as before.
pub(crate) struct KeyRelay {
    _raw: Raw,
}

impl KeyRelay {
    /// Fails without a terminal.
    pub(crate) fn begin(typist: ConsoleInput) -> io::Result<Self> {
        let mut keyboard = File::open("/dev/tty")?;
        let raw = Raw::enter()?;
        // It ends with this process: nothing ends a read from a keyboard.
        thread::Builder::new().name("tftop-keyboard".to_owned()).spawn(move || {
            let mut room = [0; READ];
            while let Ok(read @ 1..) = keyboard.read(&mut room) {
                typist.type_in(room.get(..read).unwrap_or_default().to_vec());
            }
        })?;
        Ok(Self { _raw: raw })
    }
}
