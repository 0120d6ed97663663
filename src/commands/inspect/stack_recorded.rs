//! `tftop stack` of a recording: the stacks that were last taken at a moment of it or before it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::StackArgs;
use crate::commands::kept::{moments, tape};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::families;
use crate::commands::sampling::thread_selection::{chosen, no_threads};
use crate::commands::workers::past_stacks::none_of;
use crate::output;
use crate::runs::history::live_stacks::last_stacks;
use crate::runs::recorded::Recorded;

/// Prints them, of the threads that were asked for: without --at those at the end of the recording.
pub(crate) fn stack(mut recorded: Recorded, args: &StackArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    if args.stop || args.sampling.sample.is_some() {
        return Err(CommandError::usage("--stop and --sample are about a live process: this is a recording").into());
    }
    let at = args.at.map_or(Ok(recorded.length()), |at| moments::moment(&recorded, "--at", at))?;
    // Who the threads are is the same however long they were watched.
    let scene = recorded.judged(at, Duration::ZERO, families(options)?);
    let scene = scene.map_err(|why| tape::unreadable(recorded.name(), &why))?;
    let tids = chosen(&scene, args);
    if tids.is_empty() {
        return Err(CommandError::not_found(no_threads(&scene, args)).into());
    }
    let mut taken = recorded.stacks_before(scene.at_ns);
    let past = last_stacks(&scene, &tids, taken.by_ref().map(Arc::new));
    if let Some(why) = taken.trouble() {
        stdio::say(&format!("tftop: some stacks can't be read: {why}"));
    }
    let found: usize = past.iter().map(|past| past.stacks.stacks.len()).sum();
    if let Some(missing) = none_of(found, tids.len()) {
        if found == 0 {
            return Err(CommandError::not_found(missing).into());
        }
        stdio::say(&format!("tftop: {missing}"));
    }
    let aged: Vec<_> = past.into_iter().map(|past| (past.age_ns as f64 / 1e9, past.stacks)).collect();
    stdio::print(&match args.json {
        true => output::past_stacks_json(&scene, &aged).context("writing JSON")? + "\n",
        false => output::past_stacks_text(&scene, &aged, options.page(), args.idle_threads()),
    })?;
    Ok(if recorded.is_broken() { Exit::Broken } else { Exit::Clean })
}
