//! The options of `tftop runs`, `compare` and `replay`, and the words of their help.

use clap::{Args, Subcommand};

use crate::commands::args::choices::OutputFormat;
use crate::commands::args::span;
use crate::data::typed_time::TypedTime;

const AFTER_HELP: &str = "\
Examples:
  tftop compare 261120-1930 last           two runs
  tftop compare last@..5m last@5m..        before and after a change, in one recording
  tftop compare mon.tape@14:05..14:10 tue.tape@14:05..14:10
  tftop compare ID1,ID3,ID5 ID2,ID4,ID6    two sides of three runs each
  tftop compare ID1 ID2 --warmup 200 --format markdown

A side is called faster only where the difference is larger than what runs (or, with one run a side, parts of a run) \
differ by themselves, where neighbours took alike, and where the steps are the same kind of step. Otherwise it says that \
no difference is shown, or that there is no ranking, and why. Take three runs a side or more, and let the sides take \
turns.

A side can also be a recording in a file, a watched process, or a span of one: NAME@FROM..TO. Moments are from its begin \
(90s, 1m30s), from its end (-30s) or by the clock in UTC (14:05); without one it is the begin or the end. Where there are no \
steps, as of a process that was only watched, speed is not compared; what is and what isn't, and why, is said, in JSON as \
`comparable`.";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct RunsArgs {
    /// Print JSON (schema tftop.runs/1)
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) what: Option<RunsAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsAction {
    /// Say what a run came to
    Show {
        /// Its name, the beginning of it, or "last"
        #[arg(value_name = "ID")]
        id: String,
        /// How to print it; markdown can be pasted into a pull request
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: OutputFormat,
        /// Short for --format json (schema tftop.run-summary/1)
        #[arg(long, conflicts_with = "format")]
        json: bool,
    },
    /// Remove runs with all their files
    Rm {
        /// Their names, or the beginnings of them
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// Remove all but the newest runs
    Prune {
        /// How many stay, of runs and of watched processes each; without it, as the settings say, else 50
        #[arg(long, value_name = "N")]
        keep: Option<usize>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// A run of `tftop runs`, the beginning of its name, "last", or a samples.tape
    #[arg(value_name = "RUN|FILE")]
    pub(crate) recording: String,
    /// Moment to begin at: from its begin (90s, 1m30s), from its end (-30s), or by the clock in UTC (14:05, 2026-11-20T14:05);
    /// without it, its begin
    #[arg(long, visible_alias = "from", value_name = "TIME", value_parser = span::moment, allow_hyphen_values = true)]
    pub(crate) at: Option<TypedTime>,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct CompareArgs {
    /// One side each: a run by its name, the beginning of it, or "last"; or a file; with @FROM..TO a span of it; repeats are
    /// joined by commas
    #[arg(value_name = "RUN|FILE[@SPAN][,...]", required = true, num_args = 2..)]
    pub(crate) sides: Vec<String>,
    /// Steps to leave out at the begin of each run; without this a tenth of them, and at least 5
    #[arg(long, value_name = "STEPS")]
    pub(crate) warmup: Option<u64>,
    /// How to print it; markdown can be pasted into a pull request
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: OutputFormat,
    /// Short for --format json (schema tftop.compare/1)
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}
