//! tftop's event loop, and the signals that end a watch.

use anyhow::Context as _;
use signal_hook::consts::SIGQUIT;
use signal_hook::low_level::emulate_default_handler;
use tokio::signal::unix::{SignalKind, signal};

use crate::tui::screen;

/// Everything asynchronous of tftop runs on the one thread that calls this.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the event loop")
}

/// Comes with the first SIGINT, SIGTERM or SIGHUP from now on. SIGQUIT ends this process as it does without a handler, once
/// the terminal is as before. Call it inside the runtime.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let wait_for = |kind| signal(kind).context("listening for signals");
    let mut interrupt = wait_for(SignalKind::interrupt())?;
    let mut terminate = wait_for(SignalKind::terminate())?;
    let mut hangup = wait_for(SignalKind::hangup())?;
    let mut quit = wait_for(SignalKind::quit())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = quit.recv() => {
                screen::restore();
                // Fails only for a signal without a default.
                let _ = emulate_default_handler(SIGQUIT);
            }
        }
    })
}
