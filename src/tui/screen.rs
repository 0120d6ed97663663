//! Provisional.

use std::io::{self, Stdout};

use ratatui::{Terminal, backend::CrosstermBackend};

/// Restores the terminal when dropped.
#[derive(Debug)]
pub struct Screen(());

impl Screen {
    /// Takes the terminal over.
    pub fn enter() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// To draw on.
    pub fn terminal(&self) -> io::Result<Terminal<CrosstermBackend<Stdout>>> {
        Terminal::new(CrosstermBackend::new(io::stdout()))
    }
}
