//! The terminal's events as a stream, and its errors as errors of I/O.

use std::io;

use crossterm::event::{Event as Input, MouseEventKind};
use futures_util::{Stream, StreamExt};

/// The next event that can change anything: a mouse that only moves does not.
pub(crate) async fn next_input<E>(events: &mut E) -> Option<io::Result<Input>>
where
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    loop {
        match events.next().await {
            Some(Ok(Input::Mouse(mouse))) if mouse.kind == MouseEventKind::Moved => {}
            other => return other,
        }
    }
}

/// The backend's error as one of I/O: ratatui's backends each have their own.
pub(crate) fn broken(error: impl std::error::Error) -> io::Error {
    io::Error::other(format!("the terminal can't be drawn on: {error}"))
}
