//! tftop's event loop, and the signals that end a watch.

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

/// Everything asynchronous of tftop runs on the one thread that calls this.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the event loop")
}

/// Comes with the first SIGINT, SIGTERM or SIGHUP from now on. Call it inside the runtime.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let wait_for = |kind| signal(kind).context("listening for signals");
    let mut interrupt = wait_for(SignalKind::interrupt())?;
    let mut terminate = wait_for(SignalKind::terminate())?;
    let mut hangup = wait_for(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
