//! The options of `tftop rerun`, and the words of its help.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::commands::args::run::RunOptions;
use crate::commands::args::span;
use crate::commands::args::target::{TargetArg, target};

const AFTER_HELP: &str = "\
Examples:
  tftop rerun 2430 --dry-run              what stays, what changes, what is lost
  tftop rerun 2430 --advised              watch it, then restart it with the advised caps
  tftop rerun train.py --cpus 2 --yes     without a question

Command line, environment and working directory are those of the process's start, as the kernel still has them; of the \
environment, only thread settings are stored or shown. The process gets SIGINT, then SIGTERM; SIGKILL takes another yes, or \
--kill. The new run starts, as by `tftop run`, once the old one has ended. Checkpoints and logs of the old run may be \
overwritten.

--force also overrides doubts (part of a larger job, a systemd service, a file that has changed since) and limits of the \
machine.

Refused is what can't be rebuilt: programs typed in or read from stdin, notebooks, workers of another program, processes of \
another user or in a container, deleted files.

Exit codes: as for `tftop run`; 3 if there is no such process, 4 if it can't be read.";

#[derive(Debug, Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct RerunArgs {
    /// Pid, or a part of the command line
    #[arg(value_name = "PID|NAME", value_parser = target)]
    pub(crate) target: TargetArg,
    #[command(flatten)]
    pub(crate) run: RunOptions,
    /// Watch it first, and use the advised caps where none is given
    #[arg(long, help_heading = "Caps")]
    pub(crate) advised: bool,
    /// How long to watch with --advised: 5, 5s, 500ms, 2m; a verdict takes 10 s
    #[arg(long = "for", value_name = "TIME", default_value = "12s", value_parser = span::watch, help_heading = "Caps")]
    pub(crate) time: Duration,
    /// Start it in this directory
    #[arg(long, value_name = "DIR", help_heading = "Running")]
    pub(crate) dir: Option<PathBuf>,
    /// Keep the old process running: both share CPUs and output files
    #[arg(long, help_heading = "Running")]
    pub(crate) keep_old: bool,
    /// How long to wait after SIGINT, and again after SIGTERM
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = span::watch, help_heading = "Running")]
    pub(crate) patience: Duration,
    /// Send SIGKILL without asking if SIGINT and SIGTERM do not end it
    #[arg(long, conflicts_with = "keep_old", help_heading = "Running")]
    pub(crate) kill: bool,
    /// Don't ask
    #[arg(long, help_heading = "Running")]
    pub(crate) yes: bool,
}
