//! `tftop stack`: what threads are doing right now, down to the last frame, or did when a recording has stacks of them.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::StackArgs;
use crate::commands::inspect::{stack_profile, stack_recorded};
use crate::commands::kept::tape;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::PROC;
use crate::commands::sampling::stack_sampling::{SampledThreads as _, announce_stops, open_reader};
use crate::commands::sampling::target;
use crate::commands::sampling::thread_selection::ThreadSelection;
use crate::data::sample::StackMethod;
use crate::output;
use crate::probe::stack::Stops;

/// Time of all stops of one call: some 400 threads at the quarter of a millisecond that one stop takes mostly.
const STOP_BUDGET: Duration = Duration::from_millis(100);

/// Prints the stacks of the threads that were asked for.
pub(crate) fn stack(args: &StackArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    if args.stop && options.read_only {
        return Err(CommandError::usage("--stop stops threads, which --read-only forbids").into());
    }
    if let Some(recorded) = args.target.as_ref().map_or(Ok(None), tape::named)? {
        return stack_recorded::stack(recorded, args, options);
    }
    if args.at.is_some() {
        return Err(CommandError::usage("--at needs a recording: a run of `tftop runs`, or a samples.tape").into());
    }
    let pid = target::find_or_only(args.target.as_ref())?;
    let threads = ThreadSelection::open(pid, args, options)?;
    let pid = threads.scene().target.pid;
    let mut reader = open_reader(pid, &options.stacks_reading)?;
    if let Some(time) = args.sampling.sample {
        return stack_profile::sample(threads, reader, (args, options), time);
    }
    let stops = match args.stop {
        false => Stops::Never,
        true => {
            announce_stops(pid, &format!("{} ms in all at most", STOP_BUDGET.as_millis()));
            Stops::Allowed { budget: STOP_BUDGET }
        }
    };
    let stacks = reader.take(threads.tids(), stops);
    match args.json {
        true => stdio::print(&(output::stack_json(threads.scene(), &stacks).context("writing JSON")? + "\n"))?,
        false => stdio::print(&output::stack_text(threads.scene(), &stacks, options.page(), args.idle_threads()))?,
    }
    let gone = stacks.stacks.iter().all(|stack| matches!(stack.taken, StackMethod::Not { .. }))
        && !Path::new(PROC).join(pid.to_string()).exists();
    Ok(if gone { Exit::Gone } else { Exit::Clean })
}
