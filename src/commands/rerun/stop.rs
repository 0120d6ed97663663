//! Stopping the old run with patience: INT as Ctrl-C would, then TERM, then KILL if a person agrees to that as well.

use std::io;
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::Signal;

use crate::commands::own_process::stdio;
use crate::commands::own_process::stdio::ask;
use crate::commands::sampling::attach::PROC;
use crate::data::run::RebuiltProcess;
use crate::data::{Pid, ProcessKey};
use crate::launch::stop::StopTarget;
use crate::linux::proc::process;
use crate::probe::restart;

/// A killed process is gone when the kernel has taken its memory apart.
const LAST_PATIENCE: Duration = Duration::from_secs(60);

/// Whether KILL may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllowKill {
    /// If the person says so then.
    Ask,
    /// The person has said so.
    Agreed,
    /// Nobody can be asked.
    Never,
}

/// What happens while a process is being stopped.
pub(crate) enum StopNews {
    /// A signal was sent, or that is some time ago: the next one, and the time until then.
    Waits(&'static str, Option<&'static str>, Duration),
    /// Anything else, in words.
    Said(String),
}

/// Says it on stderr.
pub(crate) fn on_stderr(pid: Pid, patience: Duration) -> impl FnMut(StopNews) {
    move |news| match news {
        StopNews::Said(words) => stdio::say(&format!("tftop: {words}")),
        StopNews::Waits(signal, Some(_), left) if left == patience => {
            stdio::say(&format!("tftop: {signal} is sent to process {pid}; it has {:.0} s to end", left.as_secs_f64()));
        }
        StopNews::Waits(signal, None, _) => stdio::say(&format!("tftop: {signal} is sent to process {pid}")),
        StopNews::Waits(_, Some(_), left) => {
            let left = left.as_secs();
            // The first second needs no words, and each further one would fill the screen.
            if left > 0 && left + 2 < patience.as_secs() && left.is_multiple_of(3) {
                stdio::say(&format!("tftop: process {pid} still runs; waiting {left} s more"));
            }
        }
    }
}

/// Stops the process, and tells how far that is; INT and TERM are given `patience` each: Keras saves and cleans up
/// after INT. Fails when it goes on; nothing else was done then.
pub(crate) fn stop(
    rebuild: &RebuiltProcess,
    patience: Duration,
    kill: AllowKill,
    mut tell: impl FnMut(StopNews),
) -> anyhow::Result<()> {
    let (key, pid) = (rebuild.key, rebuild.key.pid);
    let family = restart::family(Path::new(PROC), pid);
    let process = StopTarget::of(Path::new(PROC), key).with_context(|| format!("stopping process {pid}"))?;
    let signals = [("INT", Signal::INT, "TERM"), ("TERM", Signal::TERM, "KILL")];
    for (name, signal, next) in signals {
        if signal == Signal::INT && rebuild.ignores_interrupt {
            tell(StopNews::Said(format!("process {pid} ignores SIGINT (as background jobs do)")));
            continue;
        }
        tell(StopNews::Waits(name, Some(next), patience));
        process.signal(signal).with_context(|| format!("sending {name} to process {pid}"))?;
        if process.wait(patience, |left| tell(StopNews::Waits(name, Some(next), left))) {
            ended(&family, tell);
            return Ok(());
        }
    }
    if kill == AllowKill::Never || kill == AllowKill::Ask && !may_kill(key)? {
        anyhow::bail!(
            "process {pid} ignores SIGINT and SIGTERM and keeps running; nothing was started; --kill ends it, without a chance to save"
        );
    }
    tell(StopNews::Waits("KILL", None, LAST_PATIENCE));
    process.signal(Signal::KILL).with_context(|| format!("sending KILL to process {pid}"))?;
    if !process.wait(LAST_PATIENCE, |_| {}) {
        anyhow::bail!("the kernel does not end process {pid} (it may hang in a device); nothing was started");
    }
    ended(&family, tell);
    Ok(())
}

fn may_kill(key: ProcessKey) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    ask(&format!("Process {} keeps running. Kill it? It can't save anything then. [y/N] ", key.pid))
}

/// Tells who is left of its family: they are not signalled.
fn ended(family: &[ProcessKey], mut tell: impl FnMut(StopNews)) {
    let Some((first, others)) = family.split_first() else { return };
    let left: Vec<String> = others
        .iter()
        .filter(|key| process::is_running(Path::new(PROC), **key))
        .map(|key| key.pid.to_string())
        .collect();
    tell(StopNews::Said(format!("process {} has ended", first.pid)));
    if !left.is_empty() {
        tell(StopNews::Said(format!("processes it had started still run: {}", left.join(", "))));
    }
}
