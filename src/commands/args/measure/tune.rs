//! The options of `tftop tune`, and the words of its help.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;

use crate::commands::args::span;

const AFTER_HELP: &str = "\
Examples:
  tftop tune -- python train.py
  tftop tune --minutes 10 -- python train.py
  tftop tune --copies -- python train.py      if several copies may run at once

The script first runs without caps. Candidates are the caps advised for it, pools of one thread per CPU, one intra-op \
thread, one inter-op thread, both, and the best of these with one BLAS or OpenMP thread where such a pool is busy. Each is \
run once; those shown to be slower than the fastest drop out, the others run again in random order, up to three runs each. A \
run is stopped (SIGINT, SIGTERM, then SIGKILL) once it has done its steps; the script may overwrite its files.

With --copies each candidate is started once, and all but one are paused (SIGSTOP) while they take turns of a few seconds. \
Turns of one round are compared with one another, so that neither start-up nor a machine whose speed changes falls between them. \
Up to 40 turns each tell differences of a few percent in minutes. It needs \
memory for all copies, and a script whose copies don't conflict over a port, a lock or a file.

Step times come from Keras's fit, loops over a dataset's iterator, and Session.run; without any of them there is nothing to \
measure. `tftop sweep` measures every combination of values that you give.

Exit codes: 0 it ended with an answer, also with \"no difference shown\"; 1 nothing could be measured; 130 after Ctrl-C.";

#[derive(Debug, Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct TuneArgs {
    /// Start no run after so long: 10, 10m, 1h30m; a plain number is minutes
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = span::minutes)]
    minutes: Duration,
    /// Warm-up steps of each run, not counted
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) warmup: u64,
    /// Minimum number of steps to measure
    #[arg(long, value_name = "N", default_value = "200", value_parser = clap::value_parser!(u64).range(20..))]
    pub(crate) steps: u64,
    /// Minimum time to measure
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = span::watch)]
    pub(crate) least: Duration,
    /// Time limit of one run
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = span::watch)]
    limit: Duration,
    /// Start one copy per candidate and let them take turns
    #[arg(long)]
    pub(crate) copies: bool,
    /// Seed of the random order [default: random, printed]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Command to start
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl TuneArgs {
    /// How long runs may begin.
    pub(crate) fn time(&self) -> Duration {
        self.minutes
    }

    /// How long one run may take: one that makes no steps does not outlast the race.
    pub(crate) fn run_limit(&self) -> Duration {
        self.limit.min(self.time())
    }
}
