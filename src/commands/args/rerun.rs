//! The options of `tftop rerun`, and the words of its help.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::commands::args::run::RunOptions;
use crate::commands::args::span;
use crate::commands::args::target::{TargetArg, target};

const AFTER_HELP: &str = "\
Examples:
  tftop rerun 2430 --dry-run              what would be the same, what would change, what would be lost
  tftop rerun 2430 --advised              watch it, then ask to start it again with the caps that are advised
  tftop rerun train.py --cpus 2 --yes     ask nothing

The command line, the environment and the folder are those of the process's start, as the kernel still has them; nothing of \
the environment is stored or shown but thread settings. The process is stopped as by Ctrl-C (INT), then by TERM; KILL \
needs another yes, or --kill. Only when it has ended is the new run started, as by `tftop run`. Outputs of the old run, \
checkpoints and logs, may be overwritten.

With --force, doubts do not count either (a part of a larger job, a service of systemd, a file that is another one by \
now), and numbers beyond the machine are accepted.

What can't be rebuilt is refused: programs typed in or read from stdin, notebooks, workers of another program, processes \
of another user or in a container, files that are gone.

Exit codes: as for `tftop run`; 3 if there is no such process, 4 if it may not be read.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct RerunArgs {
    /// Pid, or a part of the command line
    #[arg(value_name = "PID|NAME", value_parser = target)]
    pub(crate) target: TargetArg,
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// Watch it first, and use the caps that are advised where none is named
    #[arg(long, help_heading = "Caps")]
    pub(crate) advised: bool,
    /// How long to watch with --advised: 5, 5s, 500ms, 2m; a verdict takes 10 s
    #[arg(long = "for", value_name = "TIME", default_value = "12s", value_parser = span::watch, help_heading = "Caps")]
    pub(crate) time: Duration,
    /// Start it in this folder
    #[arg(long, value_name = "FOLDER", help_heading = "Running")]
    pub(crate) dir: Option<PathBuf>,
    /// Leave the old process alone: the new run shares the CPUs and the outputs with it
    #[arg(long, help_heading = "Running")]
    pub(crate) keep_old: bool,
    /// How long INT and then TERM are given to end it
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = span::watch, help_heading = "Running")]
    pub(crate) patience: Duration,
    /// Use KILL without asking again where INT and TERM do not end it
    #[arg(long, conflicts_with = "keep_old", help_heading = "Running")]
    pub(crate) kill: bool,
    /// Ask nothing
    #[arg(long, help_heading = "Running")]
    pub(crate) yes: bool,
}
