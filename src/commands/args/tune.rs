//! The options of `tftop tune`, and the words of its help.

use std::ffi::OsString;
use std::time::Duration;

use clap::Args;

use crate::commands::args::span;

const AFTER_HELP: &str = "\
Examples:
  tftop tune -- python train.py
  tftop tune --minutes 10 -- python train.py
  tftop tune --copies -- python train.py      for a script of which several may run at once

The script is started without caps first and watched: what is advised for it is a candidate, and so are pools of one \
thread a CPU, an intra-op pool of one, an inter-op pool of one and both, and the best of these with a BLAS or OpenMP team \
of one where such a pool works. They race: each is run once, those that are shown to be slower than the fastest drop out, \
the others are run again, in random order, up to three runs each. A run is stopped (SIGINT, then SIGTERM, then SIGKILL) \
once it has done its steps; what the script writes may be overwritten.

With --copies each candidate is started once and stays: all but one are stopped (SIGSTOP), and they take turns of some \
seconds. That takes about a minute instead of several, and start-up and drift of the machine stand between no two turns. \
It needs memory for all copies, and a script that bears them: its own port, lock or output file it shares with them.

Step times come from Keras's fit, from loops over a dataset's iterator and from Session.run; a script without any of \
them can't be tuned. `tftop sweep` tries every combination of values that you give.

Exit codes: 0 it ended with an answer, \"no difference shown\" among them; 1 nothing could be measured; 130 after Ctrl-C.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct TuneArgs {
    /// Begin no further run after so long: 10, 10m, 1h30m; a number alone is of minutes
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = span::minutes)]
    minutes: Duration,
    /// Steps at the beginning of each run that are not counted
    #[arg(long, value_name = "N", default_value = "50")]
    pub(crate) warmup: u64,
    /// Steps that are measured, at least
    #[arg(long, value_name = "N", default_value = "200", value_parser = clap::value_parser!(u64).range(20..))]
    pub(crate) steps: u64,
    /// Shortest time that is measured, however fast the steps: shorter runs can't be told apart
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = span::watch)]
    pub(crate) least: Duration,
    /// Longest time of one run; without its steps by then it has failed
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = span::watch)]
    limit: Duration,
    /// Start a copy for each candidate and let them take turns, all but one stopped
    #[arg(long)]
    pub(crate) copies: bool,
    /// Seed of the random order; without one, it is chosen and shown
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// What to start
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
