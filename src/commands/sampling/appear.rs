//! Waiting for a process that is not there yet.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::commands::args::target::TargetArg;
use crate::commands::own_process::exit::CommandError;
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::PROC;
use crate::commands::sampling::target;
use crate::data::Pid;
use crate::linux::proc::process::start_ticks;
use crate::present::format;

/// How often processes are gone through for one that does not exist yet; less often where that takes long, so that it costs about
/// one part in so many of a CPU. Never more seldom than that: on a busy machine it takes long without costing much, and somebody
/// waits.
const LOOKED_FOR_EVERY: Duration = Duration::from_secs(1);
const LOOKED_FOR_SHARE: u32 = 100;
const LOOKED_FOR_AT_LEAST: Duration = Duration::from_secs(4);

/// Waits for a process of this name, or with it in its command line.
pub(crate) async fn appears(name: &str) -> Pid {
    stdio::say(&format!("tftop: waiting for a process named {}; Ctrl-C to stop", format::clean(name)));
    found(name).await
}

/// Waits for the next process of a command that has ended.
pub(crate) async fn starts_again(command: &str) -> Pid {
    stdio::say(&format!("tftop: waiting for the next start of {}; Ctrl-C to stop", format::clean(command)));
    found(command).await
}

async fn found(name: &str) -> Pid {
    let mut told = false;
    loop {
        let begun = Instant::now();
        match target::find(&TargetArg::Name(name.to_owned())) {
            // One that has ended has its name until its parent takes note of it.
            Ok(pid) if start_ticks(Path::new(PROC), pid).is_some() => return pid,
            Err(why) if !told && !is_not_found(&why) => {
                told = true;
                stdio::complain(&why);
            }
            _ => {}
        }
        let pause = (begun.elapsed() * LOOKED_FOR_SHARE).clamp(LOOKED_FOR_EVERY, LOOKED_FOR_AT_LEAST);
        tokio::time::sleep(pause).await;
    }
}

fn is_not_found(why: &anyhow::Error) -> bool {
    why.downcast_ref::<CommandError>().is_some_and(CommandError::is_not_found)
}
