//! The command line: what may be asked for, and the words of --help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::commands::args::export::ExportArgs;
use crate::commands::args::generate::CompletionShell;
use crate::commands::args::global::GlobalArgs;
use crate::commands::args::inspect::{ExplainArgs, RecordArgs, ReportArgs, StackArgs};
use crate::commands::args::kept::{CompareArgs, ReplayArgs, RunsArgs};
use crate::commands::args::rerun::RerunArgs;
use crate::commands::args::run::{ExecArgs, RunArgs};
use crate::commands::args::span;
use crate::commands::args::sweep::SweepArgs;
use crate::commands::args::target::{TargetArg, pid, target};
use crate::commands::args::tune::TuneArgs;
use crate::data::Pid;
use crate::launch::exec_wrapper;

const AFTER_HELP: &str = "\
Examples:
  tftop demo                          watch a small training run; no TensorFlow needed
  tftop                               pick one of this machine's processes of TensorFlow, JAX, PyTorch
  tftop attach train.py               attach by a part of the command line
  tftop report 2430                   the verdict, the limits and what to change, as text
  tftop report 2430 --fail-on severe  a policy for a job template or CI
  tftop report last --at 1m30s        the same of a recording: a run of `tftop runs`, or a file
  tftop record --wait train.py        record it from its start on, for `tftop replay last`
  tftop explain 2430                  every cause: found, ruled out, or why it can't be told
  tftop doctor 2430                   what may be read of it, and what would help
  tftop stack 2430                    what its threads are doing, without stopping them
  tftop run --cpus 2 -- python x.py   start it on 2 CPUs with every pool capped
  tftop rerun 2430 --advised          stop it and start it again with the caps that are advised; asks first

Exit codes:
  0  clean
  1  any other error: no recording, or a broken one; --fail-on was stopped before a verdict
  2  wrong usage
  3  target not found, or it ended before the report was complete
  4  no permission; a report is still printed, without the threads' own names
  8  the verdict or a cause found is at or above --fail-on
  `tftop run` and `rerun` end with the code of their command

tftop only reads: it never stops, signals or changes a process that it did not start itself,
but for two things that you ask for; --read-only refuses both:
  stops     `stack`, `report` and `explain` with --stop, and `S` and `m` in the dashboard, after
            a yes, stop threads one at a time, each for a moment
  signals   `rerun`, and `r` in the dashboard, end a process after a yes (or --yes)";

const COMPLETIONS_HELP: &str = "\
Load it from the shell's start file, so that it fits the tftop that is installed:
  bash  source <(tftop completions bash)
  zsh   source <(tftop completions zsh)
  fish  tftop completions fish | source
  elvish  eval (tftop completions elvish | slurp)";

/// htop for TensorFlow's threads: the true origin of every thread, what it gets, waits for and wants.
#[derive(Debug, Parser)]
#[command(name = "tftop", version, after_help = AFTER_HELP, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Process to watch; without one, tftop lets you pick
    #[arg(value_parser = pid)]
    pub(crate) pid: Option<Pid>,
    /// Keep nothing of the process that is watched
    #[arg(long)]
    pub(crate) no_record: bool,
    #[command(flatten)]
    pub(crate) options: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch a process, by its pid or a part of its command line
    Attach {
        /// Pid, or a part of the command line
        #[arg(value_name = "PID|NAME", value_parser = target)]
        target: TargetArg,
        /// Keep nothing of the process that is watched
        #[arg(long)]
        no_record: bool,
    },
    /// Record a process without a screen, for `replay`, `report`, `explain` and `export`
    Record(RecordArgs),
    /// List this machine's processes of TensorFlow, JAX and PyTorch
    Ps {
        /// Print JSON (schema tftop.ps/1)
        #[arg(long)]
        json: bool,
    },
    /// Watch a process or read a recording; print the verdict, its limits and what was seen
    Report(ReportArgs),
    /// Go through every cause of too many threads: found, ruled out, too soon or can't tell
    Explain(ExplainArgs),
    /// Say what tftop may read here, and what would show more
    Doctor {
        /// Process to ask about; without one, tftop itself
        #[arg(value_parser = pid)]
        pid: Option<Pid>,
    },
    /// Print what threads are doing right now: their stacks
    Stack(StackArgs),
    /// Watch a small training run that ends when you quit
    Demo(DemoArgs),
    /// Start a command with thread caps, watch it, and say whether they held
    Run(Box<RunArgs>),
    /// Stop a process and start it again with thread caps: same command, environment and folder
    Rerun(Box<RerunArgs>),
    /// List the runs and watched processes that were kept; show or remove them
    Runs(RunsArgs),
    /// Play what was recorded of a run or a watched process, in the dashboard
    Replay(ReplayArgs),
    /// Try many caps on a script, and rank what can be told apart
    Sweep(Box<SweepArgs>),
    /// Find caps for a script by a race of a few candidates
    Tune(Box<TuneArgs>),
    /// Compare runs that were kept: medians, spread, and a winner only where there is one
    Compare(CompareArgs),
    /// Write what was recorded of a run as CSV, JSON lines, a trace, a page or a picture
    Export(ExportArgs),
    /// Print a completion script for a shell; it completes pids, runs and origins, too
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// Which shell
        #[arg(value_name = "SHELL")]
        shell: CompletionShell,
    },
    /// Print the manual page
    Man {
        /// Write one for each subcommand into this folder instead
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
    /// What `run` starts first: it becomes the command
    #[command(name = exec_wrapper::SUBCOMMAND, hide = true)]
    Stage(ExecArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Give TensorFlow many times more threads than there are CPUs
    #[arg(long)]
    pub(crate) contended: bool,
    /// Python to use; without TensorFlow, one is installed beside it, in a cache folder
    #[arg(long, value_name = "PATH", default_value = "python3")]
    pub(crate) python: PathBuf,
    /// How long to watch where stdout is not a terminal
    #[arg(long = "for", value_name = "TIME", default_value = "15s", value_parser = span::watch)]
    pub(crate) watch: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::args::inspect::DEFAULT_WATCH;
    use crate::model::verdict::levels::JUDGED_S;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn digits_are_a_pid_and_anything_else_a_name() {
        assert_eq!(target("2430"), Ok(TargetArg::Pid(Pid(2430))));
        assert_eq!(target("train.py"), Ok(TargetArg::Name("train.py".to_owned())));
        for bad in ["", "0", "99999999999"] {
            assert!(target(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_watch_is_long_enough_for_a_verdict_unless_told_otherwise() {
        for subcommand in ["report", "explain"] {
            let cli = Cli::try_parse_from(["tftop", subcommand, "2430"]).unwrap();
            let (Some(Command::Report(ReportArgs { watch, .. })) | Some(Command::Explain(ExplainArgs { watch, .. }))) =
                cli.command
            else {
                panic!("{subcommand}")
            };
            assert_eq!(watch.time, DEFAULT_WATCH);
            assert!(watch.time.as_secs_f64() > JUDGED_S);
        }
    }

    #[test]
    fn a_pid_alone_and_options_on_either_side_are_understood() {
        let cli = Cli::try_parse_from(["tftop", "2430", "--interval", "500ms"]).unwrap();
        assert_eq!((cli.pid, cli.options.interval), (Some(Pid(2430)), Duration::from_millis(500)));
        let cli = Cli::try_parse_from(["tftop", "--no-children", "report", "2430", "--for", "1m"]).unwrap();
        assert!(cli.options.no_children);
        assert!(matches!(cli.command, Some(Command::Report(args))
                if args.watch.time.as_secs() == 60 && args.watch.target == TargetArg::Pid(Pid(2430))));
    }
}
