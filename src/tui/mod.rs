//! Floor 2: a Scene as a screen, events as effects. Reads nothing of the target itself.

pub mod picker;
pub mod screen;

use std::io;
use std::sync::Arc;

use crossterm::event::Event;
use futures_util::Stream;
use ratatui::{Terminal, backend::Backend};
use tokio::sync::watch;

use crate::fact::Interest;
use crate::model::Scene;

/// What the dashboard shows and asks for.
#[derive(Debug)]
pub struct Feed {
    /// Newest scene.
    pub scenes: watch::Receiver<Arc<Scene>>,
    /// Threads on screen.
    pub interest: watch::Sender<Interest>,
}

/// How it looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether to use colour.
    pub color: bool,
    /// Which colours.
    pub theme: ThemeName,
    /// ASCII only.
    pub ascii: bool,
}

/// Themes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThemeName {
    /// Default.
    Default,
    /// Colour-blind safe.
    Colorblind,
    /// No colour.
    Mono,
}

/// What the person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
}

/// The dashboard.
pub async fn run<B, E, S>(_: &mut Terminal<B>, _: E, _: Feed, _: Look, stop: S) -> io::Result<Effect>
where
    B: Backend,
    E: Stream<Item = io::Result<Event>> + Unpin,
    S: Future<Output = ()>,
{
    stop.await;
    Ok(Effect::Quit)
}
