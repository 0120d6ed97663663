//! Provisional.

use std::io;
use std::sync::Arc;

use crossterm::event::Event;
use futures_util::Stream;
use ratatui::{Terminal, backend::Backend};
use tokio::sync::watch;

use super::Look;
use crate::fact::Pid;
use crate::model::Scene;

/// Rows.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// One a process.
    pub scenes: Vec<Arc<Scene>>,
    /// What was looked for.
    pub note: String,
}

/// The picker.
pub async fn run<B, E, S>(
    _: &mut Terminal<B>,
    _: E,
    _: watch::Receiver<Listing>,
    _: Look,
    stop: S,
) -> io::Result<Option<Pid>>
where
    B: Backend,
    E: Stream<Item = io::Result<Event>> + Unpin,
    S: Future<Output = ()>,
{
    stop.await;
    Ok(None)
}
