//! A command that looks once ends when a process holds it up in the kernel: nobody has to end it by hand.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::linux::patience::{GLANCE, ThreadProgress};
use crate::probe::reading::Reading;

/// For how long nothing may come of what is being read.
const LONGEST: Duration = Duration::from_secs(5);

/// Does a command's work on a thread of its own.
///
/// # Errors
/// The work's own; or that what it reads has not come for [`LONGEST`]: then it is left behind, and this process should end.
pub(crate) fn unless_held_up(
    options: &GlobalArgs,
    work: impl FnOnce(&GlobalArgs) -> anyhow::Result<Exit> + Send + 'static,
) -> anyhow::Result<Exit> {
    let mut readings = [&options.reading, &options.stacks_reading].map(|reading| (reading, None));
    let (send, done) = sync_channel(1);
    let options = options.clone();
    // Refused only where this process ends without it.
    let work = move || drop(send.send(work(&options)));
    thread::Builder::new().name("tftop-command".to_owned()).spawn(work).context("starting the command's thread")?;
    loop {
        match done.recv_timeout(GLANCE) {
            Ok(ended) => return ended,
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the command's thread ended: this is a bug in tftop"),
            Err(RecvTimeoutError::Timeout) => {}
        }
        for (reading, progress) in &mut readings {
            if held_up(reading, progress) >= LONGEST {
                return Err(CommandError::held_up(reading.words().as_deref(), LONGEST).into());
            }
        }
    }
}

/// For how long whoever reads has slept over it.
fn held_up(reading: &Reading, progress: &mut Option<ThreadProgress>) -> Duration {
    let Some(tid) = reading.by() else {
        *progress = None;
        return Duration::ZERO;
    };
    if progress.as_ref().is_none_or(|progress| progress.tid() != tid) {
        *progress = Some(ThreadProgress::new(tid));
    }
    progress.as_mut().map_or(Duration::ZERO, ThreadProgress::held_up)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use clap::Parser as _;

    use super::*;
    use crate::commands::args::cli::Cli;
    use crate::data::Pid;
    use crate::probe::reading::ReadingPart;

    #[test]
    fn who_is_held_up_while_he_reads_is_left_behind_and_who_waits_otherwise_is_not() {
        let options = Cli::try_parse_from(["tftop", "ps"]).unwrap().options;
        let (_open, held) = channel::<()>();
        let stuck = unless_held_up(&options, move |options| {
            options.reading.begin(Pid(7), ReadingPart::Memory);
            let _ = held.recv();
            Ok(Exit::Clean)
        });
        let why = stuck.unwrap_err().to_string();
        assert!(why.contains("memory of 7") && why.contains("5 s"), "{why}");
        options.reading.end();
        let waits = unless_held_up(&options, |_| {
            thread::sleep(LONGEST + Duration::from_millis(500));
            Ok(Exit::Partial)
        });
        assert_eq!(waits.unwrap(), Exit::Partial);
    }
}
