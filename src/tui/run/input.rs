//! The terminal's events as a stream, its errors as errors of I/O, and a screen that is drawn anew.

use std::io;

use crossterm::event::{Event as Input, MouseEventKind};
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;

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

/// Blanks the screen, so that the next frame is drawn whole. Asks the terminal nothing, unlike ratatui's own clear, which
/// waits up to two seconds for the cursor's place and fails without an answer.
pub(crate) fn blank<B: Backend>(terminal: &mut Terminal<B>) -> io::Result<()> {
    terminal.backend_mut().clear().map_err(broken)?;
    // Both buffers are blank then: after a frame the other one is.
    terminal.swap_buffers();
    Ok(())
}

/// The backend's error as one of I/O: ratatui's backends each have their own.
pub(crate) fn broken(error: impl std::error::Error) -> io::Error {
    io::Error::other(format!("the terminal can't be drawn on: {error}"))
}
