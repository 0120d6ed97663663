//! tftop's event loop, and the signals that end a watch.

use std::fs;
use std::future::pending;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGQUIT};
use signal_hook::low_level::emulate_default_handler;
use tokio::signal::unix::{SignalKind, signal};

use crate::linux::proc::stat::ignores_signal;
use crate::tui::screen;

/// Everything asynchronous of tftop runs on the one thread that calls this.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the event loop")
}

/// Comes with the first SIGINT, SIGTERM or, unless it is ignored as under nohup(1), SIGHUP from now on. SIGQUIT ends this process as it does without a handler, once
/// the terminal is as before. Call it inside the runtime.
pub(crate) fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let wait_for = |kind| signal(kind).context("listening for signals");
    let mut interrupt = wait_for(SignalKind::interrupt())?;
    let mut terminate = wait_for(SignalKind::terminate())?;
    let ignored = fs::read("/proc/self/status").is_ok_and(|status| ignores_signal(&status, SIGHUP));
    let hangup = (!ignored).then(|| wait_for(SignalKind::hangup())).transpose()?;
    let mut quit = wait_for(SignalKind::quit())?;
    Ok(async move {
        let hung_up = async {
            match hangup {
                Some(mut hangup) => hangup.recv().await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hung_up => {}
            _ = quit.recv() => {
                screen::restore();
                // Fails only for a signal without a default.
                let _ = emulate_default_handler(SIGQUIT);
            }
        }
    })
}
