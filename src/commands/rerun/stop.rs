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
use crate::data::ProcessKey;
use crate::data::run::RebuiltProcess;
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
}

/// Stops the process, and says on stderr how far that is; INT and TERM are given `patience` each: Keras saves and cleans up
/// after INT. Fails when it goes on; nothing else was done then.
pub(crate) fn stop(rebuild: &RebuiltProcess, patience: Duration, kill: AllowKill) -> anyhow::Result<()> {
    let (key, pid) = (rebuild.key, rebuild.key.pid);
    let family = restart::family(Path::new(PROC), pid);
    let process = StopTarget::of(Path::new(PROC), key).with_context(|| format!("stopping process {pid}"))?;
    let signals = [("INT", Signal::INT), ("TERM", Signal::TERM)];
    for (name, signal) in signals {
        if signal == Signal::INT && rebuild.ignores_interrupt {
            stdio::say(&format!("tftop: process {pid} ignores INT (as background jobs do)"));
            continue;
        }
        stdio::say(&format!("tftop: {name} is sent to process {pid}; it has {:.0} s to end", patience.as_secs_f64()));
        process.signal(signal).with_context(|| format!("sending {name} to process {pid}"))?;
        if process.wait(patience, |left| waiting(key, left, patience)) {
            return ended(&family);
        }
    }
    if kill == AllowKill::Ask && !may_kill(key)? {
        anyhow::bail!(
            "process {pid} ignores INT and TERM and goes on; nothing was started; --kill ends it, without a chance to save"
        );
    }
    stdio::say(&format!("tftop: KILL is sent to process {pid}"));
    process.signal(Signal::KILL).with_context(|| format!("sending KILL to process {pid}"))?;
    if !process.wait(LAST_PATIENCE, |_| {}) {
        anyhow::bail!("the kernel does not end process {pid} (it may hang in a device); nothing was started");
    }
    ended(&family)
}

fn may_kill(key: ProcessKey) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        return Ok(false);
    }
    ask(&format!("Process {} goes on. Kill it? It can't save anything then. [y/N] ", key.pid))
}

fn waiting(key: ProcessKey, left: Duration, patience: Duration) {
    let left = left.as_secs();
    // The first second needs no words, and each further one would fill the screen.
    if left > 0 && left + 2 < patience.as_secs() && left.is_multiple_of(3) {
        stdio::say(&format!("tftop: process {} still runs; waiting {left} s more", key.pid));
    }
}

/// Says who is left of its family: they are not signalled.
fn ended(family: &[ProcessKey]) -> anyhow::Result<()> {
    let Some((first, others)) = family.split_first() else { return Ok(()) };
    let left: Vec<String> = others
        .iter()
        .filter(|key| process::is_running(Path::new(PROC), **key))
        .map(|key| key.pid.to_string())
        .collect();
    stdio::say(&format!("tftop: process {} has ended", first.pid));
    if !left.is_empty() {
        stdio::say(&format!("tftop: processes it had started still run: {}", left.join(", ")));
    }
    Ok(())
}
