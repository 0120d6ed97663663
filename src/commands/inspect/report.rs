//! `tftop report` and `tftop explain`: watch for a while, print once.

use crate::commands::args::choices::OutputFormat;
use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::{ExplainArgs, ReportArgs, WatchArgs};
use crate::commands::inspect::fail_policy::FailPolicy;
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::target;
use crate::commands::sampling::timed_watch::{WatchResult, watch};
use crate::output;

/// Prints the report that was wished for, and judges it by the policy that was given.
pub(crate) fn report(wish: &ReportArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let policy = wish.fails_on().map(|level| FailPolicy::new(level, wish.watch.time)).transpose()?;
    let seen = watched(&wish.watch, options)?;
    stdio::print(&match wish.format() {
        OutputFormat::Text => output::text(&seen.scene, wish.threads),
        OutputFormat::Json => output::json(&seen.scene)? + "\n",
        OutputFormat::Markdown => output::markdown(&seen.scene),
    })?;
    policy.map_or(Ok(seen.exit()), |policy| policy.exit(&seen.scene, seen.exit()))
}

/// Prints every cause with its answer.
pub(crate) fn explain(wish: &ExplainArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let seen = watched(&wish.watch, options)?;
    stdio::print(&match wish.json {
        true => output::explain_json(&seen.scene)? + "\n",
        false => output::explain(&seen.scene),
    })?;
    Ok(seen.exit())
}

/// Watches as it was wished for.
fn watched(wish: &WatchArgs, options: &GlobalArgs) -> anyhow::Result<WatchResult> {
    if wish.stop && options.read_only {
        return Err(
            CommandError::usage("--stop stops threads, which --read-only forbids: leave one of them out").into()
        );
    }
    let pid = target::find(&wish.target)?;
    watch(pid, wish.time, wish.sample.map(|time| (wish.stop, time)), options)
}
