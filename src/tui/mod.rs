//! Floor 2: a Scene as a screen, events as effects. Reads nothing of the target itself.

mod ascii;
mod block;
mod column;
mod cursor;
pub mod dashboard;
mod draw;
mod format;
mod keys;
mod layout;
mod mouse;
pub mod picker;
mod rows;
pub mod screen;
mod sort;
mod theme;
mod view;
mod watched;
mod what_if;

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use crossterm::event::{Event as Input, MouseEventKind};
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::watch;

pub use draw::draw;
pub use theme::ThemeName;

use crate::fact::Interest;
use crate::model::Scene;
use dashboard::{Dashboard, Event};

/// Where scenes come from and where wishes for the next sample go.
#[derive(Debug)]
pub struct Feed {
    /// The newest scene.
    pub scenes: watch::Receiver<Arc<Scene>>,
    /// Threads whose details are wanted.
    pub interest: watch::Sender<Interest>,
}

/// How the screen looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Whether colours may be used (NO_COLOR, --color).
    pub color: bool,
    /// Which palette.
    pub theme: ThemeName,
    /// Whether every glyph must be ASCII.
    pub ascii: bool,
}

/// What a key or event asks of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The user wants to leave.
    Quit,
    /// `stop` was resolved: a signal, or the caller's own reason.
    Stopped,
    /// The terminal sends no more events.
    InputClosed,
    /// Draw everything anew; [`run`] does so itself and never returns it.
    Redraw,
}

/// Most events that are taken in before the screen is drawn again: a burst of the wheel is one frame.
const BURST: usize = 256;

/// Shows the dashboard until the user leaves, `stop` resolves or the terminal is gone; returns which. Draws only after a
/// new scene, input or a new size. Fails when the terminal can't be read or drawn on.
pub async fn run<B, E>(
    terminal: &mut Terminal<B>,
    mut events: E,
    mut feed: Feed,
    look: Look,
    stop: impl Future<Output = ()>,
) -> io::Result<Effect>
where
    B: Backend,
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    let size = terminal.size().map_err(broken)?;
    let mut dashboard = Dashboard::new(look, size, feed.scenes.borrow_and_update().clone());
    let mut stop = pin!(stop);
    let mut fed = true;
    loop {
        let size = terminal.size().map_err(broken)?;
        if size != dashboard.size() {
            dashboard.update(Event::Input(Input::Resize(size.width, size.height)));
        }
        terminal.draw(|frame| draw(frame, &dashboard)).map_err(broken)?;
        feed.interest.send_if_modified(|interest| {
            let wanted = dashboard.interest();
            let changed = *interest != wanted;
            *interest = wanted;
            changed
        });
        // A signal comes first, then scenes: there are few of them, so keys never wait long.
        let event = tokio::select! {
            biased;
            () = &mut stop => return Ok(Effect::Stopped),
            news = feed.scenes.changed(), if fed => {
                fed = news.is_ok();
                if fed { Event::Scene(feed.scenes.borrow_and_update().clone()) } else { Event::Silence }
            }
            input = next_input(&mut events) => match input {
                Some(input) => Event::Input(input?),
                None => return Ok(Effect::InputClosed),
            },
        };
        if let Some(effect) = take_in(terminal, &mut dashboard, event, &mut events).await? {
            return Ok(effect);
        }
    }
}

/// Takes an event in and, before anything is drawn, the input that is already waiting behind it.
async fn take_in<B, E>(
    terminal: &mut Terminal<B>,
    dashboard: &mut Dashboard,
    event: Event,
    events: &mut E,
) -> io::Result<Option<Effect>>
where
    B: Backend,
    E: Stream<Item = io::Result<Input>> + Unpin,
{
    let mut event = event;
    for left in (0..BURST).rev() {
        match dashboard.update(event) {
            Some(Effect::Redraw) => terminal.clear().map_err(broken)?,
            Some(effect) => return Ok(Some(effect)),
            None => {}
        }
        if left == 0 {
            break;
        }
        // Polled with this task's own waker: crossterm's stream keeps the first waker it is polled with.
        event = tokio::select! {
            biased;
            input = next_input(events) => match input {
                Some(input) => Event::Input(input?),
                None => return Ok(Some(Effect::InputClosed)),
            },
            () = std::future::ready(()) => return Ok(None),
        };
    }
    Ok(None)
}

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
