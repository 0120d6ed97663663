//! `tftop report` and `tftop explain`: watch for a while, or judge a moment of a recording; print once.

use crate::commands::args::choices::OutputFormat;
use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::{ExplainArgs, ReportArgs, WatchArgs};
use crate::commands::args::span::MomentArgs;
use crate::commands::args::target::TargetArg;
use crate::commands::inspect::fail_policy::FailPolicy;
use crate::commands::kept::moments::MomentChoice;
use crate::commands::kept::{lookup, moments, tape};
use crate::commands::own_process::exit::{CommandError, Exit};
use crate::commands::own_process::stdio;
use crate::commands::sampling::attach::families;
use crate::commands::sampling::target;
use crate::commands::sampling::timed_watch::{WatchResult, watch};
use crate::data::scene::PastPredictions;
use crate::output;
use crate::present::run_summary::command as run_command;
use crate::runs::predictions;

/// Summaries that are opened at most: the newest.
const MOST_OPENED: usize = 50;

/// Prints the report that was wished for, and judges it by the policy that was given.
pub(crate) fn report(args: &ReportArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let policy = args.fails_on().map(|level| FailPolicy::new(level, args.watch.time)).transpose()?;
    let mut seen = watched(&args.watch, options)?;
    seen.remember(past_predictions(&seen.scene.target.command));
    stdio::print(&match args.format() {
        OutputFormat::Text => output::text(&seen.scene, args.detail(), options.page()),
        OutputFormat::Json => output::json(&seen.scene)? + "\n",
        OutputFormat::Markdown => output::markdown(&seen.scene),
    })?;
    policy.map_or(Ok(seen.exit()), |policy| policy.exit(&seen.scene, seen.exit()))
}

/// Prints every cause with its answer.
pub(crate) fn explain(args: &ExplainArgs, options: &GlobalArgs) -> anyhow::Result<Exit> {
    let seen = watched(&args.watch, options)?;
    stdio::print(&match args.json {
        true => output::explain_json(&seen.scene)? + "\n",
        false => output::explain(&seen.scene, options.page()),
    })?;
    Ok(seen.exit())
}

/// How good predictions for this command were, by its newest runs that had one. That runs can't be read is no reason not to
/// report.
fn past_predictions(command: &str) -> Option<PastPredictions> {
    let kept = lookup::store().ok()?.list().ok()?;
    let same = kept.iter().filter(|kept| kept.fact.predicted.is_some() && run_command(&kept.fact) == command);
    let summaries: Vec<_> = same.take(MOST_OPENED).filter_map(|kept| lookup::stored(kept).ok()).collect();
    predictions::past(summaries.iter())
}

/// Watches as it was wished for, or judges what was recorded.
fn watched(args: &WatchArgs, options: &GlobalArgs) -> anyhow::Result<WatchResult> {
    if args.stop && options.read_only {
        return Err(CommandError::usage("--stop stops threads, which --read-only forbids").into());
    }
    if let Some(mut recorded) = args.target.as_ref().map_or(Ok(None), tape::named)? {
        if args.sample.is_some() {
            return Err(CommandError::usage("--sample needs a live process; a recording has no stacks").into());
        }
        let families = families(options)?;
        let judged = match moments::chosen(&recorded, &args.moment)? {
            MomentChoice::Unsaid => recorded.judged(recorded.length(), args.time, families),
            MomentChoice::Moment(at) => recorded.judged(at, args.time, families),
            MomentChoice::Span(span) => recorded.judged_span(span, families),
        };
        let scene = judged
            .map_err(|why| tape::unreadable(&args.target.as_ref().map_or_else(String::new, TargetArg::words), &why))?;
        return Ok(WatchResult::recorded(scene, recorded.is_broken()));
    }
    if args.moment != MomentArgs::default() {
        return Err(CommandError::usage(
            "--at, --from and --to need a recording: a run of `tftop runs`, or a samples.tape",
        )
        .into());
    }
    let pid = target::find_or_only(args.target.as_ref())?;
    watch(pid, args.time, args.sample.map(|time| (args.stop, time)), options)
}
