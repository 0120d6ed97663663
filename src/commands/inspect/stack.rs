//! `tftop stack`: what threads are doing right now, down to the last frame.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::StackArgs;
use crate::commands::inspect::stack_profile;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::PROC;
use crate::commands::sampling::target;
use crate::commands::sampling::thread_selection::ThreadSelection;
use crate::data::sample::StackMethod;
use crate::output;
use crate::probe::stack::{StackReader, Stops};

/// Time of all stops of one call: some 400 threads at the quarter of a millisecond that one stop takes mostly.
const STOP_BUDGET: Duration = Duration::from_millis(100);

/// Prints the stacks of the threads that were asked for.
pub(crate) fn stack(wish: &StackArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    if wish.stop && options.read_only {
        return Err(
            CommandError::usage("--stop stops threads, which --read-only forbids: leave one of them out").into()
        );
    }
    let pid = target::find(&wish.target)?;
    let roster = ThreadSelection::open(pid, wish, options)?;
    let pid = roster.scene().target.pid;
    let mut reader = StackReader::attach(Path::new(PROC), pid).map_err(|error| CommandError::stacks(pid, &error))?;
    if let Some(time) = wish.sampling.sample {
        return stack_profile::sample(roster, reader, wish, time);
    }
    let stops = match wish.stop {
        false => Stops::Never,
        true => {
            stdio::say(&format!(
                "tftop: stopping threads of {pid} whose stack can't be read otherwise, one at a time, {} ms in all at most",
                STOP_BUDGET.as_millis()
            ));
            Stops::Allowed { budget: STOP_BUDGET }
        }
    };
    let stacks = reader.take(roster.tids(), stops);
    match wish.json {
        true => stdio::print(&(output::stack_json(roster.scene(), &stacks).context("writing JSON")? + "\n"))?,
        false => stdio::print(&output::stack_text(roster.scene(), &stacks))?,
    }
    let gone = stacks.stacks.iter().all(|stack| matches!(stack.taken, StackMethod::Not { .. }))
        && !Path::new(PROC).join(pid.to_string()).exists();
    Ok(if gone { Exit::Gone } else { Exit::Clean })
}
