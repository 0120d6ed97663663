//! The options of `tftop runs`, `compare` and `replay`, and the words of their help.

use clap::{Args, Subcommand};

use crate::commands::args::choices::OutputFormat;
use crate::commands::args::span;
use crate::data::time::typed_time::TypedTime;

const AFTER_HELP: &str = "\
Examples:
  tftop compare 261120-1930 last           two runs
  tftop compare last@..5m last@5m..        before and after a change, in one recording
  tftop compare mon.tape@14:05..14:10 tue.tape@14:05..14:10
  tftop compare ID1,ID3,ID5 ID2,ID4,ID6    two sides of three runs each
  tftop compare ID1 ID2 --warmup 200 --format markdown

The oldest side is A, the next B. A side is called faster only if the difference exceeds the spread of the runs (with one \
run a side, of its parts), neighbours took about as much CPU time, and both made the same kind of step. Otherwise the answer \
is that no difference is shown, or that the sides can't be ranked, and why. Three runs a side or more, taking turns, are \
good evidence.

A side can also be a recording in a file, a watched process, or a span: NAME@FROM..TO. Times count from its start (90s, \
1m30s), from its end (-30s) or are UTC clock times (14:05); an open end is the recording's. Without steps, as of a process \
that was only watched, speed is not compared; `comparable` says in JSON what is.";

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
    /// Show one run
    Show {
        /// Its id, a prefix of it, or "last"
        #[arg(value_name = "ID")]
        id: String,
        /// Output format; markdown is made to be pasted into a pull request
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: OutputFormat,
        /// Short for --format json (schema tftop.run-summary/1)
        #[arg(long, conflicts_with = "format")]
        json: bool,
    },
    /// Remove runs with all their files
    Rm {
        /// Their ids, or prefixes of them
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
    },
    /// Remove all but the newest runs
    Prune {
        /// How many to keep, of runs and of watched processes each [default: the settings file's, else 50]
        #[arg(long, value_name = "N")]
        keep: Option<usize>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// A run by its id, a prefix of it, or "last"; or a samples.tape
    #[arg(value_name = "RUN|FILE")]
    pub(crate) recording: String,
    /// Where to start: 90s or 1m30s from its start, -30s from its end, or 14:05 UTC
    #[arg(long, visible_alias = "from", value_name = "TIME", value_parser = span::moment, allow_hyphen_values = true)]
    pub(crate) at: Option<TypedTime>,
}

#[derive(Debug, Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct CompareArgs {
    /// One side each: a run by its id, a prefix of it, or "last"; or a samples.tape
    ///
    /// With @FROM..TO only a span of it. Repeats of one side are joined by commas.
    #[arg(value_name = "RUN|FILE[@SPAN][,...]", required = true, num_args = 2..)]
    pub(crate) sides: Vec<String>,
    /// Warm-up steps to leave out of each run [default: a tenth, at least 5]
    #[arg(long, value_name = "STEPS")]
    pub(crate) warmup: Option<u64>,
    /// Output format; markdown is made to be pasted into a pull request
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: OutputFormat,
    /// Short for --format json (schema tftop.compare/1)
    #[arg(long, conflicts_with = "format")]
    pub(crate) json: bool,
}
